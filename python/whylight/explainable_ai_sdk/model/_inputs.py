"""What a model explains: its inputs, by all of their names, and what they hold."""

from __future__ import annotations

import json
import os
from typing import Any

from ... import _core, _model
from ..._errors import NotFoundError
from ..common import constants


class Inputs:
    """The explained signature's inputs, with what explanation_metadata.json says of them.

    Attributes:
        keys: The signature's; empty if none is explained.
        preprocess: The signature that makes them; None if there is none.
        raw_keys: The inputs of that signature.
        names: By key, graph tensor, or name of the metadata: the name that attributions have.
        modalities: By feature, as answers call it, what it holds, where the metadata says so.
    """

    def __init__(self, model: _model.Model) -> None:
        contents = model.inspect()
        self.preprocess: str | None = contents["explained"]["preprocess"]
        self.raw_keys = set(_inputs_of(contents, self.preprocess))
        inputs = _inputs_of(contents, contents["explained"]["signature"])
        self.keys = list(inputs)
        self.names = {key: key for key in self.keys}
        self.modalities: dict[str, str] = {}
        by_tensor = {one["tensor"]: key for key, one in inputs.items()}
        for name, entry in _metadata_of_inputs(model.path).items():
            words = _spelled_alike(entry)
            if "modality" in words:
                modality = str(words["modality"]).lower()
                self.modalities.setdefault(words.get("groupname", name), modality)
            tensor = words.get("inputtensorname", name)
            self.names.update({name: name, tensor: name, by_tensor.get(tensor, tensor): name})


def _inputs_of(contents: dict[str, Any], signature: str | None) -> dict[str, Any]:
    return dict(contents["signatures"][signature]["inputs"]) if signature else {}


def _metadata_of_inputs(folder: str) -> dict[str, Any]:
    """Nothing of a damaged file: what is wrong with it is the engine's to say."""
    try:
        document = json.loads(_core.read_file(os.path.join(folder, constants.METADATA_FILE_NAME)))
    except (NotFoundError, ValueError):
        return {}
    inputs = _spelled_alike(document).get("inputs")
    return inputs if isinstance(inputs, dict) else {}


def _spelled_alike(entry: Any) -> dict[str, Any]:
    """Keys of both forms: inputTensorName and input_tensor_name are inputtensorname."""
    members = entry.items() if isinstance(entry, dict) else ()
    return {key.replace("_", "").lower(): value for key, value in members}
