"""Models of services that have ended, where Google's package is not installed."""

import sys

import pytest

import whylight
import whylight.explainable_ai_sdk as explainable_ai_sdk


@pytest.fixture(autouse=True)
def without_their_package(monkeypatch):
    monkeypatch.delenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_ML", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == "explainable_ai_sdk"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "explainable_ai_sdk", None)


def test_ai_platform_has_ended():
    with pytest.raises(NotImplementedError, match="ended on 31 January 2025.*local_path") as raised:
        explainable_ai_sdk.load_model_from_ai_platform("project", "model")
    assert isinstance(raised.value, whylight.WhylightError)


def test_another_server_needs_their_package(monkeypatch):
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_ML", "http://127.0.0.1:1")
    with pytest.raises(NotImplementedError, match="pip install explainable-ai-sdk"):
        explainable_ai_sdk.load_model_from_ai_platform("project", "model")


def test_vertex_ends():
    with pytest.raises(NotImplementedError, match="16 March 2027.*load_model_from_local_path"):
        explainable_ai_sdk.load_model_from_vertex("project", "region", "endpoint")


def test_nothing_to_register_in():
    with pytest.raises(ImportError, match="is not installed.*explainable_ai_sdk"):
        explainable_ai_sdk.register()


def test_a_folder_of_their_name_is_not_their_package(monkeypatch, tmp_path):
    (tmp_path / "explainable_ai_sdk").mkdir()
    monkeypatch.delitem(sys.modules, "explainable_ai_sdk")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(NotImplementedError, match="is not installed"):
        explainable_ai_sdk.load_model_from_vertex("project", "region", "endpoint")
