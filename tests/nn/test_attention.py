"""Attention against torch, masks, queries that may look at nothing, transforms."""

import numpy as np
import pytest

import xgrad as xg

torch = pytest.importorskip("torch", reason="torch is not installed")
F = torch.nn.functional

RNG = np.random.default_rng(6)
Q, K, V = (
    RNG.normal(size=(2, 3, 5, 4)),
    RNG.normal(size=(2, 3, 6, 4)),
    RNG.normal(size=(2, 3, 6, 7)),
)
ALLOWED = RNG.uniform(size=(2, 1, 5, 6)) > 0.4
ALLOWED[..., 0] = True
ADDED = RNG.normal(size=(5, 6))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        ({"mask": ALLOWED}, {"attn_mask": ALLOWED}),
        ({"mask": ADDED}, {"attn_mask": ADDED}),
        ({"causal": True}, {"is_causal": True}),
        ({"scale": 0.3}, {"scale": 0.3}),
    ],
    ids=["plain", "booleans", "numbers", "causal", "scale"],
)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-6)])
def test_attention_agrees_with_torch(ours, theirs, dtype, tolerance):
    arrays = [a.astype(dtype) for a in (Q, K, V)]
    xs = [xg.asarray(a) for a in arrays]
    cast = lambda a: a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype == float else a
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = xg.nn.attention(*xs, **{key: cast(a) for key, a in ours.items()})
        loss = xg.sum(y * y)
    found = tape.gradient(loss, xs)
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    tensor = lambda a: torch.tensor(cast(a)) if isinstance(a, np.ndarray) else a
    y_torch = F.scaled_dot_product_attention(*ts, **{key: tensor(a) for key, a in theirs.items()})
    expected = torch.autograd.grad((y_torch * y_torch).sum(), ts)
    assert str(y.dtype) == dtype
    np.testing.assert_allclose(y.numpy(), y_torch.detach().numpy(), rtol=tolerance, atol=tolerance)
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=tolerance, atol=10 * tolerance)


def test_derivatives_of_attention_agree_with_differences():
    arrays = Q[0, 0, :3], K[0, 0, :3], V[0, 0, :3, :2], ADDED[:3, :3]
    f = lambda q, k, v, mask: xg.nn.attention(q, k, v, mask, causal=True)
    xg.testing.check_gradients(f, arrays, order=2, modes=("reverse", "forward"))


def test_attention_runs_on_every_device(other_device):
    xs = [xg.asarray(a, device=other_device) for a in (Q, K, V, ALLOWED)]
    y = xg.nn.attention(*xs, causal=True)
    assert y.device == other_device
    expected = xg.nn.attention(*map(xg.asarray, (Q, K, V, ALLOWED)), causal=True)
    np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-12)


def test_attention_of_examples_is_that_of_each():
    xs = [xg.asarray(a) for a in (Q, K, V)]
    y = xg.vmap(lambda q, k, v: xg.nn.attention(q, k, v, causal=True))(*xs)
    np.testing.assert_allclose(y.numpy(), xg.nn.attention(*xs, causal=True).numpy(), rtol=1e-12)


def test_recorded_attention_is_the_eager_one():
    xs = [xg.asarray(a) for a in (Q, K, V)]
    f = lambda q, k, v: xg.nn.attention(q, k, v, causal=True)
    np.testing.assert_allclose(xg.function(f)(*xs).numpy(), f(*xs).numpy(), rtol=1e-12)


def test_heads_of_keys_may_be_shared():
    y = xg.nn.attention(Q, K[:, :1], V[:, :1])
    expected = xg.nn.attention(Q, np.repeat(K[:, :1], 3, 1), np.repeat(V[:, :1], 3, 1))
    np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-13)


@pytest.mark.parametrize("numbers", [False, True])
def test_a_query_that_may_look_at_nothing_gets_zeros_and_gives_no_gradient(numbers):
    mask = ALLOWED[0, 0].copy()
    mask[2] = False
    mask = np.where(mask, 0.0, -np.inf) if numbers else mask
    xs = [xg.asarray(a[0, 0]) for a in (Q, K, V)]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = xg.nn.attention(*xs, mask)
    assert y[2].tolist() == [0.0] * 7
    found = [g.numpy() for g in tape.gradient(y, xs)]
    assert all(np.isfinite(g).all() for g in found)
    assert not found[0][2].any()


def test_extreme_scores_do_not_overflow():
    y = xg.nn.attention(Q * 1e4, K * 1e4, V)
    best = np.argmax(Q @ np.swapaxes(K, -1, -2), axis=-1)
    np.testing.assert_allclose(y.numpy(), np.take_along_axis(V, best[..., None], -2), rtol=1e-12)


def test_dropout_of_weights_keeps_the_mean():
    rng = xg.random.Generator(0)
    ones = np.ones((2000, 6, 1))
    y = xg.nn.attention(
        np.zeros((2000, 5, 4)), np.zeros((2000, 6, 4)), ones, dropout_rate=0.5, rng=rng
    )
    assert abs(y.numpy().mean() - 1) < 0.02
    assert y.numpy().std() > 0.1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((Q, K[..., :3], V), xg.errors.ShapeError, r"do not fit: expected .*Use xg.moveaxis"),
        ((Q, K, V[..., :5, :]), xg.errors.ShapeError, "do not fit"),
        ((Q[0, 0, 0], K, V), xg.errors.ShapeError, "two axes at least"),
        ((Q, K, V, ALLOWED.astype(int)), xg.errors.DTypeError, "Use mask != 0"),
        ((Q, K, V, ADDED[:, :5]), xg.errors.ShapeError, r"mask \(5, 5\).*does not broadcast"),
        ((Q * 1j, K, V), xg.errors.DTypeError, "q must be real"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        xg.nn.attention(*arguments)
