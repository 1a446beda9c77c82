"""What configs and a call's parameters are to the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional

import numpy as np

from ..._errors import InvalidArgumentError
from . import configs
from ._inputs import Inputs

# By class of a config the method, its option, and the config's field. By name, since those of
# Google's package serve too.
_METHODS = {
    "IntegratedGradientsConfig": ("integrated-gradients", "steps", "step_count"),
    "SampledShapleyConfig": ("sampled-shapley", "paths", "path_count"),
    "XraiConfig": ("xrai", "steps", "step_count"),
}


def options_of(config: Any, place: str = "config") -> dict[str, Any]:
    """The method and its settings.

    Raises:
        InvalidArgumentError: It is no config.
    """
    for base in type(config).__mro__:
        if base.__name__ in _METHODS:
            method, option, field = _METHODS[base.__name__]
            return {"method": method, option: getattr(config, field)}
    raise InvalidArgumentError(
        f"{place}: expected one of {', '.join(_METHODS)}, got {type(config).__name__}"
    )


def changed(options: dict[str, Any], config: configs.AttributionConfig | None) -> dict[str, Any]:
    """Options with the settings of another config of the same method.

    Raises:
        InvalidArgumentError: It is of another method.
    """
    if config is None:
        return options
    found = options_of(config, "attribution_config")
    if found["method"] != options["method"]:
        raise InvalidArgumentError(
            f"attribution_config: expected settings of {options['method']}, with which the model "
            f"was loaded, got those of {found['method']}; load it again"
        )
    return found


# (labels, None for those of the highest scores; places of the instances that want them)
Group = tuple[Optional[list[Any]], list[int]]


def by_labels(label_indices: Sequence[Any] | None, count: int) -> list[Group]:
    """Which labels to explain of which of `count` instances.

    Raises:
        InvalidArgumentError: They are lists, and not one for each instance.
    """
    if count == 0:
        return []
    given = label_indices.tolist() if isinstance(label_indices, np.ndarray) else label_indices or []
    lists = [isinstance(one, list) for one in given]
    if not any(lists):
        return [(_numbers(given), list(range(count)))]
    if not all(lists) or len(lists) != count:
        raise InvalidArgumentError(
            f"label_indices: expected labels, or a list of labels for each of {count} instances, "
            f"got {len(lists)} entries, {sum(lists)} of them lists"
        )
    groups: dict[str, Group] = {}
    for place, labels in enumerate(given):
        numbers = _numbers(labels)
        groups.setdefault(str(numbers), (numbers, []))[1].append(place)
    return list(groups.values())


def _numbers(labels: Sequence[Any]) -> list[Any] | None:
    """As output_indices takes them: a number, or a list of them, for each label."""
    numbers: list[Any] = np.asarray(labels).tolist()
    return numbers or None


def baselines_of(
    given: Sequence[Any], inputs: Inputs, preprocess: Callable[[Any], dict[str, Any]]
) -> dict[str, tuple[Any, ...]]:
    """By input the baselines to average over.

    Args:
        given: Instances, or objects by the explained inputs.
        inputs: The explained inputs.
        preprocess: Makes an instance an object by the explained inputs' keys.

    Raises:
        InvalidArgumentError: One is neither, or has not the inputs of the first.
    """
    rows = [_baseline(f"baselines[{i}]", one, inputs, preprocess) for i, one in enumerate(given)]
    for i, row in enumerate(rows):
        if row.keys() != rows[0].keys():
            raise InvalidArgumentError(
                f"baselines[{i}]: expected the inputs of baselines[0], {', '.join(rows[0])}, got "
                f"{', '.join(row) or 'none'}"
            )
    return {name: tuple(row[name] for row in rows) for name in rows[0]}


def _baseline(
    place: str, given: Any, inputs: Inputs, preprocess: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """One, by the names that attributions have."""
    keys = set(given) if isinstance(given, Mapping) else None
    has_preprocess = inputs.preprocess is not None
    is_by_input = keys is not None and keys <= set(inputs.names)
    if has_preprocess and (keys is None or not is_by_input or keys <= inputs.raw_keys):
        given = preprocess(given)
    elif keys is None and len(inputs.keys) == 1:
        given = {inputs.keys[0]: given}
    elif not is_by_input:
        found = type(given).__name__ if keys is None else ", ".join(given)
        raise InvalidArgumentError(
            f"{place}: expected an object by input, of {', '.join(inputs.keys)}, got {found}"
        )
    return {inputs.names.get(name, name): value for name, value in given.items()}
