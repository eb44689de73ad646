"""einops' functions on Tensors, through its backend for them and through einops.array_api."""

import numpy as np
import pytest

import xgrad as xg

einops = pytest.importorskip("einops", reason="einops is not installed")
einops_array_api = pytest.importorskip("einops.array_api", reason="this einops has no array_api")

import xgrad.compat.einops

U = np.random.default_rng(5).normal(size=(2, 3, 4))
M = U[0]

BOTH = {
    "rearrange": lambda e, u: e.rearrange(u, "a b c -> c (b a)"),
    "rearrange, split": lambda e, u: e.rearrange(u, "a b (c d) -> d a (b c)", c=2),
    "mean": lambda e, u: e.reduce(u, "a b c -> b", "mean"),
    "max": lambda e, u: e.reduce(u, "a b (c d) -> a c", "max", d=2),
    "sum": lambda e, u: e.reduce(u, "a b c -> a 1 1", "sum"),
    "prod": lambda e, u: e.reduce(u, "a b c -> c", "prod"),
    "min": lambda e, u: e.reduce(u, "a b c -> a", "min"),
    "repeat": lambda e, u: e.repeat(u, "a b c -> (k a) b c 2", k=3),
    "list": lambda e, u: e.rearrange([u[0], u[1] * 2.0], "k a b -> a b k"),
    "pack": lambda e, u: e.pack([u, u[:, :, 0]], "a *")[0],
    "unpack": lambda e, u: e.unpack(u, [[2], [1]], "a * c")[1],
}
EINOPS_ONLY = {
    "einsum": lambda e, u: e.einsum(u, u, "a b c, a d c -> b d"),
    "reduce by a function": lambda e, u: e.reduce(
        u, "a b c -> c", lambda x, axes: x.sum(axis=axes)
    ),
}
CALLS = {
    **{f"{name}, array_api": (f, einops_array_api) for name, f in BOTH.items()},
    **{f"{name}, einops": (f, einops) for name, f in (BOTH | EINOPS_ONLY).items()},
}


@pytest.mark.parametrize(("f", "module"), list(CALLS.values()), ids=CALLS)
def test_value_is_numpys_and_followed(f, module, rng):
    expected = f(einops, U)
    weights = rng.normal(size=expected.shape)
    v = xg.Variable(U)
    with xg.GradientTape() as tape:
        found = f(module, v.value())
        y = xg.sum(found * weights)
    assert isinstance(found, xg.Tensor)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-14)
    gradient = tape.gradient(y, v).numpy()
    step = 1e-6
    for place in [(0, 0, 0), (1, 2, 3), (0, 1, 2), (1, 0, 1)]:
        moved = np.zeros_like(U)
        moved[place] = step
        slope = np.sum((f(einops, U + moved) - f(einops, U - moved)) * weights) / (2 * step)
        np.testing.assert_allclose(gradient[place], slope, rtol=1e-7, atol=1e-8)


def test_other_answers():
    x = xg.Variable(M)
    assert einops.parse_shape(x, "a b") == {"a": 3, "b": 4}
    np.testing.assert_array_equal(einops.asnumpy(x), M)
    with pytest.raises(einops.EinopsError):
        einops.rearrange(x, "a b c -> a")


def test_integers_have_no_mean():
    with pytest.raises(Exception, match="float"):
        einops.reduce(xg.asarray([[1, 2]]), "a b -> a", "mean")


def test_backend_works_on_other_libraries_arrays(device):
    x = xg.asarray(U, dtype=xg.float64, device=device)
    y = einops.reduce(x, "a b c -> c b", "sum")
    assert y.device == device
    np.testing.assert_allclose(y.numpy(), U.sum(0).T, rtol=1e-14)
