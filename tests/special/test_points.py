"""Special points of special functions: removable singularities, ends of domains, poles, far tails.

Expected values are limits that can be written down. A zero cotangent gives zero everywhere."""

import math

import numpy as np
import pytest
import scipy.special

import xgrad as xg
from xgrad.core.dispatch import apply
from xgrad.core.instructions import SPECIAL
from xgrad.core.primitive import Refusal

sp = xg.special
EULER = 0.57721566490153286061
LOG2 = math.log(2)


def slopes(f, *points):
    """The gradients of f at one point, as floats."""
    xs = [xg.asarray(float(p)) for p in points]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    return [g.item() for g in tape.gradient(y, xs)]


def slope(f, point, order=1):
    """A derivative of f at a point."""
    x = xg.asarray(float(point))
    tapes = [xg.GradientTape() for _ in range(order)]
    for tape in tapes:
        tape.__enter__()
        tape.watch(x)
    y = f(x)
    for tape in reversed(tapes):
        tape.__exit__(None, None, None)
        y = tape.gradient(y, x, unconnected_gradients="zero")
    return y.item()


# The function, the point, the first derivatives there.
REMOVABLE = [
    ("exprel at 0", sp.exprel, 0, [1 / 2, 1 / 3, 1 / 4]),
    ("sinc at 0", sp.sinc, 0, [0, -(math.pi**2) / 3, 0]),
    ("j1 at 0", sp.j1, 0, [1 / 2, 0, -3 / 8]),
    ("i1 at 0", sp.i1, 0, [1 / 2, 0, 3 / 8]),
    ("i1e at 0", sp.i1e, 0, [1 / 2]),
    ("i0e at 0, where it has a corner", sp.i0e, 0, [0]),
    ("ellipk at 0", sp.ellipk, 0, [math.pi / 8, 9 * math.pi / 64, 75 * math.pi / 256]),
    ("ellipkm1 at 1", sp.ellipkm1, 1, [-math.pi / 8, 9 * math.pi / 64]),
    ("spence at 1", sp.spence, 1, [-1, 1 / 2, -2 / 3]),
    ("rgamma at 0", sp.rgamma, 0, [1, 2 * EULER]),
    ("rgamma at -1", sp.rgamma, -1, [-1]),
    ("rgamma at -3", sp.rgamma, -3, [-6]),
    (
        "boxcox at lmbda 0",
        lambda l: sp.boxcox(3.0, l),
        0,
        [math.log(3) ** 2 / 2, math.log(3) ** 3 / 3],
    ),
    ("boxcox1p at lmbda 0", lambda l: sp.boxcox1p(2.0, l), 0, [math.log(3) ** 2 / 2]),
    ("inv_boxcox at lmbda 0", lambda l: sp.inv_boxcox(2.0, l), 0, [-2 * math.exp(2)]),
    ("inv_boxcox at its zero, lmbda 1", lambda y: sp.inv_boxcox(y, 1.0), -1, [1, 0]),
    ("inv_boxcox at its zero, lmbda 1/2", lambda y: sp.inv_boxcox(y, 0.5), -2, [0, 1 / 2, 0]),
    ("inv_boxcox at its zero, lmbda 2", lambda y: sp.inv_boxcox(y, 2.0), -0.5, [math.inf]),
    ("inv_boxcox in lmbda at its zero", lambda l: sp.inv_boxcox(-2.0, l), 0.5, [0, 8]),
    ("inv_boxcox in lmbda 1 at its zero", lambda l: sp.inv_boxcox(-1.0, l), 1, [-1, -math.inf]),
    ("inv_boxcox in lmbda 2 at its zero", lambda l: sp.inv_boxcox(-0.5, l), 2, [-math.inf]),
    ("inv_boxcox in lmbda at its pole", lambda l: sp.inv_boxcox(2.0, l), -0.5, [-math.inf]),
    ("inv_boxcox1p at -1", lambda y: sp.inv_boxcox1p(y, 0.5), -2, [0, 1 / 2, 0]),
    ("inv_boxcox1p in lmbda at -1", lambda l: sp.inv_boxcox1p(-2.0, l), 0.5, [0, 8]),
    ("boxcox at x 0", lambda x: sp.boxcox(x, 1.0), 0, [1]),
    ("boxcox squared at x 0", lambda x: sp.boxcox(x, 2.0), 0, [0, 1, 0]),
    ("boxcox at x 0 in lmbda", lambda l: sp.boxcox(0.0, l), 2, [1 / 4, -1 / 4, 3 / 8]),
    ("boxcox1p at x -1", lambda x: sp.boxcox1p(x, 1.0), -1, [1, 0]),
    ("boxcox1p squared at x -1", lambda x: sp.boxcox1p(x, 2.0), -1, [0, 1, 0]),
    ("boxcox1p at x -1 in lmbda", lambda l: sp.boxcox1p(-1.0, l), 2, [1 / 4, -1 / 4, 3 / 8]),
    ("xlogy in x1 at 0", lambda x: sp.xlogy(x, 3.0), 0, [math.log(3)]),
    ("xlog1py in x1 at 0", lambda x: sp.xlog1py(x, 2.0), 0, [math.log(3)]),
    ("xlogy in x2 where both are 0", lambda y: sp.xlogy(0.0, y), 0, [0]),
    ("rel_entr in x2 where both are 0", lambda y: sp.rel_entr(0.0, y), 0, [0]),
    ("kl_div in x2 where both are 0", lambda y: sp.kl_div(0.0, y), 0, [1]),
    ("kl_div where both are equal", lambda x: sp.kl_div(x, 2.0), 2, [0, 1 / 2]),
    ("huber at delta", lambda r: sp.huber(1.0, r), 1, [1]),
    ("huber in delta at delta", lambda d: sp.huber(d, 1.0), 1, [0]),
    ("pseudo_huber at r 0", lambda r: sp.pseudo_huber(2.0, r), 0, [0, 1]),
    ("pseudo_huber where both are 0", lambda r: sp.pseudo_huber(0.0, r), 0, [0]),
    ("gammainc of shape 1 at 0", lambda x: sp.gammainc(1.0, x), 0, [1, -1]),
    ("gammainc of shape 2 at 0", lambda x: sp.gammainc(2.0, x), 0, [0, 1]),
    ("gammainc of shape 3 at 0", lambda x: sp.gammainc(3.0, x), 0, [0, 0]),
    ("gammainc in its shape at 0", lambda a: sp.gammainc(a, 0.0), 2, [0]),
    ("betainc of shapes 1, 1 at 0", lambda x: sp.betainc(1.0, 1.0, x), 0, [1, 0]),
    ("betainc of shapes 1, 1 at 1", lambda x: sp.betainc(1.0, 1.0, x), 1, [1, 0]),
    ("betainc of shapes 2, 1 at 0", lambda x: sp.betainc(2.0, 1.0, x), 0, [0, 2]),
    ("betainc of shapes 1, 2 at 1", lambda x: sp.betainc(1.0, 2.0, x), 1, [0, -2]),
    ("betainc in its shape at 1", lambda a: sp.betainc(a, 2.0, 1.0), 2, [0]),
    ("stdtr at 0", lambda t: sp.stdtr(1.0, t), 0, [1 / math.pi, 0]),
    ("stdtr in df at 0", lambda df: sp.stdtr(df, 0.0), 3, [0]),
    ("log_ndtr at -1e20", sp.log_ndtr, -1e20, [1e20, -1]),
    ("log_ndtr at -1e300", sp.log_ndtr, -1e300, [1e300, -1]),
    ("log_ndtr at minus infinity", sp.log_ndtr, -math.inf, [math.inf, -1]),
    ("rgamma at infinity", sp.rgamma, math.inf, [0, 0]),
    ("y0 at 0", sp.y0, 0, [math.inf, -math.inf]),
    ("y1 at 0", sp.y1, 0, [math.inf, -math.inf]),
    ("k0 at -0.0", sp.k0, -0.0, [-math.inf, math.inf]),
    ("k1 at -0.0", sp.k1, -0.0, [-math.inf, math.inf]),
    ("k0e at 0", sp.k0e, 0, [-math.inf, math.inf]),
    ("k1e at 0", sp.k1e, 0, [-math.inf, math.inf]),
    ("ellipk at minus infinity", sp.ellipk, -math.inf, [0, 0]),
    ("ellipkm1 at 1.7e308", sp.ellipkm1, 1.7e308, [0, 0]),
    ("spence at 0", sp.spence, 0, [-math.inf, math.inf]),
    ("exp1 at 0", sp.exp1, 0, [-math.inf, math.inf]),
    ("expi at 0", sp.expi, 0, [math.inf, -math.inf]),
    ("expi where it overflows", sp.expi, 1000, [math.inf, math.inf]),
    ("lpmv of orders 1, 1 at 1", lambda x: sp.lpmv(1, 1, x), 1, [math.inf, math.inf]),
    ("lpmv of orders 1, 1 at -1", lambda x: sp.lpmv(1, 1, x), -1, [-math.inf, math.inf]),
    ("gammainc of infinite shape", lambda x: sp.gammainc(math.inf, x), 3, [0, 0]),
    ("gammainc of tiny shape at 1e10", lambda x: sp.gammainc(1e-300, x), 1e10, [0, 0]),
    ("gammainc at -0.0", lambda x: sp.gammainc(0.5, x), -0.0, [math.inf, -math.inf]),
    ("gammainc of a large shape at 1e-300", lambda x: sp.gammainc(1e10, x), 1e-300, [0, 0]),
    ("gammainc between 2 and 1", lambda x: sp.gammainc(2.0, x), 1 - 2**-53, [math.exp(-1), 0]),
    ("betainc in a shape of 0", lambda a: sp.betainc(a, 1.0, 0.5), 0, [-LOG2, LOG2**2]),
    ("betaincc in a tiny shape", lambda a: sp.betaincc(a, 1.0, 0.5), 1e-30, [LOG2, -(LOG2**2)]),
    ("betainc of infinite shape", lambda x: sp.betainc(2.0, math.inf, x), 0.5, [0, 0]),
    ("betainc of large shapes at 1e-300", lambda x: sp.betainc(1e10, 1e10, x), 1e-300, [0, 0]),
    ("betainc of large shapes at 0", lambda x: sp.betainc(1e10, 1e10, x), 0, [0, 0]),
    ("betainc of shapes 1/2 at 0", lambda x: sp.betainc(0.5, 0.5, x), 0, [math.inf, -math.inf]),
    ("betainc of shapes 1/2 at 1", lambda x: sp.betainc(0.5, 0.5, x), 1, [math.inf, math.inf]),
    ("gdtr at 0", lambda x: sp.gdtr(2.0, 0.5, x), 0, [math.inf, -math.inf]),
    ("gdtr at 0, in its rate", lambda a: sp.gdtr(a, 0.5, 0.0), 2, [0, 0]),
    ("gdtr at 0, of shape 3/2", lambda x: sp.gdtr(2.0, 1.5, x), 0, [0, math.inf]),
    ("gdtrc at 0", lambda x: sp.gdtrc(2.0, 0.5, x), 0, [-math.inf, math.inf]),
    ("fdtr of 1 degree at 0", lambda x: sp.fdtr(1.0, 4.0, x), 0, [math.inf, -math.inf]),
    ("fdtr of 1 degree at 0, in dfn", lambda n: sp.fdtr(n, 4.0, 0.0), 1, [0, 0]),
    ("fdtr of 1 degree at 0, in dfd", lambda n: sp.fdtr(1.0, n, 0.0), 4, [0, 0]),
    ("fdtr of 3 degrees at 0", lambda x: sp.fdtr(3.0, 4.0, x), 0, [0, math.inf]),
    ("fdtrc of 1 degree at 0", lambda x: sp.fdtrc(1.0, 4.0, x), 0, [-math.inf, math.inf]),
    ("gammaincinv of 0 in its shape", lambda a: sp.gammaincinv(a, 0.0), 3, [0]),
    ("betaincinv of 0 in its first shape", lambda a: sp.betaincinv(a, 2.0, 0.0), 3, [0]),
    ("betaincinv of 1 in its second shape", lambda b: sp.betaincinv(3.0, b, 1.0), 2, [0]),
    ("boxcox in lmbda, overflowing", lambda l: sp.boxcox(2.5, l), 1e3, [math.inf]),
    ("boxcox1p in lmbda, overflowing", lambda l: sp.boxcox1p(1.5, l), 1e3, [math.inf]),
    ("boxcox at x 0 in a negative lmbda", lambda l: sp.boxcox(0.0, l), -2, [math.inf]),
    ("fdtr at 0", lambda x: sp.fdtr(2.0, 4.0, x), 0, [1]),
    ("bdtr of all successes", lambda p: sp.bdtr(3, 3, p), 0.5, [0]),
    (
        "beta at a zero, in a",
        lambda a: sp.beta(a, -0.5),
        0.5,
        [-2 * math.pi, 8 * math.pi * math.log(2)],
    ),
    (
        "beta at a zero, in b",
        lambda b: sp.beta(0.5, b),
        -0.5,
        [-2 * math.pi, 8 * math.pi * (math.log(2) - 1)],
    ),
    ("beta at a zero of both below 0", lambda a: sp.beta(a, -0.5), -0.5, [-4 * math.pi]),
    ("beta next to a pole", lambda b: sp.beta(1e-12, b), -0.3, [-13.945160267802]),
    ("beta where a pole cancels", lambda b: sp.beta(3.0, b), -3, [-11 / 18]),
    ("beta at infinity", lambda b: sp.beta(math.inf, b), 1, [0, 0]),
    ("poch at a zero of the product", lambda x: sp.poch(x, 2.0), 0, [1]),
    ("poch between zeros", lambda x: sp.poch(x, 3.0), -1, [-1]),
    ("binom outside of the triangle", lambda k: sp.binom(3.0, k), 5, [1 / 20]),
    ("binom beside a long row", lambda k: sp.binom(1000.0, k), -1, [1 / 1001]),
    ("binom beyond a long row", lambda k: sp.binom(200.0, k), 201, [-1 / 201]),
    ("binom beyond a long row, in n", lambda n: sp.binom(n, 201.0), 200, [1 / 201]),
    ("cosm1 at 0", sp.cosm1, 0, [0, -1]),
    ("zeta at 1e16", sp.zeta, 1e16, [0, 0]),
    ("zeta at -200, where gamma overflows", sp.zeta, -200, [9.11769316129784e214]),
    (
        "zeta of two arguments, which overflows",
        lambda x: sp.zeta(x, 0.5),
        1e4,
        [math.inf, math.inf],
    ),
    ("exprel where it overflows", sp.exprel, 800, [math.inf, math.inf]),
    ("ellipkm1 at -0.0", sp.ellipkm1, -0.0, [-math.inf, math.inf]),
    ("zeta at 0", sp.zeta, 0, [-math.log(2 * math.pi) / 2]),
    ("lpmv, a line", lambda x: sp.lpmv(0, 1, x), 0.3, [1, 0]),
    ("lpmv at 1", lambda x: sp.lpmv(0, 3, x), 1, [6, 15, 15]),
    ("lpmv at -1", lambda x: sp.lpmv(0, 3, x), -1, [6, -15, 15]),
    ("lpmv of degree 3/2 at 1", lambda x: sp.lpmv(0, 1.5, x), 1, [15 / 8, 105 / 128]),
    ("lpmv of degree 3/2 at -1", lambda x: sp.lpmv(0, 1.5, x), -1, [-math.inf]),
    ("lpmv of degree -4 at -1", lambda x: sp.lpmv(0, -4, x), -1, [6, -15, 15]),
    ("lpmv of orders 2, 2 at 1", lambda x: sp.lpmv(2, 2, x), 1, [-6, -6, 0]),
    ("lpmv of orders 2, 3 at -1", lambda x: sp.lpmv(2, 3, x), -1, [-30, 90, -90]),
    ("lpmv of orders -2, 3 at 1", lambda x: sp.lpmv(-2, 3, x), 1, [-1 / 4, -3 / 4, -3 / 4]),
    ("lpmv of orders 1, 2 at 1", lambda x: sp.lpmv(1, 2, x), 1, [math.inf, math.inf]),
    ("lpmv of orders 3, 3 at 1", lambda x: sp.lpmv(3, 3, x), 1, [0]),
    ("lpmv of order 3, degree 2 at 1", lambda x: sp.lpmv(3, 2, x), 1, [0]),
]


@pytest.mark.parametrize(
    ("f", "point", "expected"),
    [line[1:] for line in REMOVABLE],
    ids=[line[0] for line in REMOVABLE],
)
def test_derivatives_at_a_special_point(f, point, expected):
    found = [slope(f, point, order) for order in range(1, len(expected) + 1)]
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("lmbda", [2.0, 3.0, 5.0])
@pytest.mark.parametrize(("f", "x"), [(sp.boxcox, 0.0), (sp.boxcox1p, -1.0)])
def test_mixed_derivatives_of_boxcox_at_the_end_are_0_in_both_orders_and_modes(f, x, lmbda):
    point = (xg.asarray(x), xg.asarray(lmbda))
    for outer, inner in ((0, 1), (1, 0)):
        reverse = xg.grad(xg.grad(f, argnums=inner), argnums=outer)
        tangents = [xg.asarray(1.0 if i == outer else 0.0) for i in range(2)]
        forward = xg.jvp(xg.grad(f, argnums=inner), point, tuple(tangents))[1]
        assert reverse(*point).item() == forward.item() == 0


@pytest.mark.parametrize("outer", ["df", "t"])
def test_mixed_derivative_of_stdtr_at_0_is_that_of_its_density(outer):
    # The density at 0 is 1 / pi for df = 1, and grows with df by (2 log 2 - 1) / (2 pi).
    numbers = (1, 0) if outer == "df" else (0, 1)
    mixed = xg.grad(xg.grad(sp.stdtr, argnums=numbers[0]), argnums=numbers[1])
    expected = (2 * math.log(2) - 1) / (2 * math.pi)
    assert mixed(xg.asarray(1.0), xg.asarray(0.0)).item() == pytest.approx(expected, rel=1e-13)


POLES = [(0.0, 0.0), (-1.0, -2.0), (0.0, -3.0)]


@pytest.mark.parametrize(("a", "b"), POLES)
def test_betaln_of_two_poles_is_infinite_and_has_no_derivatives(a, b):
    assert sp.betaln(a, b).item() == scipy.special.betaln(a, b) == math.inf
    assert np.isnan(slopes(sp.betaln, a, b)).all()
    assert math.isnan(slope(lambda x: sp.betaln(x, b), a, 2))


@pytest.mark.parametrize("b", [2.0, 1e-3, -1.5, 0.0, -1.0])
def test_betaln_at_infinity_is_that_of_scipy(b):
    expected = scipy.special.betaln(math.inf, b)
    assert sp.betaln(math.inf, b).item() == sp.betaln(b, math.inf).item() == expected


@pytest.mark.parametrize(("a", "b"), [(0.5, -0.5), (-0.5, -0.5), (1.5, -3.5), (-1.5, -0.5)])
def test_betaln_has_no_finite_derivatives_where_beta_is_0(a, b):
    assert sp.betaln(a, b).item() == -math.inf
    for found in (slope(lambda b: sp.betaln(a, b), b, order) for order in (1, 2)):
        assert not math.isfinite(found)


def test_betaln_along_a_pole_that_cancels_has_no_finite_mixed_derivative():
    mixed = xg.grad(xg.grad(sp.betaln, argnums=1), argnums=0)
    assert not math.isfinite(mixed(xg.asarray(3.0), xg.asarray(-3.0)).item())


@pytest.mark.parametrize("point", [(0.0, 0.0), (-2.0, 0.0), (-2.0, -3.0)])
def test_poch_of_two_poles_has_no_finite_mixed_derivative(point):
    mixed = xg.grad(xg.grad(sp.poch, argnums=0), argnums=1)
    assert not math.isfinite(mixed(*map(xg.asarray, point)).item())


TAILS = [
    ("expit at 1000", sp.expit, 1000, 0),
    ("expit at -1000", sp.expit, -1000, 0),
    ("softplus at 1000", sp.softplus, 1000, 1),
    ("softplus at -1000", sp.softplus, -1000, 0),
    ("log_expit at -1000", sp.log_expit, -1000, 1),
    ("log_ndtr at -1e8", sp.log_ndtr, -1e8, 1e8),
    ("log_ndtr at 1e8", sp.log_ndtr, 1e8, 0),
    ("erfcx at 1e8", sp.erfcx, 1e8, -1 / math.sqrt(math.pi) / 1e16),
    ("i0e at 1e100", sp.i0e, 1e100, -0.5 / math.sqrt(2 * math.pi) * 1e-150),
    ("i1e at infinity", sp.i1e, math.inf, 0),
    ("k0e at infinity", sp.k0e, math.inf, 0),
    ("i0e at 1e12", sp.i0e, 1e12, -0.5 / math.sqrt(2 * math.pi) * 1e-18),
    ("k1e at 1e14", sp.k1e, 1e14, -0.5 * math.sqrt(math.pi / 2) * 1e-21),
    ("gammaln at 1e300", sp.gammaln, 1e300, math.log(1e300)),
    ("i1 beyond overflow", sp.i1, 800, math.inf),
    ("hyp1f1 beyond overflow", lambda x: sp.hyp1f1(0.5, 1.5, x), 1e300, math.inf),
]


@pytest.mark.parametrize(
    ("f", "point", "expected"), [line[1:] for line in TAILS], ids=[line[0] for line in TAILS]
)
def test_slope_in_a_far_tail(f, point, expected):
    np.testing.assert_allclose(slope(f, point), expected, rtol=1e-12)
    assert not np.isnan(slope(f, point, 2))


def test_slope_of_zeta_in_float32_where_gamma_overflows_sooner():
    x = xg.asarray(np.float32(-40.0))
    assert xg.grad(sp.zeta)(x).item() == pytest.approx(4.824144931e15, rel=1e-4)


@pytest.mark.parametrize("x", [100.0, 1e8])
def test_log_ndtr_is_flat_above_in_forward_mode_too(x):
    slope = xg.jvp(xg.grad(sp.log_ndtr), (xg.asarray(x),), (xg.asarray(1.0),))[1]
    assert slope.item() == 0


@pytest.mark.parametrize("x", [-math.inf, -1.7e308, 1.7e308, math.inf])
@pytest.mark.parametrize("name", ["erf", "erfc", "ndtr"])
def test_error_functions_are_flat_far_away_in_forward_mode_too(name, x):
    slope = xg.jvp(xg.grad(getattr(sp, name)), (xg.asarray(x),), (xg.asarray(1.0),))[1]
    assert slope.item() == 0


def test_third_derivative_of_log_ndtr_keeps_its_digits_far_below():
    assert slope(sp.log_ndtr, -1e7, 3) == pytest.approx(2e-21, rel=1e-12, abs=0)


@pytest.mark.parametrize(("x", "bend"), [(0.0, -math.inf), (1e-300, -math.inf), (1.0, math.inf)])
def test_second_derivative_of_logit_at_the_ends_is_infinite(x, bend):
    assert slope(sp.logit, x, 2) == bend


@pytest.mark.parametrize("point", [-1e100, -1e3, -40.0, 0.0, 40.0, 1e3, 1e100])
@pytest.mark.parametrize(
    "name", ["expit", "softplus", "log_expit", "log_ndtr", "ndtr", "erf", "erfc"]
)
def test_smooth_functions_have_no_nan_anywhere(name, point):
    f = getattr(sp, name)
    assert all(math.isfinite(slope(f, point, order)) for order in (1, 2))


@pytest.mark.parametrize("a", [1e13, 1e16, 1e22, 1e100, 1e250])
@pytest.mark.parametrize("k", [-5.0, -1.0, 0.0, 2.0])
def test_gamma_distribution_of_a_large_shape_is_normal(a, k):
    x = a + k * math.sqrt(a)
    k = (x - a) / math.sqrt(a)
    density = math.exp(-k * k / 2) / math.sqrt(2 * math.pi)
    by_a = lambda a: sp.gammainc(a, xg.asarray(x))
    found = [slope(by_a, a, order) * math.sqrt(a) ** order for order in (1, 2)]
    np.testing.assert_allclose(found, [-density, -k * density], rtol=1e-5, atol=1e-6)
    ratio = slopes(sp.gammainc, a, x)[0] / slopes(sp.gammainc, a, x)[1]
    np.testing.assert_allclose(ratio, -1 - (x - a) / (2 * a), rtol=1e-8)


OUTSIDE = [
    (sp.gammainc, (1.0, -1.0)),
    (sp.gammainc, (-0.5, 0.0)),
    (sp.gammainc, (2.0, math.nan)),
    (sp.inv_boxcox, (1.0, -1.3)),
    (sp.betainc, (1.0, 2.0, -0.5)),
    (sp.betainc, (2.0, 1.0, 1.5)),
    (sp.betainc, (-1.0, 1.0, 0.5)),
    (sp.betainc, (2.0, 3.0, math.nan)),
]


@pytest.mark.parametrize(("f", "point"), OUTSIDE)
def test_outside_of_the_domain_there_are_no_derivatives(f, point):
    assert np.isnan(slopes(f, *point)).all()
    last = len(point) - 1
    assert math.isnan(slope(lambda x: f(*point[:last], x), point[last], 2))


@pytest.mark.parametrize("a", [0.0, 5e-324, 1e-30])
def test_derivatives_of_gammainc_in_a_tiny_shape_are_those_of_its_series(a):
    # The first is minus the exponential integral of 1.
    found = [slope(lambda a: sp.gammainc(a, 1.0), a, order) for order in (1, 2)]
    assert found == pytest.approx([-0.21938393439552029, -0.44895008155649894], rel=1e-10)


TINY = [
    ("gammainc of shape 3", lambda x: sp.gammainc(3.0, x), 1e-300, 2, 1e-300),
    ("betainc of a tiny second shape", lambda x: sp.betainc(2.0, 1e-30, x), 1e-300, 2, 1e-30),
    (
        "zeta of a huge second argument",
        lambda x: sp.zeta(x, 1e300),
        1.5,
        1,
        -1.38555105579642741e-147,
    ),
]


@pytest.mark.parametrize(
    ("f", "point", "order", "expected"), [line[1:] for line in TINY], ids=[line[0] for line in TINY]
)
def test_tiny_derivatives_do_not_underflow(f, point, order, expected):
    assert slope(f, point, order) == pytest.approx(expected, rel=1e-12, abs=0)


def test_mixed_derivative_of_gammainc_at_a_large_mean():
    mixed = xg.grad(xg.grad(sp.gammainc, argnums=1), argnums=0)
    found = mixed(xg.asarray(1e10), xg.asarray(1e10)).item()
    assert found == pytest.approx(1.994711402023786e-16, rel=1e-9, abs=0)


MIXED_AT_ZERO = [
    ("gdtr, rate and x", sp.gdtr, (2.0, 0.5, 0.0), (0, 2), math.inf),
    ("gdtr, shape and x", sp.gdtr, (2.0, 0.5, 0.0), (1, 2), -math.inf),
    ("fdtr, dfn and x", sp.fdtr, (1.0, 4.0, 0.0), (0, 2), -math.inf),
    ("fdtr, dfd and x", sp.fdtr, (1.0, 4.0, 0.0), (1, 2), -math.inf),
    ("gammainc, shape 1/2 and x", sp.gammainc, (0.5, 0.0), (0, 1), -math.inf),
    ("betainc, shape 1/2 and x", sp.betainc, (0.5, 2.0, 0.0), (0, 2), -math.inf),
]


@pytest.mark.parametrize(
    ("f", "point", "operands", "expected"),
    [line[1:] for line in MIXED_AT_ZERO],
    ids=[line[0] for line in MIXED_AT_ZERO],
)
def test_mixed_derivatives_of_distributions_at_0(f, point, operands, expected):
    point = tuple(map(xg.asarray, point))
    for inner, outer in (operands, operands[::-1]):
        slope = xg.grad(f, argnums=inner)
        tangents = [xg.asarray(1.0 if i == outer else 0.0) for i in range(len(point))]
        assert xg.grad(slope, argnums=outer)(*point).item() == expected
        assert xg.jvp(slope, point, tuple(tangents))[1].item() == expected


# -- a zero cotangent --------------------------------------------------------------------------

# Points where partial derivatives are infinite or NaN, as many of them as a function has operands.
NASTY = (0.0, 1.0, -1.0, 2.0, -2.5, math.inf, -math.inf, math.nan)
PARAMETERS = {
    "betainc_derivative": {"orders": (1, 0)},
    "bessel_i": {"n": 2},
    "bessel_j": {"n": 2},
}


# Operands without a rule: whole numbers, shapes.
FIXED = {"n": 1.0, "m": 1.0, "v": 2.0, "a": 0.5, "b": 1.5, "x": 0.7}


def is_followed(primitive, operand):
    return not isinstance(primitive.rules[operand], Refusal)


def nasty_points(primitive):
    axes = [
        NASTY if is_followed(primitive, name) else (FIXED[name],) for name in primitive.operands
    ]
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, len(axes)).T


@pytest.mark.parametrize(
    "primitive", [p for p in SPECIAL.values() if p.rules], ids=lambda p: p.name
)
def test_zero_cotangent_gives_zero_at_every_point(primitive):
    xs = [xg.asarray(column) for column in nasty_points(primitive)]
    followed = [
        x for x, name in zip(xs, primitive.operands, strict=True) if is_followed(primitive, name)
    ]
    parameters = PARAMETERS.get(primitive.name, dict.fromkeys(primitive.parameters, 1))
    with np.errstate(all="ignore"), xg.GradientTape() as tape:
        tape.watch(followed)
        y = apply(primitive, xs, parameters)
    for gradient in tape.gradient(y, followed, xg.zeros_like(y)):
        assert not np.any(gradient.numpy())


@pytest.mark.parametrize(
    "name", ["entr", "logit", "ndtri", "erfinv", "gammaln", "digamma", "expi", "y0"]
)
def test_masked_elements_get_no_gradient(name):
    x = xg.asarray([0.3, 0.0, 0.6, -2.0])
    with np.errstate(all="ignore"), xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.where((x > 0) & (x < 1), getattr(sp, name)(x), 0)
    found = tape.gradient(y, x).numpy()
    assert np.isfinite(found).all()
    assert found[1] == found[3] == 0
    assert found[0] != 0


@pytest.mark.parametrize("t", [-2.5, 0.0, 0.3, 1.0, 8.0])
@pytest.mark.parametrize("df", [1e7, 1e10, 1e17, 1e19, 1e25, 1e300, math.inf])
def test_slopes_of_stdtr_in_many_degrees_of_freedom_are_those_of_fishers_expansion(df, t):
    density = math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    second = (3 * t**7 - 7 * t**5 - 5 * t**3 - 3 * t) / 48
    expected = density * ((t**3 + t) / 4 + second / df) / df / df
    by_df, by_t = xg.grad(sp.stdtr, argnums=(0, 1))(xg.asarray(df), xg.asarray(t))
    np.testing.assert_allclose(by_df.item(), expected, rtol=1e-6)
    np.testing.assert_allclose(
        by_t.item(), density * (1 + (t**4 - 2 * t * t - 1) / 4 / df), rtol=1e-8
    )
    bend = xg.grad(xg.grad(lambda t: sp.stdtr(df, t)))(xg.asarray(t))
    np.testing.assert_allclose(bend.item(), -t * density, rtol=1e-5 + t**4 / df)
    turn = xg.grad(xg.grad(lambda df: sp.stdtr(df, t)))(xg.asarray(df))
    expected = -density * (2 * (t**3 + t) / 4 + 3 * second / df) / df / df / df
    np.testing.assert_allclose(turn.item(), expected, rtol=1e-5)


@pytest.mark.parametrize("t", [0.3, 3.0])
def test_slope_of_stdtr_has_no_step_where_its_expansion_begins(t):
    slopes = [
        xg.grad(lambda df: sp.stdtr(df, t))(xg.asarray(df)).item() * df * df
        for df in (0.999999e4 * (1 + t * t), 1.000001e4 * (1 + t * t))
    ]
    np.testing.assert_allclose(*slopes, rtol=1e-7)
