"""adaptive_clip and clip_by_average_norm against NumPy, and their gradients against differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xgrad as xg

RNG = np.random.default_rng(9)


def adaptive(g: np.ndarray, w: np.ndarray, clipping: float, epsilon: float) -> np.ndarray:
    """Unit by unit, in loops."""
    out = np.array(g)
    units = [(..., k) for k in range(g.shape[-1])] if g.ndim > 1 else [...]
    for unit in units:
        most = clipping * max(np.linalg.norm(np.ravel(w[unit])), epsilon)
        norm = np.linalg.norm(np.ravel(g[unit]))
        if norm > most:
            out[unit] = g[unit] * most / norm
    return out


@pytest.mark.parametrize("shape", [(), (5,), (4, 3), (3, 3, 2, 4)], ids=str)
@pytest.mark.parametrize("device", ["cpu", "array_api_strict:device1"])
def test_adaptive_clip_is_that_of_the_paper(shape: tuple[int, ...], device: str) -> None:
    g, w = np.asarray(RNG.normal(size=shape)), np.asarray(RNG.normal(size=shape))
    g = np.asarray(g * RNG.choice([0.01, 1.0], size=shape[-1:]))
    tensors = [xg.asarray(x, device=device) for x in (g, w)]
    found = xg.adaptive_clip({"a": tensors[0]}, {"a": tensors[1]}, clipping=0.3)
    np.testing.assert_allclose(found["a"].numpy(), adaptive(g, w, 0.3, 1e-3), rtol=1e-12)


def test_zeros_can_be_left() -> None:
    w, g = xg.zeros(2), xg.asarray([3.0, 4.0])
    found = xg.adaptive_clip([g], [w], clipping=0.5, epsilon=0.1)
    np.testing.assert_allclose(found[0].numpy(), [0.03, 0.04])


def test_none_and_sparse_gradients() -> None:
    table = xg.ones((3, 2))
    rows = xg.IndexedSlices(xg.asarray([[3.0, 0.0], [3.0, 0.0]]), xg.asarray([1, 1]), (3, 2))
    none, dense = xg.adaptive_clip([None, rows], [table, table], clipping=1.0)
    assert none is None
    np.testing.assert_allclose(dense.numpy(), [[0, 0], [np.sqrt(3), 0], [0, 0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: xg.adaptive_clip([xg.ones(2)], [xg.ones(3)]), "must have the shape"),
        (lambda: xg.adaptive_clip([xg.ones(2)], []), "must have the structure"),
        (lambda: xg.adaptive_clip([xg.ones(2)], [xg.ones(2)], clipping=-1.0), "must be a norm"),
        (lambda: xg.clip_by_average_norm(xg.ones(2), -1.0), "must be a norm"),
        (lambda: xg.clip_by_average_norm(xg.asarray([1]), 1.0), "must be floating"),
    ],
    ids=["shape", "structure", "clipping", "norm", "integers"],
)
def test_mistakes_are_errors(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()


@pytest.mark.parametrize("shape", [(), (4,), (2, 3)], ids=str)
@pytest.mark.parametrize("c", [0.1, 10.0])
def test_average_norm_is_the_norm_over_the_number_of_elements(
    shape: tuple[int, ...], c: float
) -> None:
    x = np.asarray(RNG.normal(size=shape))
    average = np.linalg.norm(x.ravel()) / x.size
    found = xg.clip_by_average_norm([xg.asarray(x), None], c)
    np.testing.assert_allclose(found[0].numpy(), x * min(1.0, c / average), rtol=1e-12)
    assert found[1] is None


def test_average_norm_equals_tensorflows() -> None:
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    x = RNG.normal(size=(3, 4)).astype("float32")
    expected = tf.compat.v1.clip_by_average_norm(tf.constant(x), 0.1).numpy()
    np.testing.assert_allclose(
        xg.clip_by_average_norm(xg.asarray(x), 0.1).numpy(), expected, rtol=1e-5
    )


@pytest.mark.parametrize("clipped", [False, True])
def test_gradients_of_clipping(clipped: bool) -> None:
    x, w = RNG.normal(size=(2, 3)), RNG.normal(size=(2, 3))
    c = 0.05 if clipped else 50.0
    towards = RNG.normal(size=(2, 3))
    functions = [
        lambda x: xg.sum(xg.sin(3 * xg.clip_by_average_norm(x, c))),
        lambda x: xg.sum(xg.sin(3 * xg.adaptive_clip([x], [w], c)[0])),
        lambda x: xg.sum(xg.sin(3 * xg.adaptive_clip([w], [x], c)[0])),
    ]
    for f in functions:
        found = float(xg.sum(xg.grad(f)(xg.asarray(x)) * towards))
        ahead, behind = (float(f(xg.asarray(x + s * towards))) for s in (1e-6, -1e-6))
        assert found == pytest.approx((ahead - behind) / 2e-6, rel=1e-6, abs=1e-8)
