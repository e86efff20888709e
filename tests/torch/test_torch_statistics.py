"""What a cross-entropy finds out about the rows, beside its loss."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_checks import evaluate
from torch_support import is_fused

import fusedloss.torch.functional as FL
from fusedloss import _statistics
from fusedloss.torch._statistics import of_formula

OPTIONS: list[dict[str, Any]] = [
    {},
    {"temperature": 2.0},
    {"softcap": 3.0, "z_loss": 0.1, "label_smoothing": 0.1, "weight": torch.rand(5)},
]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def expected(x: Tensor, options: dict[str, Any]) -> tuple[Tensor, ...]:
    """Logarithm of the sum, log-probabilities and entropy of the logits that count."""
    cap, temperature = options.get("softcap", 0.0), options.get("temperature", 1.0)
    logits = (cap * (x.double() / cap).tanh() if cap else x.double()) / temperature
    log_p = logits.log_softmax(1)
    return logits.logsumexp(1), log_p, -(log_p.exp() * log_p).sum(1)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16], ids=str
)
def test_statistics(dtype: torch.dtype, options: dict[str, Any], reduction: str) -> None:
    x, y = (4 * torch.randn(6, 5, 3)).to(dtype).requires_grad_(), torch.randint(5, (6, 3))
    options = options | {"reduction": reduction}
    loss, found = FL.cross_entropy(x, y, return_statistics=True, **options)
    assert is_fused(loss)
    torch.testing.assert_close(loss, FL.cross_entropy(x, y, **options))
    assert isinstance(found, _statistics.Statistics)
    total, log_p, entropy = expected(x.detach(), options)
    kind = torch.promote_types(dtype, torch.float32)
    own = log_p.gather(1, y.unsqueeze(1)).squeeze(1)
    torch.testing.assert_close(found.log_sum_exp, total.to(kind))
    torch.testing.assert_close(found.label_log_prob, own.to(kind))
    torch.testing.assert_close(found.entropy, entropy.to(kind))
    torch.testing.assert_close(found.argmax, x.argmax(1))
    torch.testing.assert_close(found.correct, x.argmax(1) == y)
    assert not any(each.requires_grad for each in found)
    loss.sum().backward()
    other = x.detach().clone().requires_grad_()
    FL.cross_entropy(other, y, **options).sum().backward()
    torch.testing.assert_close(x.grad, other.grad)


def test_class_probabilities_have_no_label() -> None:
    x, y = torch.randn(6, 5), torch.rand(6, 5)
    for each in (x, x.clone().requires_grad_()):
        loss, found = FL.cross_entropy(each, y, return_statistics=True)
        torch.testing.assert_close(loss.detach(), F.cross_entropy(x, y))
        assert found.label_log_prob is None
        assert found.correct is None
        torch.testing.assert_close(found.argmax, x.argmax(1))


def test_rows_that_do_not_count() -> None:
    x, y = torch.randn(6, 5), torch.randint(5, (6,))
    y[0] = -1
    x[3, 2] = torch.nan
    weight = torch.tensor([1.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    mask = torch.tensor([True, True, False, True, True, True])
    options: dict[str, Any] = {"ignore_index": -1, "sample_weight": weight, "mask": mask}
    _, found = FL.cross_entropy(x, y, return_statistics=True, **options)
    plain = of_formula(x, y, 1.0, 0.0, -1, weight, mask)
    for ours, formula in zip(found, plain, strict=True):
        torch.testing.assert_close(ours, formula, equal_nan=True)
    assert found.argmax.tolist()[:4] == [-1, -1, -1, -1]
    assert not found.correct[:4].any()
    assert found.log_sum_exp[:3].tolist() == [0, 0, 0]
    assert found.log_sum_exp[3].isnan()


def test_a_single_row() -> None:
    x, y = torch.randn(5), torch.tensor(2)
    _, found = FL.cross_entropy(x, y, return_statistics=True)
    torch.testing.assert_close(found.log_sum_exp, x.logsumexp(0))
    assert found.argmax.shape == found.correct.shape == ()


def test_in_plain_torch() -> None:
    x, y = torch.randn(6, 5), torch.randint(5, (6,))
    expected_loss, gradient = evaluate(FL.cross_entropy, x, y, z_loss=0.1)
    _, kernel = FL.cross_entropy(x, y, return_statistics=True, z_loss=0.1)

    def loss(x: Tensor) -> tuple[Tensor, Any]:
        return FL.cross_entropy(x, y, return_statistics=True, z_loss=0.1)

    slope, (value, found) = torch.func.grad_and_value(loss, has_aux=True)(x)
    torch.testing.assert_close(value, expected_loss)
    torch.testing.assert_close(slope, gradient)
    for ours, formula in zip(kernel, found, strict=True):
        torch.testing.assert_close(ours, formula)


def test_when_compiled() -> None:
    x, y = torch.randn(6, 5), torch.randint(5, (6,))

    @torch.compile(fullgraph=True, backend="aot_eager")
    def loss(x: Tensor) -> Any:
        return FL.cross_entropy(x, y, return_statistics=True, softcap=2.0)

    value, found = loss(x)
    exact, kernel = FL.cross_entropy(x, y, return_statistics=True, softcap=2.0)
    torch.testing.assert_close(value, exact)
    for ours, compiled in zip(kernel, found, strict=True):
        torch.testing.assert_close(ours, compiled)
