"""SavedModelMetadataBuilder, for SavedModels of TensorFlow 1 and 2."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InvalidArgumentError
from .._model import METADATA_FILE, load
from ._parameters import DomainInfo, VisualizationParameters

_TAG = "explainable_ai_sdk"
# The services' limit.
_MOST_BASELINES = 10

# Fields of an input, in the order in which the SDK writes them.
_FIELDS = (
    "visualization",
    "input_tensor_name",
    "encoding",
    "modality",
    "domain",
    "input_baselines",
    "index_feature_mapping",
    "encoded_tensor_name",
    "encoded_baselines",
)
_NEED_MAPPING = ("bag_of_features", "bag_of_features_sparse", "indicator")
_ENCODINGS = ("identity", *_NEED_MAPPING, "combined_embedding", "concat_embedding")


class _NoSignatureError(InvalidArgumentError, KeyError):
    """The SDK's builders raise KeyError (TensorFlow 2) and ValueError (TensorFlow 1)."""

    __str__ = Exception.__str__


class SavedModelMetadataBuilder:
    """Metadata of one signature: all its inputs, one output; to be changed and saved.

    Args:
        model_path: The SavedModel's folder; with the `arrow` extra also gs://.
        signature_name: The signature to explain. With preprocessing that is `xai_model`.
        outputs_to_explain: The output to explain, in a list; needed if there are several.
        tags: The tag set; None: serve.
        **kwargs: Taken as the SDK takes them, for saving the model again. They need TensorFlow:
            save_model_with_metadata refuses them.

    Raises:
        InvalidArgumentError: There is no such signature (also a KeyError) or output; several
            outputs and none named; more than one named.
        NotFoundError: There is no model.
    """

    def __init__(
        self,
        model_path: str | os.PathLike[str],
        signature_name: str = "serving_default",
        outputs_to_explain: Sequence[str] | None = (),
        tags: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        contents = load(model_path, tags=tags or ()).inspect()
        self._directory: str = contents["directory"]
        self._is_tf2 = contents["format"] == "tf2"
        self._saved_model_args = kwargs
        signatures = contents["signatures"]
        if signature_name not in signatures:
            raise _NoSignatureError(
                f"signature_name: there is no signature {signature_name!r}; the model has "
                f"{', '.join(sorted(signatures))}"
            )
        signature = signatures[signature_name]
        output = _only_output(signature["outputs"], outputs_to_explain)
        self._inputs = {
            name: _entry(input_tensor_name=self._tensor(name, info), modality=self._modality(info))
            for name, info in signature["inputs"].items()
        }
        self._outputs = {output: self._tensor(output, signature["outputs"][output])}

    def set_numeric_metadata(
        self,
        input_name: str,
        new_name: str | None = None,
        input_baselines: Sequence[Any] | None = None,
        index_feature_mapping: Sequence[str] | None = None,
    ) -> None:
        """Makes an input numeric; with names of its elements a bag of features.

        Args:
            input_name: The input's present name.
            new_name: Its name in answers from now on.
            input_baselines: Each a number, or a value of the input's shape without the row axis.
            index_feature_mapping: A name for each element of the vector.

        Raises:
            InvalidArgumentError: There is no such input, or the values break a rule.
        """
        self._replace(
            input_name,
            new_name,
            encoding="bag_of_features" if index_feature_mapping else "identity",
            modality="numeric",
            input_baselines=input_baselines,
            index_feature_mapping=index_feature_mapping,
        )

    def set_categorical_metadata(
        self,
        input_name: str,
        new_name: str | None = None,
        encoded_name: str | None = None,
        encoding: str = "identity",
        input_baselines: Sequence[Any] | None = None,
        encoded_baselines: Sequence[Any] | None = None,
    ) -> None:
        """Makes an input categorical.

        Args:
            input_name: The input's present name.
            new_name: Its name in answers from now on.
            encoded_name: The tensor that it is encoded in, at which gradients are taken.
            encoding: How (docs/formats/metadata.md#encodings).
            input_baselines: As for numeric inputs.
            encoded_baselines: The same for the encoded tensor, in place of `input_baselines`.

        Raises:
            InvalidArgumentError: There is no such input, or the values break a rule.
        """
        self._replace(
            input_name,
            new_name,
            encoding=encoding,
            modality="categorical",
            input_baselines=input_baselines,
            encoded_tensor_name=encoded_name,
            encoded_baselines=encoded_baselines,
        )

    def set_image_metadata(
        self,
        input_name: str,
        new_name: str | None = None,
        input_baselines: Sequence[Any] | None = None,
        visualization: Mapping[str, Any] | VisualizationParameters | None = None,
        domain: DomainInfo | None = None,
    ) -> None:
        """Makes an input a picture.

        Args:
            input_name: The input's present name.
            new_name: Its name in answers from now on.
            input_baselines: As for numeric inputs.
            visualization: How its attribution is drawn.
            domain: What black and white are.

        Raises:
            InvalidArgumentError: There is no such input, or the values break a rule.
        """
        if isinstance(visualization, VisualizationParameters):
            visualization = visualization.asdict()
        self._replace(
            input_name,
            new_name,
            modality="image",
            input_baselines=input_baselines,
            visualization=visualization,
            domain=domain.asdict() if domain else None,
        )

    def set_text_metadata(
        self,
        input_name: str,
        new_name: str | None = None,
        encoded_name: str | None = None,
        encoding: str = "identity",
        input_baselines: Sequence[Any] | None = None,
        encoded_baselines: Sequence[Any] | None = None,
    ) -> None:
        """Makes an input a text. As set_categorical_metadata; the SDK has it for TensorFlow 1."""
        self.set_categorical_metadata(
            input_name, new_name, encoded_name, encoding, input_baselines, encoded_baselines
        )
        self._inputs[new_name or input_name]["modality"] = "text"

    def set_output_metadata(self, output_name: str, new_name: str) -> None:
        """Renames the output.

        Args:
            output_name: Its present name.
            new_name: Its name in answers from now on.

        Raises:
            InvalidArgumentError: There is no such output.
        """
        self._refuse_unknown("output", output_name, self._outputs)
        self._outputs[new_name] = self._outputs.pop(output_name)

    def remove_input_metadata(self, name: str) -> None:
        """Leaves an input out: it is held at the instance's value. Unknown names are errors."""
        self._refuse_unknown("input", name, self._inputs)
        del self._inputs[name]

    def remove_output_metadata(self, name: str) -> None:
        """Leaves an output out. Unknown names are errors."""
        self._refuse_unknown("output", name, self._outputs)
        del self._outputs[name]

    def get_metadata(self) -> dict[str, Any]:
        """The metadata as explanation_metadata.json holds it.

        Raises:
            InvalidArgumentError: Inputs have different numbers of baselines, or none is left.
        """
        if not self._inputs:
            raise InvalidArgumentError("inputs: at least one must be explained")
        counts = {
            name: len(entry.get("input_baselines") or entry["encoded_baselines"])
            for name, entry in self._inputs.items()
            if "input_baselines" in entry or "encoded_baselines" in entry
        }
        if len(set(counts.values())) > 1:
            raise InvalidArgumentError(
                "input_baselines: expected as many of every input, got "
                + ", ".join(f"{count} of {name!r}" for name, count in counts.items())
            )
        return {
            "outputs": {
                name: {"output_tensor_name": tensor} for name, tensor in self._outputs.items()
            },
            "inputs": {name: dict(entry) for name, entry in self._inputs.items()},
            # As the SDK spells it; readers do not mind.
            "framework": "tensorflow2" if self._is_tf2 else "Tensorflow",
            "tags": [_TAG],
        }

    def save_metadata(self, file_path: str | os.PathLike[str]) -> None:
        """Writes explanation_metadata.json.

        Args:
            file_path: The folder that it goes into: local, or, with TensorFlow, gs://.
        """
        text = json.dumps(self.get_metadata(), indent=2)
        folder = os.fspath(file_path)
        if "://" in folder:
            from ..saving._tensorflow import tf

            with tf.io.gfile.GFile(f"{folder.rstrip('/')}/{METADATA_FILE}", "w") as file:
                file.write(text)
            return
        with open(os.path.join(folder, METADATA_FILE), "w", encoding="utf-8") as file:
            file.write(text)

    def save_model_with_metadata(self, file_path: str | os.PathLike[str]) -> str:
        """Copies the model, byte for byte, and writes the metadata beside it.

        Args:
            file_path: A new or empty local folder.

        Returns:
            `file_path`.

        Raises:
            InvalidArgumentError: The folder holds something, or the builder was given arguments
                for tf.saved_model.save.
        """
        if self._saved_model_args:
            raise InvalidArgumentError(
                f"{', '.join(self._saved_model_args)}: the model is copied as it is; to save it "
                "with other signatures use whylight.saving.save"
            )
        self.get_metadata()  # Its errors come before anything is copied.
        folder = os.fspath(file_path)
        if os.path.isdir(folder) and os.listdir(folder):
            raise InvalidArgumentError(f"file_path: {folder!r} is not empty")
        shutil.copytree(
            self._directory,
            folder,
            ignore=shutil.ignore_patterns(METADATA_FILE),
            dirs_exist_ok=True,
        )
        self.save_metadata(folder)
        return folder

    def _tensor(self, name: str, info: Mapping[str, Any]) -> str:
        return name if self._is_tf2 else str(info["tensor"])

    def _modality(self, info: Mapping[str, Any]) -> str:
        # The SDK looks at dtypes for TensorFlow 2 alone.
        is_floating = "float" in info["dtype"] or not self._is_tf2
        return "numeric" if is_floating else "categorical"

    def _replace(self, input_name: str, new_name: str | None, **fields: Any) -> None:
        self._refuse_unknown("input", input_name, self._inputs)
        tensor = self._inputs[input_name]["input_tensor_name"]
        entry = _entry(input_tensor_name=tensor, **fields)
        _refuse_broken_rules(input_name, entry)
        del self._inputs[input_name]
        self._inputs[new_name or input_name] = entry

    @staticmethod
    def _refuse_unknown(kind: str, name: str, entries: Mapping[str, Any]) -> None:
        if name not in entries:
            raise InvalidArgumentError(
                f"there is no {kind} {name!r} in the metadata; it has {', '.join(entries)}"
            )


def _only_output(outputs: Mapping[str, Any], wanted: Sequence[str] | None) -> str:
    if not wanted and len(outputs) == 1:
        return next(iter(outputs))
    found = ", ".join(sorted(outputs))
    if not wanted:
        raise InvalidArgumentError(
            f"outputs_to_explain: the signature has several outputs, {found}; name one"
        )
    if len(wanted) > 1:
        raise InvalidArgumentError(
            f"outputs_to_explain: expected one output, got {', '.join(wanted)}"
        )
    if wanted[0] not in outputs:
        raise InvalidArgumentError(
            f"outputs_to_explain: there is no output {wanted[0]!r}; the signature has {found}"
        )
    return wanted[0]


def _entry(**fields: Any) -> dict[str, Any]:
    fields.setdefault("encoding", "identity")
    return {key: _plain(fields[key]) for key in _FIELDS if fields.get(key) is not None}


def _plain(value: Any) -> Any:
    """Arrays and tuples as lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def _refuse_broken_rules(name: str, entry: Mapping[str, Any]) -> None:
    """The SDK's rules for one input."""
    mapping = entry.get("index_feature_mapping")
    if entry["encoding"] not in _ENCODINGS:
        raise InvalidArgumentError(
            f"{name}: encoding: expected one of {', '.join(_ENCODINGS)}, got {entry['encoding']!r}"
        )
    if entry["encoding"] in _NEED_MAPPING and mapping is None:
        raise InvalidArgumentError(
            f"{name}: encoding: {entry['encoding']} needs index_feature_mapping, which numeric "
            "inputs have"
        )
    if mapping is not None and len(set(mapping)) != len(mapping):
        raise InvalidArgumentError(f"{name}: index_feature_mapping: a name is there twice")
    if "input_baselines" in entry and "encoded_baselines" in entry:
        raise InvalidArgumentError(
            f"{name}: give either input_baselines or encoded_baselines, not both"
        )
    for key in ("input_baselines", "encoded_baselines"):
        if len(entry.get(key, ())) > _MOST_BASELINES:
            raise InvalidArgumentError(
                f"{name}: {key}: expected at most {_MOST_BASELINES}, got {len(entry[key])}"
            )
    domain = entry.get("domain", {"min": 0, "max": 0})
    if domain["min"] > domain["max"]:
        raise InvalidArgumentError(f"{name}: domain: min {domain['min']} is above {domain['max']}")
