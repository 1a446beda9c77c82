"""What a model explains: its inputs, by all of their names, and what they hold."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ... import _core, _model
from ..._errors import NotFoundError
from ..common import constants


class Inputs:
    """The explained signature's inputs, with what explanation_metadata.json says of them.

    Attributes:
        keys: The signature's; empty if none is explained.
        preprocess: The signature that makes them; None if there is none.
        modalities: By feature, as answers call it, what it holds, where the metadata says so.
        names: By key, graph tensor, or name of the metadata: the name that attributions have.
    """

    def __init__(self, model: _model.Model) -> None:
        contents = model.inspect()
        signature = contents["signatures"].get(contents["explained"]["signature"], {"inputs": {}})
        self.keys = list(signature["inputs"])
        self.preprocess: str | None = contents["explained"]["preprocess"]
        self.names = {key: key for key in self.keys}
        self.modalities: dict[str, str] = {}
        by_tensor = {one["tensor"]: key for key, one in signature["inputs"].items()}
        for name, entry in _metadata_of_inputs(model.path).items():
            words = _spelled_alike(entry)
            if "modality" in words:
                self.modalities.setdefault(words.get("groupname", name), words["modality"].lower())
            tensor = words.get("inputtensorname", name)
            self.names.update({name: name, tensor: name, by_tensor.get(tensor, tensor): name})


def _metadata_of_inputs(folder: str) -> Mapping[str, Any]:
    try:
        text = _core.read_file(os.path.join(folder, constants.METADATA_FILE_NAME))
    except NotFoundError:
        return {}
    return dict(_spelled_alike(json.loads(text)).get("inputs", {}))


def _spelled_alike(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of both forms: inputTensorName and input_tensor_name are inputtensorname."""
    return {key.replace("_", "").lower(): value for key, value in entry.items()}
