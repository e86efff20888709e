"""What JAX does to functions: jit, scan, checkpoint, export, several devices, other devices."""

import os
import subprocess
import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

import fusedloss.jax as fj
from fusedloss.jax import _loss
from fusedloss.jax._custom_call import TARGET

RANDOM = np.random.default_rng(0)
LOGITS = jnp.asarray(RANDOM.normal(size=(8, 5)), jnp.float32)
LABELS = jnp.asarray(RANDOM.integers(0, 5, 8))


def loss(labels: Any, logits: Any, inplace: bool = False) -> Any:
    return fj.sparse_categorical_crossentropy(labels, logits, from_logits=True, inplace=inplace)


def test_eager_and_jit_agree() -> None:
    for function in (loss, jax.grad(loss, argnums=1)):
        np.testing.assert_array_equal(function(LABELS, LOGITS), jax.jit(function)(LABELS, LOGITS))


def test_large_work_runs_on_many_threads_with_the_same_bits() -> None:
    import fusedloss as fl

    logits = RANDOM.normal(size=(2000, 300)).astype(np.float32)
    labels = RANDOM.integers(0, 300, 2000)
    wanted = fl.sparse_categorical_crossentropy(labels, logits, from_logits=True, return_grad=True)
    function = jax.jit(jax.value_and_grad(loss, argnums=1))
    for _ in range(20):
        for got, want in zip(function(labels, logits), wanted, strict=True):
            np.testing.assert_array_equal(got, want)


def test_scan_and_checkpoint() -> None:
    def total(logits: Any) -> Any:
        def step(carry: Any, row: Any) -> Any:
            label, each = row
            return carry + jax.checkpoint(loss)(label[None], each[None]), None

        return jax.lax.scan(step, 0.0, (LABELS, logits))[0]

    np.testing.assert_allclose(total(LOGITS), 8 * loss(LABELS, LOGITS), rtol=1e-6)
    np.testing.assert_allclose(
        jax.grad(total)(LOGITS), 8 * jax.grad(loss, argnums=1)(LABELS, LOGITS), rtol=1e-5, atol=1e-7
    )


def test_vmap_of_some_arguments_and_twice() -> None:
    many = jnp.stack([LOGITS, 2 * LOGITS, -LOGITS])
    for batched in (many, jnp.stack([many, many + 1])):
        function, plain = (
            jax.grad(loss, argnums=1),
            jax.grad(lambda y, x: -jax.nn.log_softmax(x)[jnp.arange(8), y].mean(), argnums=1),
        )
        for _ in range(batched.ndim - 2):
            function, plain = (jax.vmap(f, in_axes=(None, 0)) for f in (function, plain))
        got, want = function(LABELS, batched), plain(LABELS, batched)
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-7)
    labels = jnp.stack([LABELS, (LABELS + 1) % 5])
    got = jax.vmap(loss, in_axes=(0, None))(labels, LOGITS)
    np.testing.assert_array_equal(got, [loss(each, LOGITS) for each in labels])


def test_vmap_of_functions_of_one_sample() -> None:
    def sparse(y: Any, x: Any) -> Any:
        return fj.sparse_categorical_crossentropy(y, x, from_logits=True)

    def weighted(y: Any, x: Any) -> Any:
        return fj.binary_crossentropy(y, x, from_logits=True, pos_weight=2.0)

    wanted = -jax.nn.log_softmax(LOGITS)[jnp.arange(8), LABELS]
    np.testing.assert_allclose(jax.vmap(sparse)(LABELS, LOGITS), wanted, rtol=1e-6)
    soft = jax.nn.softmax(-LOGITS)
    got = jax.vmap(lambda y, x: fj.categorical_crossentropy(y, x, from_logits=True))(soft, LOGITS)
    np.testing.assert_allclose(got, -(soft * jax.nn.log_softmax(LOGITS)).sum(1), rtol=1e-6)
    got = jax.vmap(fj.cosine_similarity)(soft, LOGITS)
    lengths = jnp.linalg.norm(soft, axis=1) * jnp.linalg.norm(LOGITS, axis=1)
    np.testing.assert_allclose(got, -(soft * LOGITS).sum(1) / lengths, rtol=1e-5)
    y, x = soft[:, 0], LOGITS[:, 0]
    wanted = -2 * y * jax.nn.log_sigmoid(x) - (1 - y) * jax.nn.log_sigmoid(-x)
    np.testing.assert_allclose(jax.vmap(weighted)(y, x), wanted, rtol=1e-6)
    with pytest.raises(ValueError, match="y_pred must have an axis along which a row lies"):
        sparse(LABELS[0], LOGITS[0, 0])


def test_export_with_symbolic_shapes() -> None:
    rows = export.symbolic_shape("n, 5")
    arguments = (
        jax.ShapeDtypeStruct(rows[:1], LABELS.dtype),
        jax.ShapeDtypeStruct(rows, jnp.float32),
    )
    function = jax.jit(jax.value_and_grad(loss, argnums=1))
    checks = [export.DisabledSafetyCheck.custom_call(TARGET)]
    exported = export.export(function, disabled_checks=checks)(*arguments)
    for count in (1, 8):
        got = exported.call(LABELS[:count], LOGITS[:count])
        want = function(LABELS[:count], LOGITS[:count])
        np.testing.assert_array_equal(got[0], want[0])
        np.testing.assert_array_equal(got[1], want[1])


def compiled(function: Any, *arguments: Any) -> Any:
    return jax.jit(function).lower(*arguments).compile()


def test_a_gradient_in_place_takes_the_memory_of_the_predictions() -> None:
    bytes_of_logits = LOGITS.size * 4

    def program(inplace: bool) -> Any:
        return compiled(jax.value_and_grad(lambda x: loss(LABELS, 2 * x, inplace=inplace)), LOGITS)

    ours, other = program(True), program(False)
    sizes = (each.memory_analysis().temp_size_in_bytes for each in (other, ours))
    assert next(sizes) - next(sizes) >= bytes_of_logits
    for got, want in zip(ours(LOGITS), other(LOGITS), strict=True):
        np.testing.assert_array_equal(got, want)


def test_predictions_that_are_needed_outlive_a_gradient_in_place() -> None:
    def both(x: Any, inplace: bool) -> Any:
        doubled = 2 * x
        return loss(LABELS, doubled, inplace=inplace), doubled

    differentiate = jax.value_and_grad(both, has_aux=True)
    ours, other = (jax.jit(partial(differentiate, inplace=each))(LOGITS) for each in (True, False))
    jax.tree.map(np.testing.assert_array_equal, ours, other)
    before = np.array(LOGITS)
    jax.block_until_ready(jax.jit(jax.grad(partial(loss, inplace=True), argnums=1))(LABELS, LOGITS))
    np.testing.assert_array_equal(LOGITS, before)


@pytest.mark.parametrize("axes", [(0, 0), (None, 0), (0, None)], ids=str)
def test_vmap_of_gradients_in_place(axes: Any) -> None:
    labels, logits = jnp.stack([LABELS, (LABELS + 1) % 5]), jnp.stack([LOGITS, -LOGITS])
    arguments = [x if axis == 0 else x[0] for x, axis in zip((labels, logits), axes, strict=True)]
    ours, other = (
        jax.jit(jax.vmap(jax.grad(partial(loss, inplace=inplace), argnums=1), axes))(*arguments)
        for inplace in (True, False)
    )
    np.testing.assert_array_equal(ours, other)


def test_a_program_of_another_version_is_refused() -> None:
    call = jax.ffi.ffi_call(TARGET, jax.ShapeDtypeStruct((), jnp.float32))
    with pytest.raises((ValueError, RuntimeError), match="attribute loss is missing"):
        jax.block_until_ready(jax.jit(call)(LOGITS))


@pytest.mark.parametrize("platform", ["kernel", "formula"])
def test_other_devices_use_the_formula(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    def gradient() -> Any:
        each = jax.value_and_grad(lambda x: fj.huber(jnp.zeros_like(x), x, delta=0.75))
        return each(LOGITS)

    wanted = gradient()
    _loss.fused.clear_cache()
    monkeypatch.setattr(jax, "default_backend", lambda: "other")
    if platform == "formula":
        kernel = jax.lax.platform_dependent

        def pretended(*arguments: Any, cpu: Any, default: Any) -> Any:
            assert jax.eval_shape(cpu, *arguments) == jax.eval_shape(default, *arguments)
            return kernel(*arguments, cpu=default, default=default)

        monkeypatch.setattr(jax.lax, "platform_dependent", pretended)
    got = gradient()
    _loss.fused.clear_cache()
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


SHARDED = """
import jax, jax.numpy as jnp, numpy as np, fusedloss.jax as fl
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P

mesh = Mesh(np.array(jax.devices()).reshape(2, 2), ("a", "b"))
def place(x, *spec): return jax.device_put(x, NamedSharding(mesh, P(*spec)))
random = np.random.default_rng(0)
x = random.normal(size=(16, 6)).astype("f")
y = random.integers(0, 6, 16)
w = random.uniform(size=16).astype("f")
rows = (("a", "b"),)

def check(function, plain, arguments, specs, reductions):
    sharded = [place(each, *spec) for each, spec in zip(arguments, specs)]
    differentiate = jax.jit(jax.value_and_grad(function, argnums=1))
    loss, gradient = differentiate(*sharded)
    wanted, slope = jax.value_and_grad(plain, argnums=1)(*map(jnp.asarray, arguments))
    np.testing.assert_allclose(loss, wanted, rtol=1e-5)
    np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-7)
    assert gradient.sharding.is_equivalent_to(sharded[1].sharding, gradient.ndim)
    text = differentiate.lower(*sharded).compile().as_text()
    assert "all-gather" not in text, text
    assert text.count(" all-reduce(") <= reductions, text

def losses(y, x): return -jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], 1)[:, 0]
sparse = fl.sparse_categorical_crossentropy
check(lambda y, x: sparse(y, x, from_logits=True),
      lambda y, x: losses(y, x).mean(), (y, x), (rows, rows), 1)
check(lambda y, x: sparse(y, x, from_logits=True, reduction="none").sum(),
      lambda y, x: losses(y, x).sum(), (y, x), (rows, rows), 1)
check(lambda y, x, w: sparse(y, x, from_logits=True, sample_weight=w, ignore_class=5,
                             reduction="mean_with_sample_weight"),
      lambda y, x, w: (losses(y, x) * w * (y != 5)).sum() / (w * (y != 5)).sum(),
      (y, x, w), (rows, rows, rows), 2)
check(lambda y, x: fl.huber(y, x, inplace=True), lambda y, x: jnp.where(
      abs(x - y) < 1, (x - y) ** 2 / 2, abs(x - y) - .5).mean(), (2 * x, x), (rows, rows), 1)
flat = x.ravel()
check(lambda y, x: fl.binary_crossentropy(y, x, from_logits=True, pos_weight=2.0),
      lambda y, x: -(2 * y * jax.nn.log_sigmoid(x) + (1 - y) * jax.nn.log_sigmoid(-x)).mean(),
      ((flat > 0).astype("f"), flat), (rows, rows), 1)
batch = lambda y, x: jax.vmap(lambda y, x: sparse(y, x, from_logits=True))(y, x).sum()
check(batch, lambda y, x: 4 * losses(y.ravel(), x.reshape(16, 6)).mean(),
      (y.reshape(4, 4), x.reshape(4, 4, 6)), (("a",), ("a",)), 1)
small = x.astype("float16")
half = jax.jit(jax.grad(lambda x: fl.huber(jnp.zeros_like(x), x)))(place(small, *rows))
np.testing.assert_allclose(half, np.clip(small, -1, 1) / x.size, rtol=2e-3, atol=1e-7)
assert fl.huber(x, 2 * x).shape == ()
empty = sparse(y, x, from_logits=True, mask=np.zeros(16, bool))
assert empty == 0
print("right")
"""


def test_sharded_batches_stay_sharded() -> None:
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    environment |= {"JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(sys.path)}
    # fmt: off
    result = subprocess.run(
        [sys.executable, "-c", SHARDED], capture_output=True, text=True, timeout=300,
        env=environment,
    )
    # fmt: on
    assert result.stdout.strip() == "right", result.stderr[-3000:]
