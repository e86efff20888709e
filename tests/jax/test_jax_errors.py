"""What is wrong is refused: by shapes and dtypes at once, by values when the loss is computed."""

import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fusedloss.jax as fj

X = jnp.ones((4, 3))
LABELS = jnp.zeros(4, jnp.int32)


def test_a_label_out_of_range_names_the_row() -> None:
    labels = LABELS.at[2].set(3)
    for function in (
        fj.sparse_categorical_crossentropy,
        jax.jit(fj.sparse_categorical_crossentropy),
    ):
        with pytest.raises((ValueError, RuntimeError), match="label 3 in row 2"):
            jax.block_until_ready(function(labels, X))
    differentiate = jax.grad(fj.multi_margin, argnums=1)
    with pytest.raises((ValueError, RuntimeError), match="label 3 in row 2"):
        jax.block_until_ready(differentiate(labels, X))


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, "add an axis", lambda: fj.huber(jnp.ones(4), jnp.ones((4, 1)))),
        (ValueError, "shape of y_pred", lambda: fj.huber(X, X[:, :2])),
        (TypeError, "jax.Array or a numpy.ndarray", lambda: fj.huber([0.0], X)),
        (TypeError, "y_pred must be float16", lambda: fj.huber(X, LABELS)),
        (ValueError, "delta must be finite and > 0", lambda: fj.huber(X, X, delta=0)),
        (TypeError, "delta must be a number", lambda: fj.huber(X, X, delta=jnp.float32(1))),
        (ValueError, "reduction must be", lambda: fj.huber(X, X, reduction="median")),
        (ValueError, "has none", lambda: fj.huber(X, X, reduction="sum", denominator=2.0)),
        (ValueError, "0-d array", lambda: fj.huber(X, X, denominator=jnp.ones(2))),
        (ValueError, "denominator must be", lambda: fj.huber(X, X, denominator=0)),
        (TypeError, "mask must be a bool", lambda: fj.huber(X, X, mask=jnp.ones(4))),
        (ValueError, "broadcast to the shape", lambda: fj.huber(X, X, sample_weight=jnp.ones(3))),
        (ValueError, "integer", lambda: fj.categorical_crossentropy(LABELS, X)),
        (TypeError, "integer dtype", lambda: fj.sparse_categorical_crossentropy(X[:, 0], X)),
        (ValueError, "class_weight must", lambda: fj.nll(LABELS, X, class_weight=[1.0])),
        (ValueError, "variance must be finite", lambda: fj.gaussian_nll(X, X, -1.0)),
    ],
)
def test_errors(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=message):
        call()


def test_numpy_alone_does_not_import_jax() -> None:
    script = "import sys, fusedloss; print('jax' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.stdout.strip() == "False", result.stderr


def test_an_old_jaxlib_is_refused() -> None:
    script = "import jaxlib.version as v; v.__version__ = '0.4.38'; import fusedloss.jax"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "ImportError: fusedloss.jax needs jaxlib 0.7 or later, got 0.4.38" in result.stderr


def test_numpy_arrays_are_taken() -> None:
    assert fj.huber(np.zeros(3), np.ones(3)) == 0.5
