"""What special functions take: numbers, integers, dtypes, devices; and what they refuse."""

import numpy as np
import pytest
import scipy.special

import xgrad as xg

sp = xg.special


def test_float32_stays_float32_next_to_numbers_and_integers():
    x = xg.asarray([0.5, 1.5], dtype=xg.float32)
    n = xg.asarray([1, 2])
    assert sp.erf(x).dtype == xg.float32
    assert sp.xlogy(x, 2.0).dtype == xg.float32
    assert sp.polygamma(n, x).dtype == xg.float32
    assert sp.polygamma(2, x).dtype == xg.float32
    assert sp.gammainc(np.float64(2.0), x).dtype == xg.float32
    assert sp.gdtr(1, 2.0, x).dtype == xg.float32


def test_integers_become_the_default_dtype():
    n = xg.asarray([1, 2, 3])
    assert sp.gammaln(n).dtype == xg.float64
    with xg.set_default_dtype(xg.float32):
        assert sp.gammaln(n).dtype == xg.float32
    np.testing.assert_allclose(sp.gamma(n).numpy(), [1, 1, 2])


def test_python_numbers_alone_go_to_the_default_device():
    y = sp.beta(2, 3.0)
    assert (y.shape, y.dtype, str(y.device)) == ((), xg.float64, "cpu")
    assert y.item() == pytest.approx(1 / 12, rel=1e-15)
    with xg.device("array_api_strict:device1"):
        assert str(sp.erf(0.5).device) == "array_api_strict:device1"


def test_results_stay_on_the_device(device):
    x = xg.asarray([0.25, 0.75], device=device)
    for y in (sp.erf(x), sp.betainc(2, 3.0, x), sp.gammaincinv(2, x), sp.exp1(x), sp.kl_div(x, 1)):
        assert y.device == device
        assert y.dtype == x.dtype


def test_arrays_variables_and_tensors_mix():
    v = xg.Variable([0.5, 1.5])
    y = sp.xlogy(v, np.array([2.0, 3.0]))
    np.testing.assert_allclose(y.numpy(), [0.5 * np.log(2), 1.5 * np.log(3)])
    with xg.GradientTape() as tape:
        y = sp.erf(v)
    np.testing.assert_allclose(
        tape.gradient(y, v).numpy(), 2 / np.sqrt(np.pi) * np.exp(-(v.numpy() ** 2))
    )


def test_operands_broadcast_and_gradients_have_their_shapes():
    a, x = xg.asarray([[1.0], [2.0]]), xg.asarray([0.5, 1.5, 2.5])
    with xg.GradientTape() as tape:
        tape.watch((a, x))
        y = sp.gammainc(a, x)
    assert y.shape == (2, 3)
    assert [g.shape for g in tape.gradient(y, (a, x))] == [(2, 1), (3,)]


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3)])
def test_any_shape(shape):
    x = xg.full(shape, 0.5)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = sp.betainc(2.0, 3.0, x) + sp.erfcx(x) + sp.zeta(x + 2, 1.5)
    assert y.shape == tape.gradient(y, x).shape == shape


COMPLEX = [
    "erf",
    "erfc",
    "erfcx",
    "ndtr",
    "log_ndtr",
    "gamma",
    "loggamma",
    "rgamma",
    "exp1",
    "expi",
    "spence",
]


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_gradient_is_the_derivative_conjugated(name):
    z = np.array([0.7 + 0.4j, 1.3 - 0.6j])
    t = xg.asarray(z)
    with xg.GradientTape() as tape:
        tape.watch(t)
        y = getattr(sp, name)(t)
    found = tape.gradient(y, t, xg.ones_like(y)).numpy()
    f, h = getattr(scipy.special, name), 1e-4
    slope = (8 * (f(z + h) - f(z - h)) - (f(z + 2 * h) - f(z - 2 * h))) / (12 * h)
    np.testing.assert_allclose(found, np.conj(slope), rtol=1e-10)


# -- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "operand", "others"),
    [
        ("polygamma", "n", (0.5,)),
        ("yn", "n", (0.5,)),
        ("jv", "v", (0.5,)),
        ("ive", "v", (0.5,)),
        ("expn", "n", (0.5,)),
        ("hyp1f1", "a", (1.5, 0.5)),
        ("lpmv", "m", (2.0, 0.5)),
    ],
)
def test_following_an_operand_without_a_rule_is_an_error_that_says_why(name, operand, others):
    n = xg.Variable(1.0)
    message = rf"{name} at .*test_operands.*no gradient with respect to {operand}, because .*Use"
    with xg.GradientTape(), pytest.raises(xg.errors.NotDifferentiableError, match=message):
        getattr(sp, name)(n, *others)


def test_forward_mode_refuses_them_too():
    with pytest.raises(xg.errors.NotDifferentiableError, match="no gradient with respect to n"):
        xg.jvp(lambda n: sp.polygamma(n, 0.5), (xg.asarray(1.0),), (xg.asarray(1.0),))


def test_the_other_operand_is_followed_all_the_same():
    n, x = xg.asarray(2.0), xg.Variable(0.5)
    with xg.GradientTape() as tape:
        y = sp.polygamma(n, x)
    assert tape.gradient(y, x).item() == pytest.approx(scipy.special.polygamma(3, 0.5), rel=1e-13)


def test_counts_have_no_derivative():
    k, m = xg.Variable(2.0), xg.Variable(1.5)
    with xg.GradientTape() as tape:
        y = sp.pdtr(k, m)
    slope_k, slope_m = tape.gradient(y, (k, m))
    assert slope_k is None
    assert slope_m.item() == pytest.approx(-np.exp(-1.5) * 1.5**2 / 2, rel=1e-14)


def test_lists_are_refused():
    with pytest.raises(
        xg.errors.ArgumentTypeError, match=r"xlogy: x2 must be a Tensor.*Use xg\.asarray"
    ):
        sp.xlogy(1.0, [1.0, 2.0])


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(
        xg.errors.ShapeError, match=r"gammainc: a \(2,\).*x \(3,\).*do not broadcast"
    ):
        sp.gammainc(xg.ones(2), xg.ones(3))


def test_two_devices_are_refused():
    pytest.importorskip("torch", reason="torch: torch is not installed")
    with pytest.raises(xg.errors.DeviceMismatchError, match="beta"):
        sp.beta(xg.ones(2), xg.ones(2, device="torch:cpu"))


def test_complex_operands_of_real_functions_are_refused():
    with pytest.raises(xg.errors.DTypeError, match="i0"):
        sp.i0(xg.asarray([1j]))


@pytest.mark.parametrize("name", ["digamma", "gamma", "loggamma", "rgamma"])
def test_derivatives_that_need_complex_polygamma_are_refused_by_name(name):
    def f(z):
        slope = lambda z: xg.real(getattr(sp, name)(z))
        return slope(z) if name == "digamma" else xg.real(xg.grad(slope)(z))

    z = xg.asarray(1.5 + 0.5j)
    message = r"polygamma: x \(\) complex128 must be real.*Derivatives of digamma.*Use real numbers"
    with pytest.raises(xg.errors.DTypeError, match=message):
        xg.grad(f)(z)
    with pytest.raises(xg.errors.DTypeError, match=message):
        xg.jvp(f, (z,), (xg.ones_like(z),))
    with pytest.raises(xg.errors.DTypeError, match=message):
        sp.polygamma(1, z)


@pytest.mark.parametrize("d", [0, -1])
def test_multigammaln_wants_a_positive_dimension(d):
    with pytest.raises(xg.errors.ArgumentError, match="multigammaln: d must be positive"):
        sp.multigammaln(2.0, d)


def test_nothing_is_followed_through_gammasgn():
    x = xg.Variable(-0.5)
    with xg.GradientTape() as tape:
        y = sp.gammasgn(x)
    assert y.item() == -1
    assert tape.gradient(y, x) is None
