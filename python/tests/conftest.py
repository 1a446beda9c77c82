"""What the tests of the package share: models of this tree, and the package as it was built."""

import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def model_path(name: str) -> str:
    return str(ROOT / "tests" / "models" / name / "model")


@pytest.fixture(scope="session")
def iris():
    """Tells irises apart: one vector input `flower` [4], probabilities of three classes."""
    import whylight

    return whylight.load(model_path("tf2_several_with_xai_model"))


@pytest.fixture(scope="session")
def mixed():
    """Inputs of several dtypes."""
    import whylight

    return whylight.load(model_path("tf2_dict_inputs_mixed"))
