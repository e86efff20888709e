"""The package as a whole: names, signatures, documentation, imports, configuration."""

import inspect
import subprocess
import sys

import pytest

import fusedloss as fl
from numpy_cases import CASES
from test_numpy_predictions import POINTWISE, ROWS

LOSSES = sorted({case.name for case in [*CASES, *POINTWISE, *ROWS]})


def test_every_loss_is_tested_here() -> None:
    assert {name for name in fl.__all__ if hasattr(fl.losses, name)} == set(LOSSES)
    assert sorted(fl.losses.__all__) == LOSSES


@pytest.mark.parametrize("name", LOSSES)
def test_documentation_names_every_argument(name: str) -> None:
    function = getattr(fl, name)
    text = inspect.getdoc(function)
    assert text is not None
    described = text.partition("\nArgs:\n")[2].partition("\nReturns:\n")[0]
    names = [line.split(":")[0].strip() for line in described.splitlines() if line[2] != " "]
    assert names == list(inspect.signature(function).parameters)
    assert "\nRaises:\n" in text


@pytest.mark.parametrize("name", LOSSES)
def test_parameters_and_defaults_are_those_of_keras(name: str) -> None:
    keras = pytest.importorskip("keras")
    ours = inspect.signature(getattr(fl, name)).parameters
    if name == "sparse_categorical_focal_crossentropy":
        name = "categorical_focal_crossentropy"  # Keras has no sparse one
    theirs = getattr(keras.losses, name, None)
    if theirs is None:
        pytest.skip("Keras has no such loss")
    for parameter in inspect.signature(theirs).parameters.values():
        assert parameter.default in (parameter.empty, ours[parameter.name].default)


def test_importing_imports_numpy_alone() -> None:
    script = """
import sys
before = set(sys.modules)
import fusedloss
imported = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(imported - set(sys.stdlib_module_names)))
"""
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert output.split() == ["fusedloss", "numpy"]


def test_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    config = fl.show_config(mode="dicts")
    assert config["version"] == fl.__version__
    assert config["threads"] == fl.get_num_threads()
    assert config["instruction set"] in config["instruction sets available"]
    fl.show_config()
    printed = capsys.readouterr().out
    for name in config:
        assert name in printed
