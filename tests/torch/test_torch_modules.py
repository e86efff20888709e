"""Modules: the arguments, the state and the numbers of torch.nn."""

import copy
import inspect
import io
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch_inputs as given
from torch import Tensor, nn
from torch_cases import FIRST

import fusedloss.torch as flt
from fusedloss.torch import functional, modules

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
NAMES = [name for name in modules.__all__ if hasattr(nn, name)]
W = torch.rand(5, generator=torch.Generator().manual_seed(0)) + 0.1
ARGUMENTS: list[tuple[str, dict[str, Any]]] = [
    ("MSELoss", {}),
    ("L1Loss", {"reduction": "sum"}),
    ("HuberLoss", {"delta": 0.3, "reduction": "none"}),
    ("SmoothL1Loss", {"beta": 0.3, "reduction": "none"}),
    ("PoissonNLLLoss", {"log_input": False, "full": True, "eps": 1e-3}),
    ("GaussianNLLLoss", {"full": True, "eps": 1e-3}),
    ("KLDivLoss", {"reduction": "batchmean", "log_target": True}),
    ("BCELoss", {"weight": W}),
    ("BCEWithLogitsLoss", {"weight": W, "pos_weight": 2 * W}),
    ("CrossEntropyLoss", {"weight": W, "ignore_index": 1, "label_smoothing": 0.1}),
    ("NLLLoss", {"weight": W, "ignore_index": 1}),
    ("SoftMarginLoss", {"reduction": "sum"}),
    ("HingeEmbeddingLoss", {"margin": 0.3}),
    ("MarginRankingLoss", {"margin": 0.3}),
    ("MultiLabelSoftMarginLoss", {"weight": W}),
    ("MultiMarginLoss", {"weight": W, "p": 2, "margin": 0.3}),
    ("MultiLabelMarginLoss", {"reduction": "sum"}),
    ("CosineEmbeddingLoss", {"margin": 0.3}),
    ("TripletMarginLoss", {"margin": 0.3, "p": 1.0, "eps": 1e-3, "swap": True}),
    ("TripletMarginWithDistanceLoss", {"margin": 0.3, "swap": True}),
]
# What ours take on top of torch's.
FURTHER = {"CrossEntropyLoss": {"temperature": 1.0, "softcap": 0.0, "z_loss": 0.0}}


def function_of(name: str) -> Callable[..., Tensor]:
    """The function that the docstring of a module names."""
    found = re.search(r"`fusedloss\.torch\.functional\.(\w+)`", getattr(flt, name).__doc__)
    assert found is not None
    function: Callable[..., Tensor] = getattr(functional, found[1])
    return function


def forward_of(name: str) -> tuple[list[str], list[str]]:
    """The arguments of a module's `forward`: torch's, and those on top of them."""
    names = list(inspect.signature(getattr(flt, name).forward).parameters)
    end = names.index("sample_weight")
    return names[:end], names[end:]


def inputs(name: str) -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    if name == "PoissonNLLLoss":
        return given.rates()
    arguments = FIRST[function_of(name).__name__].inputs()
    return tuple(torch.where(t == -100, 1, t) for t in arguments)


def in_double(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(t.double() if t.is_floating_point() else t for t in tensors)


def test_every_loss_of_torch_is_there() -> None:
    losses = {name for name in vars(nn) if name.endswith("Loss")}
    assert losses - set(modules.__all__) <= {
        "AdaptiveLogSoftmaxWithLoss",
        "CTCLoss",
        "LinearCrossEntropyLoss",
    }
    assert {function_of(name).__name__ for name in modules.__all__} == set(functional.__all__)


@pytest.mark.parametrize(("name", "arguments"), ARGUMENTS)
def test_modules_take_the_place_of_those_of_torch(name: str, arguments: dict[str, Any]) -> None:
    ours, theirs = getattr(flt, name)(**arguments), getattr(nn, name)(**arguments)
    assert isinstance(ours, getattr(nn, name))
    assert repr(ours) == repr(theirs)
    tensors = inputs(name)
    torch.testing.assert_close(ours(*tensors), theirs(*tensors))
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    other = getattr(flt, name)(**{k: v + 1 if k == "weight" else v for k, v in arguments.items()})
    other.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(other(*tensors), theirs(*tensors))
    theirs.load_state_dict(ours.state_dict())
    torch.testing.assert_close(
        ours.double()(*in_double(tensors)), theirs.double()(*in_double(tensors))
    )


def test_the_table_has_every_module_of_torch() -> None:
    assert {name for name, _ in ARGUMENTS} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_signatures_are_those_of_torch(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(m, name).__init__) for m in (flt, nn))
    further = FURTHER.get(name, {})
    shared = [p for p in ours.parameters.values() if p.name not in further]
    assert [(p.name, p.default, p.kind) for p in shared] == [
        (p.name, p.default, p.kind) for p in theirs.parameters.values()
    ]
    assert {k: ours.parameters[k].default for k in further} == further
    forward, extras = forward_of(name)
    assert forward == list(inspect.signature(getattr(nn, name).forward).parameters)
    assert extras[:3] == ["sample_weight", "mask", "denominator"]


@pytest.mark.parametrize("name", sorted({*modules.__all__} - {*NAMES}))
def test_modules_of_ours_have_the_arguments_of_their_function(name: str) -> None:
    function = inspect.signature(function_of(name)).parameters
    module = inspect.signature(getattr(flt, name).__init__).parameters
    forward, extras = forward_of(name)
    arguments = [parameter for parameter in module.values() if parameter.name != "self"]
    assert [*forward[1:], *[p.name for p in arguments], *extras] == [*function]
    for parameter in arguments:
        assert parameter.default == function[parameter.name].default
    assert "reduction='sum'" in repr(getattr(flt, name)(reduction="sum"))


@pytest.mark.parametrize("name", modules.__all__)
def test_weights_masks_and_denominators_reach_the_function(name: str) -> None:
    tensors = inputs(name)
    weight, mask = torch.rand(6), torch.tensor([True, False, True, True, True, False])
    losses = getattr(flt, name)(reduction="none")(*tensors)
    rows = [-1, *[1] * (losses.ndim - 1)]
    loss = getattr(flt, name)(reduction="mean")(
        *tensors, sample_weight=weight, mask=mask, denominator=7
    )
    torch.testing.assert_close(loss, (losses * (weight * mask).reshape(rows)).sum() / 7)


@pytest.mark.parametrize("name", ["SigmoidFocalLoss", "SoftmaxFocalLoss"])
def test_focal_modules(name: str) -> None:
    x, y = inputs(name)
    assert "alpha=0.25, gamma=2.0" in repr(getattr(flt, name)())
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


def test_an_alpha_for_each_label_is_a_buffer() -> None:
    x, y = inputs("SigmoidFocalLoss")
    module = flt.SigmoidFocalLoss(alpha=W / 2)
    assert list(module.state_dict()) == ["alpha"]
    assert torch.equal(module(x, y), functional.sigmoid_focal_loss(x, y, alpha=W / 2))
    module = flt.SigmoidFocalLoss(alpha=[0.25, 0.5, 0.1, 1.0, 0.0], reduction="mean")
    assert not module.state_dict()
    loss = module(x, y, denominator="positives")
    torch.testing.assert_close(loss, module(x, y, denominator=y.sum().clamp_min(1)))


def test_scaled_cross_entropy() -> None:
    x, y = inputs("CrossEntropyLoss")
    options = {"temperature": 2.0, "softcap": 3.0, "z_loss": 0.1}
    module = flt.CrossEntropyLoss(**options)
    assert torch.equal(module(x, y), functional.cross_entropy(x, y, **options))
    assert repr(module) == "CrossEntropyLoss(temperature=2.0, softcap=3.0, z_loss=0.1)"


def test_triplets_with_a_distance_of_their_own() -> None:
    tensors = inputs("TripletMarginLoss")
    for distance in (nn.PairwiseDistance(p=3.0, eps=0.1), nn.CosineSimilarity(), None):
        options: dict[str, Any] = {"distance_function": distance, "margin": 2.0}
        ours, theirs = (m.TripletMarginWithDistanceLoss(**options) for m in (flt, nn))
        torch.testing.assert_close(ours(*tensors), theirs(*tensors))


@pytest.mark.filterwarnings("ignore:size_average and reduce")
def test_deprecated_arguments() -> None:
    for name in NAMES:
        if "reduce" in inspect.signature(getattr(nn, name).__init__).parameters:
            assert getattr(flt, name)(size_average=False).reduction == "sum"
            assert getattr(flt, name)(reduce=False).reduction == "none"


def test_modules_can_be_copied_and_saved() -> None:
    for name in modules.__all__:
        tensors = inputs(name)
        module = getattr(flt, name)(reduction="sum")
        file = io.BytesIO()
        torch.save(module, file)
        file.seek(0)
        for other in (copy.deepcopy(module), torch.load(file, weights_only=False)):
            assert torch.equal(other(*tensors), module(*tensors))


def test_imports() -> None:
    code = "import sys, fusedloss\nassert not {'torch', 'keras'} & set(sys.modules)\n"
    code += "import fusedloss.torch\nassert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
