"""Clipping by value and by norms (tensorflow-reference.md, section 2.12, and seed 001).

The cases have no numbers there; they are K1 .. K17 here, in their order. Oracles: numpy, torch's
clip_grad_norm_, and differences."""

import math

import numpy as np
import pytest
from numerical import complex_step_gradients, difference_gradients

import xgrad as xg

A = np.array([[3.0, -4.0], [0.5, 1.0]])
B = np.array([2.0, -1.0, 0.25])


def slices(device="cpu"):
    """Rows 0, 2 and 0 again, of a table of shape (4, 2); row 0 sums to [4, 0]."""
    values = xg.asarray([[3.0, 4.0], [0.0, 3.0], [1.0, -4.0]], device=device)
    return xg.IndexedSlices(values, xg.asarray([0, 2, 0], device=device), (4, 2))


def gradient_of(f, *xs):
    xs = [xg.asarray(x) for x in xs]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    return [g.numpy() for g in tape.gradient(y, xs)]


# -- clip_by_global_norm -----------------------------------------------------------------------


def test_global_norm_is_that_of_one_long_vector(device):
    found = xg.global_norm([xg.asarray(A, device=device), xg.asarray(B, device=device)])
    assert found.device == device
    np.testing.assert_allclose(found.numpy(), np.sqrt(np.sum(A**2) + np.sum(B**2)), rtol=1e-15)


def test_clipping_by_global_norm_scales_all_alike(device):
    ts = {"a": xg.asarray(A, device=device), "b": [xg.asarray(B, device=device), None]}
    clipped, norm = xg.clip_by_global_norm(ts, 1.5)
    expected = np.sqrt(np.sum(A**2) + np.sum(B**2))
    np.testing.assert_allclose(norm.numpy(), expected, rtol=1e-15)
    np.testing.assert_allclose(clipped["a"].numpy(), A * 1.5 / expected, rtol=1e-14)
    np.testing.assert_allclose(clipped["b"][0].numpy(), B * 1.5 / expected, rtol=1e-14)
    assert clipped["b"][1] is None
    assert clipped["a"].device == device


def test_clipping_by_global_norm_agrees_with_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    parameters = [torch.nn.Parameter(torch.zeros(x.shape, dtype=torch.float64)) for x in (A, B)]
    for p, x in zip(parameters, (A, B), strict=True):
        p.grad = torch.tensor(x)
    total = torch.nn.utils.clip_grad_norm_(parameters, 2.0)
    clipped, norm = xg.clip_by_global_norm([A, B], 2.0)
    np.testing.assert_allclose(norm.numpy(), float(total), rtol=1e-14)
    for found, p in zip(clipped, parameters, strict=True):
        np.testing.assert_allclose(found.numpy(), p.grad.numpy(), rtol=1e-6)  # torch adds 1e-6


def test_what_is_short_enough_keeps_its_values_exactly():
    clipped, _ = xg.clip_by_global_norm([A, B], 100.0)
    np.testing.assert_array_equal(clipped[0].numpy(), A)
    np.testing.assert_array_equal(clipped[1].numpy(), B)


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_k1_norm_that_is_not_finite_makes_everything_nan(bad):
    clipped, norm = xg.clip_by_global_norm([np.array([bad, 1.0]), np.array([2.0])], 1.0)
    assert not np.isfinite(norm.numpy())
    assert math.isnan(bad) or float(norm) == math.inf
    assert all(np.all(np.isnan(x.numpy())) for x in clipped)


def test_k2_zero_norm_changes_nothing():
    clipped, norm = xg.clip_by_global_norm([np.zeros(2)], 1.0)
    assert float(norm) == 0
    assert clipped[0].tolist() == [0, 0]


def test_k3_use_norm_is_used():
    clipped, norm = xg.clip_by_global_norm([np.array([3.0, 4.0])], 1.0, use_norm=10.0)
    assert float(norm) == 10
    np.testing.assert_allclose(clipped[0].numpy(), [0.3, 0.4])
    clipped, _ = xg.clip_by_global_norm([np.array([3.0, 4.0])], 1.0, use_norm=xg.asarray(10.0))
    np.testing.assert_allclose(clipped[0].numpy(), [0.3, 0.4])


def test_k3_use_norm_must_be_one_number():
    with pytest.raises(xg.errors.ShapeError, match=r"use_norm \(2,\)"):
        xg.clip_by_global_norm([A], 1.0, use_norm=xg.asarray([1.0, 2.0]))


def test_k4_only_none():
    clipped, norm = xg.clip_by_global_norm([None], 1.0)
    assert clipped == [None]
    assert float(norm) == 0


def test_k5_nothing_at_all():
    clipped, norm = xg.clip_by_global_norm([], 1.0)
    assert clipped == []
    assert float(norm) == 0


@pytest.mark.parametrize("t", [xg.asarray(A), A, slices(), xg.Variable(A)], ids=repr)
def test_k6_one_array_instead_of_a_list_is_a_type_error(t):
    with pytest.raises(TypeError, match=r"must be a list or another nest.*Use \[t\]"):
        xg.clip_by_global_norm(t, 1.0)
    with pytest.raises(TypeError, match="global_norm: ts must be a list"):
        xg.global_norm(t)


def test_k7_clipping_to_zero_gives_zeros():
    clipped, _ = xg.clip_by_global_norm([A, B], 0)
    assert not np.any(clipped[0].numpy())
    assert not np.any(clipped[1].numpy())
    assert not np.any(xg.clip_by_norm(xg.asarray(A), 0.0).numpy())


@pytest.mark.parametrize("c", [-1.0, math.nan, xg.asarray(-0.5), np.float32(-2)], ids=repr)
def test_k8_negative_norm_is_refused(c):
    with pytest.raises(ValueError, match="must be a norm, but is"):
        xg.clip_by_global_norm([A], c)
    with pytest.raises(ValueError, match="must be a norm, but is"):
        xg.clip_by_norm(A, c)


@pytest.mark.parametrize("c", ["1", None, True, 1j], ids=repr)
def test_k8_norm_that_is_no_number_is_refused(c):
    with pytest.raises(TypeError, match="c must be a number"):
        xg.clip_by_norm(A, c)


def test_k9_float32_and_float64_together_keep_their_dtypes(device):
    dtypes = (xg.float32, xg.float64)
    ts = [xg.asarray([x], dtype=d, device=device) for x, d in zip((3.0, 4.0), dtypes, strict=True)]
    clipped, norm = xg.clip_by_global_norm(ts, 1.0)
    assert [x.dtype for x in clipped] == [x.dtype for x in ts]
    assert norm.dtype == ts[1].dtype
    np.testing.assert_allclose(clipped[0].numpy(), [0.6], rtol=1e-6)
    np.testing.assert_allclose(clipped[1].numpy(), [0.8], rtol=1e-14)


def test_k10_float16_does_not_overflow():
    t = np.array([300, 400], dtype=np.float16)
    clipped, norm = xg.clip_by_global_norm([t], 5.0)
    assert norm.dtype == np.float32
    assert float(norm) == 500
    assert clipped[0].dtype == np.float16
    np.testing.assert_allclose(clipped[0].numpy(), [3, 4])
    assert xg.clip_by_norm(t, 5.0).tolist() == [3, 4]


def test_k11_integers_are_refused():
    for clip in (
        lambda t: xg.clip_by_norm(t, 1.0),
        lambda t: xg.clip_by_global_norm([t], 1.0),
        lambda t: xg.clip_by_value(t, 0, 1),
        lambda t: xg.global_norm([t]),
    ):
        with pytest.raises(TypeError, match="must be floating or complex"):
            clip(np.array([1, 2]))


def test_two_devices_are_an_error():
    pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    ts = [xg.asarray(A), xg.asarray(B, device="array_api_strict:device1")]
    with pytest.raises(xg.errors.DeviceMismatchError):
        xg.clip_by_global_norm(ts, 1.0)


# -- clip_by_norm ------------------------------------------------------------------------------


def test_clip_by_norm_scales_down_to_the_norm(device):
    found = xg.clip_by_norm(xg.asarray(A, device=device), 2.0)
    np.testing.assert_allclose(found.numpy(), A * 2 / np.linalg.norm(A), rtol=1e-14)


def test_every_leaf_of_a_nest_has_its_own_norm():
    found = xg.clip_by_norm({"a": A, "b": B}, 2.0)
    np.testing.assert_allclose(found["a"].numpy(), A * 2 / np.linalg.norm(A), rtol=1e-14)
    np.testing.assert_allclose(found["b"].numpy(), B * 2 / np.linalg.norm(B), rtol=1e-14)


@pytest.mark.parametrize("axes", [0, 1, -1, (0, 1), (1,)], ids=repr)
def test_axes_clip_every_slice_by_itself(axes, device):
    found = xg.clip_by_norm(xg.asarray(A, device=device), 2.0, axes=axes)
    norm = np.sqrt(np.sum(A**2, axis=axes, keepdims=True))
    np.testing.assert_allclose(found.numpy(), A * 2 / np.maximum(norm, 2), rtol=1e-14)


def test_k12_infinity_becomes_nan_and_the_rest_zero():
    found = xg.clip_by_norm(np.array([math.inf, 1.0]), 1.0).numpy()
    assert np.isnan(found[0])
    assert found[1] == 0
    assert np.all(np.isnan(xg.clip_by_norm(np.array([math.nan, 1.0]), 1.0).numpy()))


def test_k13_none_passes():
    assert xg.clip_by_norm(None, 1.0) is None
    assert xg.clip_by_norm([None, np.zeros(1)], 1.0)[0] is None


def test_k14_norm_with_axes_is_refused():
    with pytest.raises(ValueError, match="must be one number without axes"):
        xg.clip_by_norm(A, xg.asarray([1.0, 2.0]))


def test_zero_has_the_gradient_of_the_identity():
    (g,) = gradient_of(lambda x: xg.clip_by_norm(x, 1.0), np.zeros(2))
    assert g.tolist() == [1, 1]
    (g,) = gradient_of(lambda x: xg.clip_by_global_norm([x], 1.0)[0], np.zeros(2))
    assert g.tolist() == [1, 1]


def test_exactly_at_its_norm_has_the_gradient_of_the_identity():
    weight = np.array([2.0, -1.0])
    (g,) = gradient_of(lambda x: xg.sum(xg.clip_by_norm(x, 5.0) * weight), np.array([3.0, 4.0]))
    assert g.tolist() == [2, -1]


def test_limit_zero_at_zero_has_the_gradient_of_the_identity():
    (g,) = gradient_of(lambda x: xg.clip_by_norm(x, 0.0), np.zeros(2))
    assert g.tolist() == [1, 1]


@pytest.mark.parametrize("c", [0.7, 30.0])
def test_gradient_agrees_with_complex_step(c, rng):
    weight = rng.normal(size=A.shape)

    def reference(x):
        norm = np.sqrt(np.sum(x * x))
        return np.sum(x * (c / norm if norm.real > c else 1) * weight)

    found = gradient_of(lambda x: xg.sum(xg.clip_by_norm(x, c) * weight), A)
    np.testing.assert_allclose(found, complex_step_gradients(reference, [A]), rtol=1e-13)


def test_gradient_through_global_norm_reaches_everything_and_the_limit(rng):
    weight = rng.normal(size=3)

    def f(a, b, c):
        clipped, norm = xg.clip_by_global_norm([a, b], c)
        return xg.sum(clipped[1] * weight) + norm

    def reference(a, b, c):
        norm = np.sqrt(np.sum(a * a) + np.sum(b * b))
        return np.sum(b * c / norm * weight) + norm

    arrays = [A, B, np.array(1.5)]
    expected = complex_step_gradients(reference, arrays)
    for found, e in zip(gradient_of(f, *arrays), expected, strict=True):
        np.testing.assert_allclose(found, e, rtol=1e-13)


def test_second_order_agrees_with_differences_of_the_gradient(rng):
    weight, direction = rng.normal(size=A.shape), rng.normal(size=A.shape)

    def slope(x):
        return gradient_of(lambda t: xg.sum(xg.clip_by_norm(t, 1.3) * weight), x)[0]

    x = xg.asarray(A)
    with xg.GradientTape() as outer:
        outer.watch(x)
        with xg.GradientTape() as inner:
            inner.watch(x)
            y = xg.sum(xg.clip_by_norm(x, 1.3) * weight)
        along = xg.sum(inner.gradient(y, x) * direction)
    expected = difference_gradients(lambda a: np.sum(slope(a) * direction), [A])[0]
    np.testing.assert_allclose(outer.gradient(along, x).numpy(), expected, rtol=1e-8, atol=1e-9)


def test_global_norm_of_zeros_has_the_gradient_zero():
    (g,) = gradient_of(lambda x: xg.global_norm([x]), np.zeros(3))
    assert g.tolist() == [0, 0, 0]


def test_complex_norm_is_that_of_the_moduli(device):
    z = xg.asarray([3 + 4j, 0 - 12j], dtype=xg.complex128, device=device)
    np.testing.assert_allclose(xg.global_norm([z]).numpy(), 13, rtol=1e-15)
    found = xg.clip_by_norm(z, 1.3)
    assert found.dtype == z.dtype
    np.testing.assert_allclose(found.numpy(), np.array([3 + 4j, -12j]) / 10, rtol=1e-14)


# -- clip_by_value -----------------------------------------------------------------------------


def test_clip_by_value_keeps_between_the_bounds(device):
    found = xg.clip_by_value(xg.asarray(A, device=device), -0.5, 1.5)
    np.testing.assert_array_equal(found.numpy(), np.clip(A, -0.5, 1.5))


def test_clip_by_value_takes_nests_and_bounds_that_broadcast():
    low, high = np.array([-1.0, 0.0]), np.array([[2.0], [0.75]])
    found = xg.clip_by_value([A, None, (A,)], xg.asarray(low), xg.asarray(high))
    np.testing.assert_array_equal(found[0].numpy(), np.clip(A, low, high))
    assert found[1] is None


def test_gradient_counts_the_bounds_as_inside():
    found = gradient_of(
        lambda x, lo, hi: xg.clip_by_value(x, lo, hi), np.arange(-2.0, 3.0), np.array(-1.0),
        np.array(1.0),
    )  # fmt: skip
    assert [g.tolist() for g in found] == [[0, 1, 1, 1, 0], 1, 1]


def test_k15_nan_stays_nan():
    found = xg.clip_by_value(np.array([math.nan, 5.0]), 0.0, 1.0).numpy()
    assert np.isnan(found[0])
    assert found[1] == 1


def test_k16_crossing_bounds_give_the_lower_one():
    assert xg.clip_by_value(np.array([-5.0, 0.0, 5.0]), 2.0, 1.0).tolist() == [2, 2, 2]


def test_k17_none_passes():
    assert xg.clip_by_value(None, 0.0, 1.0) is None


def test_bounds_that_would_enlarge_are_refused():
    with pytest.raises(ValueError, match=r"would broadcast t \(2,\).*to \(2, 2\)"):
        xg.clip_by_value(np.ones(2), xg.asarray(A), 10.0)


# -- sparse gradients --------------------------------------------------------------------------


def test_s10_norm_of_repeated_indices_is_that_of_the_dense_array(device):
    assert float(xg.global_norm([slices(device)])) == 5
    _, norm = xg.clip_by_global_norm([slices(device), None], 1.0)
    assert float(norm) == 5


@pytest.mark.parametrize(
    "clip",
    [
        lambda t: xg.clip_by_norm(t, 2.0),
        lambda t: xg.clip_by_global_norm([t], 2.0)[0][0],
        lambda t: xg.clip_by_value(t, -1.0, 3.5),
    ],
    ids=["norm", "global norm", "value"],
)
def test_s10_clipped_slices_stay_sparse_and_equal_the_dense_ones(clip, device):
    found = clip(slices(device))
    assert isinstance(found, xg.IndexedSlices)
    expected = clip(slices(device).to_dense())
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-15)


@pytest.mark.parametrize(
    "clip",
    [
        lambda t: xg.clip_by_norm(t, 2.0, axes=0),
        lambda t: xg.clip_by_value(t, 0.5, 3.5),
        lambda t: xg.clip_by_value(t, xg.zeros((4, 2)), 1.0),
    ],
    ids=["axes", "zero outside", "array bounds"],
)
def test_s10_what_fills_rows_gives_a_dense_array(clip):
    found = clip(slices())
    assert isinstance(found, xg.Tensor)
    np.testing.assert_allclose(found.numpy(), clip(slices().to_dense()).numpy(), rtol=1e-15)


# -- devices -----------------------------------------------------------------------------------


def test_nothing_reads_values_back(meta):
    x = xg.asarray(A, device=meta)
    limit = xg.asarray(2.0, device=meta)
    with xg.GradientTape() as tape:
        tape.watch(x)
        clipped, norm = xg.clip_by_global_norm([x, xg.clip_by_norm(x, limit, axes=1)], limit)
        y = xg.sum(xg.clip_by_value(clipped[0], -1.0, 1.0)) + norm
    assert tape.gradient(y, x).shape == (2, 2)


def test_negative_limit_on_a_device_counts_as_zero():
    pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    device = "array_api_strict:device1"
    found = xg.clip_by_norm(xg.asarray(A, device=device), xg.asarray(-1.0, device=device))
    assert not np.any(found.numpy())
