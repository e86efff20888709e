"""The losses on the GPUs of JAX: on an emulated one, and on a real one where there is one."""

import ctypes
import warnings
from collections.abc import Iterator
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export
from jax_calls import operands_of, without_jax

import fusedloss.jax as fj
from built import EMULATED, newest
from cases import DEFAULTS, FLOATS, Case
from core_calls import call_of, predictions_of, with_predictions
from fusedloss import _core
from fusedloss._formulas.calls import Call, Operands
from fusedloss._registry import BY_NAME
from fusedloss._xla import HANDLERS, TARGET
from fusedloss.jax import _custom_call, _gpus
from fusedloss.jax._loss import fused

# Runs XLA's operation for GPUs as one for the CPU, with what a GPU would have given it.
STAND_IN = newest("libemulated_xla.so")
EMULATED_TARGET = f"{TARGET}_emulated"
LOGITS = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
LABELS = np.arange(8) % 5


@lru_cache(maxsize=1)  # XLA refuses what it knows
def stand_in() -> ctypes.CDLL:
    library = ctypes.CDLL(str(STAND_IN))
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    handler = get_pointer(HANDLERS["CUDA"], b"xla._CUSTOM_CALL_TARGET")
    library.set_handler(ctypes.c_void_p(handler))
    jax.ffi.register_ffi_target(EMULATED_TARGET, jax.ffi.pycapsule(library.handle), platform="cpu")
    return library


def gpus() -> list[str]:
    usable = jax.default_backend() == "gpu" and _core.cuda_problem() is None
    return ["emulated", "hardware"] if usable else ["emulated"]


@pytest.fixture(params=gpus())
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "hardware":
        yield
        return
    if EMULATED is None or STAND_IN is None:
        pytest.skip("no emulated GPU under build/: `make test` builds it")
    library = stand_in()
    monkeypatch.setattr(_custom_call, "TARGET", EMULATED_TARGET)
    _core.open_emulated_cuda(str(EMULATED))
    fused.clear_cache()
    try:
        with jax.default_device(jax.devices("cpu")[0]):
            yield
    finally:
        _core.open_emulated_cuda(None)
        fused.clear_cache()
    assert library.memory_in_use() == 0


def differentiated(call: Call, operands: Operands) -> Any:
    """The loss, and its derivatives by all predictions."""

    def loss(*each: Any) -> Any:
        return fused(call, False, with_predictions(operands, each))[0]

    predictions = predictions_of(operands)
    return jax.jit(jax.value_and_grad(loss, tuple(range(len(predictions)))))(*predictions)


def assert_right(call: Call, operands: Operands) -> None:
    """As the core on the CPU; float32, where losses are added up in another order."""
    wanted = without_jax(call, operands)
    loss, gradients = differentiated(call, operands)
    np.testing.assert_allclose(loss, wanted.loss, rtol=1e-6)
    for got, want in zip(gradients, wanted.grads, strict=True):
        assert got.dtype == want.dtype
        limit = 4 * float(jnp.finfo(got.dtype).eps)
        each, other = (np.asarray(array).astype(np.float64) for array in (got, want))
        np.testing.assert_allclose(each, other, rtol=limit, atol=limit * abs(other).max())


def crossentropy(reduction: int, **options: Any) -> Call:
    loss = BY_NAME["categorical_crossentropy_from_logits"]
    params = tuple(each.default for each in loss.parameters)
    return Call(loss.id, params, None, 1, reduction)._replace(**options)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("case", DEFAULTS[::6], ids=str)  # what XLA gives is read alike for all
def test_losses_and_gradients(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float32), (9, 7))
    assert_right(call_of(case, inputs, _core.MEAN), operands_of(inputs))


@pytest.mark.usefixtures("gpu", "float64")
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("case", [DEFAULTS[0], DEFAULTS[-1]], ids=str)
def test_dtypes(case: Case, dtype: np.dtype[Any]) -> None:
    inputs = case.inputs(dtype, (9, 7))
    assert_right(call_of(case, inputs, _core.MEAN), operands_of(inputs))


@pytest.mark.usefixtures("gpu")
def test_the_scale_of_float16_gradients_is_float32() -> None:
    loss, gradient = jax.value_and_grad(lambda x: fj.huber(jnp.zeros_like(x), x))(
        jnp.asarray(LOGITS, jnp.float16)
    )
    assert loss.dtype == jnp.float32
    np.testing.assert_allclose(gradient, np.clip(LOGITS, -1, 1) / LOGITS.size, rtol=2e-3, atol=1e-7)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("reduction", [_core.NONE, _core.SUM, _core.MEAN, _core.WEIGHTED_MEAN])
def test_weights_masks_and_ignored_labels(reduction: int) -> None:
    random = np.random.default_rng(1)
    operands = Operands(
        jnp.asarray(LABELS),
        jnp.asarray(LOGITS),
        sample_weight=jnp.asarray(random.uniform(size=8), jnp.float32),
        mask=jnp.asarray([True] * 6 + [False, True]),
        class_weight=jnp.asarray(random.uniform(size=5), jnp.float32),
    )
    call = crossentropy(reduction, ignore_label=3)
    if reduction != _core.NONE:
        return assert_right(call, operands)
    total, _ = differentiated(call._replace(reduction=_core.SUM), operands)
    losses, _ = fused(call, False, operands)
    np.testing.assert_allclose(losses.sum(), total, rtol=1e-6)
    return None


@pytest.mark.usefixtures("gpu")
def test_a_divisor_of_the_device() -> None:
    call, operands = crossentropy(_core.MEAN), Operands(jnp.asarray(LABELS), jnp.asarray(LOGITS))
    loss, (gradient,) = differentiated(call, operands)
    halved, (half,) = differentiated(call, operands._replace(divisor=jnp.float32(16)))
    np.testing.assert_allclose(halved, loss / 2, rtol=1e-6)
    np.testing.assert_allclose(half, gradient / 2, rtol=1e-6, atol=1e-9)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("wide", [False, True])
def test_statistics(wide: bool, request: pytest.FixtureRequest) -> None:
    if wide:
        request.getfixturevalue("float64")
    _, found = fj.sparse_categorical_crossentropy(
        LABELS, LOGITS, from_logits=True, return_statistics=True
    )
    wanted = jax.nn.log_softmax(LOGITS)
    np.testing.assert_allclose(found.log_sum_exp, jax.nn.logsumexp(LOGITS, 1), rtol=1e-6)
    np.testing.assert_allclose(found.label_log_prob, wanted[np.arange(8), LABELS], rtol=1e-5)
    np.testing.assert_allclose(found.entropy, -(jnp.exp(wanted) * wanted).sum(1), rtol=1e-5)
    np.testing.assert_array_equal(found.argmax, LOGITS.argmax(1))
    assert found.argmax.dtype == (jnp.int64 if wide else jnp.int32)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("reduction", ["none", "sum"])  # joined into one call, and one call each
def test_vmap(reduction: str) -> None:
    weight = jnp.arange(1.0, 6.0)

    def loss(y: Any, x: Any) -> Any:
        total = fj.sparse_categorical_crossentropy(
            y, x, from_logits=True, class_weight=weight, reduction=reduction
        )
        return total.sum()

    x = jnp.stack([LOGITS, LOGITS + 1, -LOGITS])
    got = jax.jit(jax.vmap(jax.value_and_grad(loss, 1), (None, 0)))(LABELS, x)
    for place in range(3):
        wanted = jax.value_and_grad(loss, 1)(LABELS, x[place])
        np.testing.assert_allclose(got[0][place], wanted[0], rtol=1e-6)
        np.testing.assert_allclose(got[1][place], wanted[1], rtol=1e-6, atol=1e-7)


@pytest.mark.usefixtures("gpu")
def test_a_label_that_is_no_class_makes_its_loss_nan() -> None:
    losses = fj.sparse_categorical_crossentropy(
        np.array([1, 7]), LOGITS[:2], from_logits=True, reduction="none"
    )
    assert np.isnan(losses).tolist() == [False, True]


@pytest.mark.usefixtures("gpu")
def test_rows_without_elements() -> None:
    x = jnp.zeros((0, 5))
    loss, gradient = jax.value_and_grad(lambda x: fj.huber(x, x))(x)
    assert loss == 0
    assert gradient.shape == (0, 5)


def uses_kernels(platform: str) -> bool:
    """Whether a program for a platform does."""
    function = jax.jit(jax.value_and_grad(lambda x: fj.huber(jnp.zeros_like(x), x)))
    checks = [export.DisabledSafetyCheck.custom_call(TARGET)]
    program = export.export(function, platforms=[platform], disabled_checks=checks)(LOGITS)
    return TARGET in program.mlir_module()


@pytest.mark.parametrize("problem", [None, "its driver is missing", "old"])
def test_programs_for_gpus_use_the_kernels_where_there_are_some(
    problem: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    capability = "7.5" if problem == "old" else "9.0"
    device = SimpleNamespace(device_kind="GPU 1", compute_capability=capability)
    monkeypatch.setattr(jax, "local_devices", lambda: [device])
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(_core, "cuda_problem", lambda: None if problem == "old" else problem)
    _gpus._warn.cache_clear()
    fused.clear_cache()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        used = {name: uses_kernels(name) for name in ("cpu", "cuda", "rocm", "tpu")}
    fused.clear_cache()
    assert used == {"cpu": True, "cuda": problem is None, "rocm": False, "tpu": False}
    words = {"old": "GPU 1 is older than compute capability 8.0"}.get(str(problem), problem)
    assert [str(words) in str(each.message) for each in told] == [True] * (problem is not None)


def test_the_kernels_of_gpus_refuse_a_cpu() -> None:
    name = f"{TARGET}_for_gpus"
    jax.ffi.register_ffi_target(name, HANDLERS["CUDA"], platform="cpu")
    call = jax.ffi.ffi_call(name, jax.ShapeDtypeStruct((), jnp.float32))
    with pytest.raises((ValueError, RuntimeError)):
        jax.block_until_ready(jax.jit(call)(LOGITS))
