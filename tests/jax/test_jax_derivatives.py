"""Derivatives with respect to what is no prediction; what is computed for them, and what is not."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fusedloss.jax as fj

RANDOM = np.random.default_rng(0)
LOGITS = jnp.asarray(RANDOM.normal(size=(6, 4)), jnp.float32)
LABELS = jnp.asarray(RANDOM.integers(0, 4, 6))
SOFT = jax.nn.softmax(jnp.asarray(RANDOM.normal(size=(6, 4)), jnp.float32))
WEIGHTS = jnp.asarray([0.5, 0.0, 2.0, 1.0, -1.0, 1.5], jnp.float32)
MASK = jnp.asarray([True, True, False, True, True, True])
CLASS_WEIGHTS = jnp.asarray([1.0, 2.0, 0.5, 3.0], jnp.float32)


def ours(logits: Any, soft: Any, weights: Any, classes: Any, divisor: Any, reduction: str) -> Any:
    losses = fj.categorical_crossentropy(
        soft,
        logits,
        from_logits=True,
        class_weight=classes,
        sample_weight=weights,
        mask=MASK,
        reduction=reduction,
        denominator=divisor,
    )
    return (losses * jnp.arange(1, 7)).sum() if reduction == "none" else losses


def plain(logits: Any, soft: Any, weights: Any, classes: Any, divisor: Any, reduction: str) -> Any:
    losses = -(classes * soft * jax.nn.log_softmax(logits)).sum(1) * weights
    losses = jnp.where(MASK, losses, 0)
    if reduction == "none":
        return (losses * jnp.arange(1, 7)).sum()
    if reduction == "sum":
        return losses.sum()
    count = MASK.sum() if reduction == "mean" else jnp.where(MASK, weights, 0).sum()
    return losses.sum() / (count if divisor is None else divisor)


@pytest.mark.parametrize(
    ("reduction", "divisor"),
    [("none", None), ("mean", None), ("mean", 3.0), ("mean_with_sample_weight", None)],
)
def test_every_argument_has_its_derivative(reduction: str, divisor: float | None) -> None:
    given = None if divisor is None else jnp.float32(divisor)
    arguments = LOGITS, SOFT, WEIGHTS, CLASS_WEIGHTS, given
    places = (0, 1, 2, 3) if given is None else (0, 1, 2, 3, 4)

    def derivatives(loss: Any) -> Any:
        """Of the first order in both modes; of the second, of all by each."""

        def mixed(place: int) -> Any:
            inner = jax.grad(loss, place)
            return jax.grad(lambda *each: jnp.sin(inner(*each)).sum(), places)(*arguments)

        first = jax.grad(loss, places)(*arguments), jax.jacfwd(loss, places)(*arguments)
        return first, [mixed(place) for place in places]

    got, want = (
        jax.jit(lambda f=f: derivatives(lambda *each: f(*each, reduction)))() for f in (ours, plain)
    )
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_derivatives_of_further_predictions() -> None:
    y_true, mean = LOGITS[:, :2], LOGITS[:, 2:]
    variance = jnp.exp(LOGITS[:, :2])

    def formula(mean: Any, variance: Any) -> Any:
        return (0.5 * (jnp.log(variance) + (mean - y_true) ** 2 / variance)).mean()

    def loss(mean: Any, variance: Any) -> Any:
        return fj.gaussian_nll(y_true, mean, variance)

    for places in ((0,), (1,), (0, 1)):
        got, want = (jax.grad(f, places)(mean, variance) for f in (loss, formula))
        for one, other in zip(got, want, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)

    def curve(f: Any) -> Any:
        given = mean, variance
        return jax.jit(lambda: jax.jvp(jax.grad(f, (0, 1)), given, given))()

    got, want = curve(loss), curve(formula)
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_third_order() -> None:
    def third(f: Any) -> Any:
        second = jax.grad(lambda x: (jax.grad(f)(x) ** 2).sum())
        return jax.jit(jax.grad(lambda x: second(x).sum()))(LOGITS)

    got = third(lambda x: fj.sparse_categorical_crossentropy(LABELS, x, from_logits=True))
    rows = jnp.arange(6)
    want = third(lambda x: -jax.nn.log_softmax(x)[rows, LABELS].mean())
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)


def test_third_order_by_a_weight_of_0() -> None:
    """The derivatives before are by others: at their time nobody differentiates by weights."""

    def third(loss: Any, first: int) -> Any:
        def value(x: Any, soft: Any, w: Any) -> Any:
            return loss(x, soft, w, CLASS_WEIGHTS, None, "mean")

        def slope(*each: Any) -> Any:
            return (jax.grad(value, first)(*each) * LOGITS).sum()

        def curve(*each: Any) -> Any:
            return jnp.sin(jax.grad(slope)(*each)).sum()

        return jax.jit(jax.grad(curve, 2))(LOGITS, SOFT, WEIGHTS)

    for first in (0, 1):
        np.testing.assert_allclose(third(ours, first), third(plain, first), 1e-3, 1e-6)


def test_statistics_have_derivatives() -> None:
    def ours(logits: Any) -> Any:
        loss, found = fj.sparse_categorical_crossentropy(
            LABELS, logits, from_logits=True, return_statistics=True
        )
        return loss + (found.log_sum_exp**2).mean() + found.entropy.sum()

    def plain(logits: Any) -> Any:
        log_prob = jax.nn.log_softmax(logits)
        lse = jax.nn.logsumexp(logits, 1)
        entropy = -(jnp.exp(log_prob) * log_prob).sum()
        return -log_prob[jnp.arange(6), LABELS].mean() + (lse**2).mean() + entropy

    np.testing.assert_allclose(jax.grad(ours)(LOGITS), jax.grad(plain)(LOGITS), 1e-5, 1e-6)

    def curve(f: Any) -> Any:
        return jax.jit(lambda x: jax.jvp(jax.grad(f), (x,), (x,))[1])(LOGITS)

    np.testing.assert_allclose(curve(ours), curve(plain), 1e-4, 1e-5)


def test_nothing_is_heard_of_rows_that_weigh_nothing() -> None:
    logits = LOGITS.at[1].set(jnp.nan).at[2].set(jnp.inf)
    gradient = jax.grad(ours)(logits, SOFT, WEIGHTS, CLASS_WEIGHTS, None, "mean")
    assert jnp.isfinite(gradient).all()
    assert (gradient[1:3] == 0).all()
    slopes = jax.grad(ours, (1, 2, 3))(logits, SOFT, WEIGHTS, CLASS_WEIGHTS, None, "mean")
    assert jnp.isfinite(slopes[0]).all()
    assert jnp.isnan(slopes[1]).tolist() == [False, True, False, False, False, False]
    assert jnp.isfinite(slopes[2]).all()
    curve = jax.jvp(
        lambda x: jax.grad(ours)(x, SOFT, WEIGHTS, CLASS_WEIGHTS, None, "mean"),
        (logits,),
        (jnp.ones_like(logits),),
    )[1]
    assert jnp.isfinite(curve).all()


def test_the_gradient_of_a_float16_mean_is_not_flushed() -> None:
    logits = jnp.asarray(RANDOM.normal(size=(4096, 50)), jnp.float16)
    labels = jnp.asarray(RANDOM.integers(0, 50, 4096))

    def loss(x: Any) -> Any:
        return 2.0**15 * fj.sparse_categorical_crossentropy(labels, x, from_logits=True)

    gradient = jax.jit(jax.grad(loss))(logits)
    assert gradient.dtype == jnp.float16
    rows = jnp.arange(4096)
    exact = jax.grad(lambda x: -jax.nn.log_softmax(x)[rows, labels].mean() * 2.0**15)(
        logits.astype(jnp.float32)
    )
    np.testing.assert_allclose(gradient, exact, rtol=2e-3, atol=1e-6)
    masked = jax.grad(lambda x: fj.huber(jnp.zeros_like(x), x, mask=rows < 4000) * 2.0**15)(logits)
    clipped = jnp.clip(logits, -1, 1).astype(jnp.float32)
    wanted = jnp.where(rows[:, None] < 4000, clipped / 50 / 4000 * 2.0**15, 0)
    np.testing.assert_allclose(masked, wanted, rtol=3e-3, atol=1e-6)


def test_a_value_alone_needs_no_gradient_and_both_are_one_call() -> None:
    def loss(x: Any) -> Any:
        return fj.sparse_categorical_crossentropy(LABELS, x, from_logits=True)

    def instructions(function: Any, *arguments: Any) -> list[str]:
        text = jax.jit(function).lower(*arguments).compile().as_text()
        lines = text[text.index("ENTRY") :].splitlines()[1:]
        free = (" parameter(", " constant(")
        return [line for line in lines if " = " in line and not any(each in line for each in free)]

    (value,) = instructions(loss, LOGITS)
    assert "f32[6,4]{1,0} custom-call" not in value
    assert value.count("f32[6,4]") == 1  # the operand's layout alone
    (both,) = instructions(jax.value_and_grad(loss), LOGITS)
    assert "custom-call" in both
    assert "(f32[], f32[6,4]{1,0})" in both


def test_weights_cost_nothing_unless_they_are_differentiated() -> None:
    def loss(x: Any, w: Any) -> Any:
        return fj.sparse_categorical_crossentropy(LABELS, x, from_logits=True, sample_weight=w)

    both = str(jax.make_jaxpr(jax.grad(loss))(LOGITS, WEIGHTS))
    assert "log_softmax" not in both
    assert " exp " not in both
    for i, argnums in ((1, 0), (2, (0, 1))):
        text = str(jax.make_jaxpr(jax.grad(loss, argnums))(LOGITS, WEIGHTS))
        assert text.count("ffi_call[") == 1, i
