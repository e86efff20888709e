"""Targets that list the labels of a row: counts of every class."""

import pytest
import torch
import torch.nn.functional as F

import fusedloss.torch.functional as FL
from fusedloss import LabelError, _core


def counted(lists: torch.Tensor) -> torch.Tensor:
    counts = torch.full(lists.shape, torch.nan)
    _core.count_labels(lists, counts)
    return counts


@pytest.mark.parametrize("dtype", [torch.int8, torch.int16, torch.int32, torch.int64], ids=str)
def test_lists_end_with_the_first_minus_one(dtype: torch.dtype) -> None:
    lists = torch.tensor([[3, 0, -1, 1], [-1, 0, 1, 2], [2, 2, 2, 1]], dtype=dtype)
    expected = torch.tensor([[1.0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 3, 0]])
    assert torch.equal(counted(lists), expected)
    assert torch.equal(counted(lists.T.contiguous().T), expected)
    assert torch.equal(counted(lists[0]), expected[0])
    assert torch.equal(counted(lists[:0]), expected[:0])
    assert torch.equal(counted(lists[:1].expand(3, 4)), expected[:1].expand(3, 4))


def test_unsigned_lists_have_no_end() -> None:
    lists = torch.tensor([[1, 0, 0]], dtype=torch.uint8)
    assert counted(lists).tolist() == [[2, 1, 0]]
    lists[0, 2] = 255
    with pytest.raises(LabelError, match=r"got 255 at \(0, 2\)"):
        counted(lists)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_first_wrong_label_of_many_rows_is_named(threads: int) -> None:
    lists = torch.full((3000, 20), -1)
    lists[:, 0] = 5
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert counted(lists).sum() == 3000
        lists[700, 3] = lists[2900, 0] = 20
        with pytest.raises(LabelError, match=r"be -1 or in \[0, 20\), got 20 at \(700, 3\)"):
            counted(lists)
    finally:
        torch.set_num_threads(before)


def test_the_formula_of_a_compiler_counts_alike() -> None:
    x, lists = torch.randn(5, 6), torch.randint(-1, 6, (5, 6))
    compiled = torch.compile(FL.multilabel_margin_loss, backend="eager", fullgraph=True)
    expected = F.multilabel_margin_loss(x, lists)
    torch.testing.assert_close(FL.multilabel_margin_loss(x, lists), expected)
    torch.testing.assert_close(compiled(x, lists), expected)


def test_counts_that_do_not_fit_are_refused() -> None:
    lists = torch.zeros(2, 3, dtype=torch.int64)
    for counts in (torch.empty(2, 2), torch.empty(2, 3).double(), torch.empty(3, 2).T):
        with pytest.raises(ValueError, match="counts must be contiguous, float32"):
            _core.count_labels(lists, counts)
    with pytest.raises(TypeError, match=r"target has dtype torch\.float32"):
        _core.count_labels(torch.zeros(2, 3), torch.empty(2, 3))
