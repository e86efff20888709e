"""Modules: the arguments, the state and the numbers of torch.nn."""

import copy
import inspect
import io
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import fusedloss.torch as flt
from fusedloss.torch import functional, modules

NAMES = [name for name in modules.__all__ if hasattr(nn, name)]
W = torch.rand(5, generator=torch.Generator().manual_seed(0)) + 0.1
ARGUMENTS: list[tuple[str, dict[str, Any]]] = [
    ("MSELoss", {}),
    ("L1Loss", {"reduction": "sum"}),
    ("HuberLoss", {"delta": 0.3, "reduction": "none"}),
    ("PoissonNLLLoss", {"log_input": False, "full": True, "eps": 1e-3}),
    ("BCELoss", {"weight": W}),
    ("BCEWithLogitsLoss", {"weight": W, "pos_weight": 2 * W}),
    ("CrossEntropyLoss", {"weight": W, "ignore_index": 1, "label_smoothing": 0.1}),
]


def inputs(name: str) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    y = torch.randint(5, (6,)) if name in ("CrossEntropyLoss", "SoftmaxFocalLoss") else None
    return torch.rand(6, 5), torch.rand(6, 5) if y is None else y


@pytest.mark.parametrize(("name", "arguments"), ARGUMENTS)
def test_modules_take_the_place_of_those_of_torch(name: str, arguments: dict[str, Any]) -> None:
    ours, theirs = getattr(flt, name)(**arguments), getattr(nn, name)(**arguments)
    assert isinstance(ours, getattr(nn, name))
    assert repr(ours) == repr(theirs)
    x, y = inputs(name)
    torch.testing.assert_close(ours(x, y), theirs(x, y))
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    other = getattr(flt, name)(**{k: v + 1 if k == "weight" else v for k, v in arguments.items()})
    other.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(other(x, y), theirs(x, y))
    theirs.load_state_dict(ours.state_dict())
    torch.testing.assert_close(
        ours.double()(x.double(), y),
        theirs.double()(x.double(), y.double() if y.is_floating_point() else y),
    )


@pytest.mark.parametrize("name", NAMES)
def test_signatures_are_those_of_torch(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(m, name).__init__) for m in (flt, nn))
    assert [(p.name, p.default) for p in ours.parameters.values()] == [
        (p.name, p.default) for p in theirs.parameters.values()
    ]
    forward = inspect.signature(getattr(flt, name).forward).parameters
    assert list(forward)[:-2] == list(inspect.signature(getattr(nn, name).forward).parameters)
    assert list(forward)[-2:] == ["sample_weight", "denominator"]


@pytest.mark.parametrize("name", modules.__all__)
def test_sample_weights_and_denominators_reach_the_function(name: str) -> None:
    x, y = inputs(name)
    weight = torch.rand(6)
    losses = getattr(flt, name)(reduction="none")(x, y)
    spread = weight.reshape(-1, *[1] * (losses.ndim - 1))
    loss = getattr(flt, name)(reduction="mean")(x, y, sample_weight=weight, denominator=7)
    torch.testing.assert_close(loss, (losses * spread).sum() / 7)


@pytest.mark.parametrize("name", ["SigmoidFocalLoss", "SoftmaxFocalLoss"])
def test_focal_modules(name: str) -> None:
    x, y = inputs(name)
    options = {"alpha": 0.5, "gamma": 1.5, "reduction": "sum"}
    if name == "SoftmaxFocalLoss":
        options |= {"weight": W, "ignore_index": 1, "label_smoothing": 0.1}
    module = getattr(flt, name)(**options)
    function = functional.sigmoid_focal_loss
    if name == "SoftmaxFocalLoss":
        function = functional.softmax_focal_loss
        assert list(module.state_dict()) == ["weight"]
    assert torch.equal(module(x, y), function(x, y, **options))
    assert "alpha=0.5, gamma=1.5" in repr(module)
    defaults = inspect.signature(getattr(flt, name).__init__).parameters
    for parameter in list(defaults.values())[1:]:
        assert parameter.default == inspect.signature(function).parameters[parameter.name].default


@pytest.mark.filterwarnings("ignore:size_average and reduce")
def test_deprecated_arguments() -> None:
    for name in NAMES:
        if name != "HuberLoss":
            assert getattr(flt, name)(size_average=False).reduction == "sum"
            assert getattr(flt, name)(reduce=False).reduction == "none"


def test_modules_can_be_copied_and_saved() -> None:
    for name in modules.__all__:
        x, y = inputs(name)
        module = getattr(flt, name)(reduction="sum")
        file = io.BytesIO()
        torch.save(module, file)
        file.seek(0)
        for other in (copy.deepcopy(module), torch.load(file, weights_only=False)):
            assert torch.equal(other(x, y), module(x, y))


def test_imports() -> None:
    code = "import sys, fusedloss\nassert not {'torch', 'keras'} & set(sys.modules)\n"
    code += "import fusedloss.torch\nassert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
