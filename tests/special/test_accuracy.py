"""Special functions and their derivatives against mpmath: tails, zeros, tiny and large arguments.

A line of the table names a function, its definition in mpmath, the operands that are followed, and
points. Derivatives of order 1 to 3 (2 for several operands) and mixed ones must agree to 1e-10
relative; the expected ones are differences in at least 50 digits, or formulas where that is slow."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
import pytest

import xgrad as xg

TOLERANCE = 1e-10
DIGITS = 50


class Line(NamedTuple):
    """One line: the name, f in mpmath, points, which operands are followed, which orders.

    `slope` gives the derivative of any order in closed form: ``slope(order, x)``."""

    name: str
    f: Callable[..., Any]
    points: list[tuple[float, ...]]
    followed: tuple[int, ...]
    orders: tuple[int, ...]
    slope: Callable[..., Any] | None


LINES: list[Line] = []


def single(name, f, *points, orders=(0, 1, 2, 3), slope=None):
    LINES.append(Line(name, f, [(p,) for p in points], (0,), orders, slope))


def several(name, f, *values, more=(), followed=None, orders=(0, 1, 2)):
    """Points are all combinations of the values of each operand, and some more."""
    points = [*itertools.product(*values), *more]
    followed = tuple(range(len(values))) if followed is None else followed
    LINES.append(Line(name, f, points, followed, orders, None))


def both(*values):
    return [sign * v for v in values for sign in (1, -1)]


# -- definitions -------------------------------------------------------------------------------


def normal(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def log1pexp(x):
    return mp.log1p(mp.exp(x))


def lower_gamma(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def upper_gamma(a, x):
    return mp.gammainc(a, x, mp.inf, regularized=True)


def lower_beta(a, b, x):
    return mp.betainc(a, b, 0, x, regularized=True)


def upper_beta(a, b, x):
    return mp.betainc(b, a, 0, 1 - x, regularized=True)


def log_abs_beta(a, b):
    return mp.log(abs(mp.gammaprod([a, b], [a + b])))


def student(df, t):
    tail = lower_beta(df / 2, mp.mpf(1) / 2, df / (df + t * t)) / 2
    return tail if t < 0 else 1 - tail


def degrees(wave):
    return lambda x: wave(x * mp.pi / 180)


def neighbours(bessel, sign, factor):
    """Derivatives of any order of a Bessel function by its neighbours; DLMF 10.6.1 and 10.29.1."""

    def slope(order, n, x):
        if order == 0:
            return bessel(n, x)
        return factor * (slope(order - 1, n - 1, x) + sign * slope(order - 1, n + 1, x)) / 2

    return slope


def scaled(slope, n):
    """Those of e^x times it."""
    return lambda order, x: (
        mp.exp(x) * sum(mp.binomial(order, k) * slope(k, n, x) for k in range(order + 1))
    )


Y = neighbours(mp.bessely, -1, 1)
K = neighbours(mp.besselk, 1, -1)


# -- the table ---------------------------------------------------------------------------------

REAL = both(1e-9, 0.3, 1, 2.5, 5)
single("erf", mp.erf, *REAL)
single("erfc", mp.erfc, *REAL, 20)
single("erfcx", lambda x: mp.exp(x * x) * mp.erfc(x), *REAL, 1.99, 2.01, 20, 1e4)
single("erfinv", mp.erfinv, *both(1e-9, 0.3, 0.9, 0.9999))
single("erfcinv", lambda x: mp.erfinv(1 - x), 0.3, 0.9, 1.1, 1.9)
single("ndtr", normal, *REAL, -20, orders=(0, 1, 2))
single("ndtri", lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1), 0.01, 0.3, 0.5001, 0.9)
single("log_ndtr", lambda x: mp.log(normal(x)), *REAL, -20, -100)

LOGISTIC = both(1e-3, 0.3, 1, 5, 30)
single("expit", lambda x: 1 / (1 + mp.exp(-x)), *LOGISTIC, -300, 100)
single("logit", lambda x: mp.log(x / (1 - x)), 1e-9, 0.1, 0.4999, 0.7, 1 - 1e-9)
single("log_expit", lambda x: -log1pexp(-x), *LOGISTIC, -300, 100)
single("softplus", log1pexp, *LOGISTIC, -300, 100)

single("entr", lambda x: -x * mp.log(x), 1e-12, 0.1, 0.9, 3, 100)
several(
    "xlogy", lambda x, y: x * mp.log(y), [1e-9, 0.5, 3], [1e-9, 0.5, 1.0001, 1e5], orders=(0, 1)
)
several(
    "xlog1py", lambda x, y: x * mp.log1p(y), [1e-9, 0.5, 3], [1e-9, 0.5, -0.3, 1e5], orders=(0, 1)
)
several("rel_entr", lambda x, y: x * mp.log(x / y), [1e-9, 0.5, 3], [1e-9, 0.50000001, 1e5])
several("kl_div", lambda x, y: x * mp.log(x / y) - x + y, [1e-9, 0.5, 3], [1.5e-9, 0.6, 1e5])
several("kl_div/near", lambda x, y: x * mp.log(x / y) - x + y, [0.5], [0.5 + 1e-9], orders=(1, 2))
several("huber", lambda d, r: d * (abs(r) - d / 2), [0.5, 2], [3, -7], orders=(0, 1))
several("huber/parabola", lambda d, r: r * r / 2, [0.5, 2], [0.1, -0.3], orders=(0, 1))
several(
    "pseudo_huber",
    lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1),
    [1e-3, 0.5, 2],
    [1e-5, 0.1, 1, -30],
)

several("boxcox", lambda x, l: (x**l - 1) / l, [1e-5, 0.5, 3, 100], [1e-12, 1e-5, 0.3, -2, 5])
several("boxcox1p", lambda x, l: ((1 + x) ** l - 1) / l, [1e-9, -0.5, 3], [1e-12, 1e-5, 0.3, -2, 5])
several("inv_boxcox", lambda x, l: (1 + x * l) ** (1 / l), [1e-5, 0.2, 3], [1e-9, 0.3, -0.3, 2])
several(
    "inv_boxcox1p", lambda x, l: (1 + x * l) ** (1 / l) - 1, [1e-5, 0.2, 3], [1e-9, 0.3, -0.3, 2]
)

GAMMA = (1e-8, 0.3, 1.5, 5.2, 30.5, -0.5, -3.7)
single("gamma", mp.gamma, *GAMMA, 150)
single("gammaln", lambda x: mp.log(abs(mp.gamma(x))), *GAMMA, 1e6)
single("loggamma", mp.loggamma, *GAMMA[:-2], 1e6)
single("rgamma", mp.rgamma, *GAMMA, 0.49, 150, -4.0000001, 0, -2)
single("digamma", mp.digamma, *GAMMA, 1e6)
single("psi", mp.digamma, *GAMMA[:3])
several(
    "polygamma",
    lambda n, x: mp.polygamma(int(n), x),
    [0, 1, 2, 5],
    [1e-5, 0.3, 5, 1e4, -0.7],
    followed=(1,),
)
LEFT_OF_0 = (-1e-300, -1e-20, -1e-8, -0.1, -0.249, -0.251, -0.6)
single(
    "zeta/Riemann",
    mp.zeta,
    1.001,
    1.5,
    3,
    20,
    0.5,
    -1.5,
    -3.2,
    0,
    -2,
    *LEFT_OF_0,
    slope=lambda n, x: mp.zeta(x, 1, n),
)
single("zetac", lambda x: mp.zeta(x) - 1, 1.5, 3, 20, 60, -1.5, *LEFT_OF_0, orders=(0,))
single(
    "zetac/slopes",
    None,
    1.001,
    3,
    20,
    60,
    0.5,
    -1.5,
    *LEFT_OF_0,
    orders=(1, 2, 3),
    slope=lambda n, x: mp.zeta(x, 1, n),
)
several("zeta", mp.zeta, [1.01, 2.5, 10], [0.01, 1, 7.7])
several("beta", mp.beta, [0.2, 0.5, 3, 40], [0.02, 0.7, 30])
several("beta/tiny", mp.beta, [1e-5], [1e-5, 0.7], orders=(0, 1))
several("betaln", lambda a, b: mp.log(mp.beta(a, b)), [1e-5, 0.5, 3, 1e6], [1e-5, 0.7, 30, 1e5])
several("betaln/negative", log_abs_beta, [-2.5, -30.3], [0.7, 11, 30, 80, 1e10], orders=(0, 1))
several("betaln/poles", log_abs_beta, [-20], [1, 2, 15], more=[(-3, 2)], followed=(0,))
several("binom", mp.binomial, [0.5, 3.3, 40], [0.2, 0.4, 2.2], more=[(3, 5), (5, 5), (5, 2)])
several(
    "poch",
    mp.rf,
    [0.5, 3.3, 40, 1e6],
    [0.2, 2, 3],
    more=[(-2.5, 2), (-2.5, 4), (-2, 4), (0, 2), (-0.3, 0.1)],
)
several("poch/poles", lambda x, m: mp.gamma(x + m) * mp.rgamma(x), [-5, -1, 0], [-0.5, 0.3, 5.5])
several("poch/polynomials", mp.rf, [-5, -4.5], [-2, 2, 4, 7], followed=(0,), orders=(0, 1, 2))
single("multigammaln", None, 2.1, 3, 50, orders=(1, 2), slope=lambda n, a: sum(
    mp.polygamma(n - 1, a - mp.mpf(j) / 2) for j in range(3)))  # fmt: skip

several("gammainc", lower_gamma, [0.01, 0.5, 1, 5.5, 50], [0.01, 0.6, 3, 10])
several(
    "gammaincc", upper_gamma, [0.01, 0.5, 1, 5.5], [0.01, 0.6, 3, 10, 60], more=[(50, 30), (50, 60)]
)
several("gammainc/large", lower_gamma, [1e4], [9.7e3, 9.9e3], orders=(1,))
several("betainc", lower_beta, [0.05, 1, 5.5], [0.3, 2, 20], [0.01, 0.4, 0.9])
several("betaincc", upper_beta, [0.05, 5.5], [0.3, 20], [0.01, 0.4, 0.9])
several("betainc/large", lower_beta, [300], [200], [0.5, 0.61], orders=(1,))
several("betainc/small", lower_beta, [1e-8], [0.5, 2], [0.5], followed=(0,))
several("gdtr", lambda a, b, x: lower_gamma(b, a * x), [1, 7], [0.5, 3], [1e-3, 0.8, 20])
several("gdtrc", lambda a, b, x: upper_gamma(b, a * x), [1, 7], [0.5, 3], [1e-3, 0.8, 20])
several("chdtr", lambda v, x: lower_gamma(v / 2, x / 2), [1, 7], [1e-3, 0.8, 20])
several("chdtrc", lambda v, x: upper_gamma(v / 2, x / 2), [1, 7], [1e-3, 0.8, 20, 100])
several("pdtr", lambda k, m: upper_gamma(k + 1, m), [0, 3], [1e-4, 0.3, 9], followed=(1,))
several("pdtrc", lambda k, m: lower_gamma(k + 1, m), [0, 3], [1e-4, 0.3, 9], followed=(1,))
several(
    "bdtr",
    lambda k, n, p: upper_beta(k + 1, n - k, p),
    [0, 1],
    [3, 10],
    [1e-4, 0.3, 0.8],
    followed=(2,),
)
several(
    "bdtrc",
    lambda k, n, p: lower_beta(k + 1, n - k, p),
    [0, 1],
    [3, 10],
    [1e-4, 0.3, 0.8],
    followed=(2,),
)
several(
    "nbdtr",
    lambda k, n, p: lower_beta(n, k + 1, p),
    [0, 1],
    [3, 10],
    [1e-4, 0.3, 0.8],
    followed=(2,),
)
several(
    "nbdtrc",
    lambda k, n, p: upper_beta(n, k + 1, p),
    [0, 1],
    [3, 10],
    [1e-4, 0.3, 0.8],
    followed=(2,),
)
several("stdtr", student, [0.5, 3, 40], [-10, -1, -1e-3, 0.5, 3])
several("stdtr/large", student, [1000], [-10, -1, 3], orders=(0, 1))
several(
    "fdtr",
    lambda a, b, x: lower_beta(a / 2, b / 2, a * x / (a * x + b)),
    [1, 7],
    [2, 9],
    [1e-3, 0.8, 50],
)
several(
    "fdtrc",
    lambda a, b, x: lower_beta(b / 2, a / 2, b / (a * x + b)),
    [1, 7],
    [2, 9],
    [1e-3, 0.8, 50],
)

WAVES = both(1e-9, 1e-4, 0.3, 1.6, 5, 30)
single("j0", lambda x: mp.besselj(0, x), *WAVES)
single("j1", lambda x: mp.besselj(1, x), *WAVES)
single("i0", lambda x: mp.besseli(0, x), *WAVES, 12)
single("i1", lambda x: mp.besseli(1, x), *WAVES, 12)
single("i0e", lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), *WAVES, 1e4)
single("i1e", lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), *WAVES, 1e4)
DECAYING = (1e-6, 1e-2, 0.3, 1.6, 5, 30)
single("y0", None, *DECAYING, slope=lambda order, x: Y(order, 0, x))
single("y1", None, *DECAYING, slope=lambda order, x: Y(order, 1, x))
several(
    "yn", lambda n, x: mp.bessely(int(n), x), [0, 1, 2, 5], [0.3, 5], followed=(1,), orders=(0, 1)
)
ORDERS = [-1.3, 0, 0.5, 2, 7.5]
for _name, _oracle in (
    ("jv", mp.besselj),
    ("yv", mp.bessely),
    ("iv", mp.besseli),
    ("kv", mp.besselk),
    ("ive", lambda v, x: mp.besseli(v, x) * mp.exp(-x)),
    ("kve", lambda v, x: mp.besselk(v, x) * mp.exp(x)),
):
    several(_name, _oracle, ORDERS, [1e-2, 0.3, 5, 30], followed=(1,), orders=(0, 1))
single("k0", None, *DECAYING, slope=lambda order, x: K(order, 0, x))
single("k1", None, *DECAYING, slope=lambda order, x: K(order, 1, x))
single("k0e", None, *DECAYING, 1e3, slope=scaled(K, 0))
single("k1e", None, *DECAYING, 1e3, slope=scaled(K, 1))

single("exp1", mp.e1, 1e-8, 0.3, 1.6, 5, 30)
single("expi", mp.ei, 1e-8, 0.3, 1.6, 5, 30, -0.3, -5)
several("expn", lambda n, x: mp.expint(int(n), x), [0, 1, 5], [1e-5, 0.3, 30], followed=(1,))
single("ellipk", mp.ellipk, *both(1e-9, 0.3, 0.6), 0.999, -5, -100)
single("ellipkm1", lambda p: mp.ellipk(1 - p), 1e-20, 1e-5, 0.3, 0.6, 0.999999, 3, 100)
single("spence", lambda z: mp.polylog(2, 1 - z), 1e-9, 0.3, 0.6, 1 + 1e-9, 1.2)
several("hyp1f1", mp.hyp1f1, [0.5, 2], [1.5, 3], [-3, 1e-3, 5], followed=(2,))
several(
    "lpmv/Legendre",
    lambda m, v, x: (5 * x**3 - 3 * x) / 2,
    [0],
    [3],
    [-0.5, 0.1, 0.8],
    followed=(2,),
)
for order, degree in ((0, 0), (-1, 1), (-1, 2), (-2, 2), (-2, 3), (-1, 0.5)):
    several(
        f"lpmv/{order} {degree}",
        lambda m, v, x: mp.re(mp.legenp(v, m, x, type=2)),
        [order],
        [degree],
        [-0.5, 0.3],
        followed=(2,),
    )
several("lpmv", lambda m, v, x: 15 * x * (1 - x * x), [2], [3], [-0.5, 0.1, 0.8], followed=(2,))

single("cbrt", lambda x: mp.sign(x) * mp.cbrt(abs(x)), *both(1e-9, 0.3, 5, 1e9))
single("exp2", lambda x: mp.mpf(2) ** x, *both(0.3, 5))
single("exp10", lambda x: mp.mpf(10) ** x, *both(0.3, 5))
single("exprel", lambda x: mp.expm1(x) / x, *both(1e-12, 1e-5, 0.3, 2.9, 3.1, 20))
single("cosm1", lambda x: mp.cos(x) - 1, *both(1e-7, 0.3, 3))
single("sinc", mp.sincpi, *both(1e-12, 1e-5, 0.3, 0.51, 1.7, 33.3))
single("sindg", degrees(mp.sin), 1e-5, 29, 181, 500)
single("cosdg", degrees(mp.cos), 1e-5, 29, 181, 500)
single("tandg", degrees(mp.tan), 1e-5, 29, 181, 500)
single("cotdg", degrees(mp.cot), 1e-2, 29, 181, 500)
several(
    "radian", lambda d, m, s: (d + m / 60 + s / 3600) * mp.pi / 180, [10], [20], [30], orders=(0, 1)
)

# -- helpers -----------------------------------------------------------------------------------


def derivative(name, columns, operands):
    """The mixed derivative in a sequence of operands, at many points at once."""
    function = _multigammaln if name == "multigammaln" else getattr(xg.special, name.split("/")[0])
    xs = [xg.asarray(column) for column in columns]
    tapes = [xg.GradientTape() for _ in operands]
    for tape, operand in zip(tapes, operands, strict=True):
        tape.__enter__()
        tape.watch(xs[operand])
    y = function(*xs)
    for tape, operand in zip(reversed(tapes), reversed(operands), strict=True):
        tape.__exit__(None, None, None)
        y = tape.gradient(y, xs[operand], unconnected_gradients="zero")
    return y.numpy()


def _multigammaln(a):
    return xg.special.multigammaln(a, 3)


def expected(line, point, operands):
    point = [mp.mpf(float(x)) for x in point]
    order = len(operands)
    if line.slope is not None:
        return line.slope(order, point[0])
    if order == 0:
        return mp.re(line.f(*point))
    with mp.workdps(DIGITS + 25 * order):
        if len(set(operands)) > 1:
            orders = tuple(operands.count(i) for i in range(len(point)))
            return mp.diff(line.f, tuple(point), orders)
        place = operands[0]
        step = mp.mpf(10) ** -20 * (min(abs(point[place]), 1) or 1)
        along = lambda x: line.f(*point[:place], x, *point[place + 1 :])
        return mp.re(mp.diff(along, point[place], order, h=step))


def assert_agree(found, wanted, points):
    for value, exact, point in zip(found, wanted, points, strict=True):
        error = abs(mp.mpf(float(value)) - exact)
        assert error <= TOLERANCE * abs(exact), (
            f"{value} at {point}, but exact is {mp.nstr(exact, 17)}"
        )


def orders_of(lines):
    for line in lines:
        for operand in line.followed:
            for order in line.orders:
                if order or operand == line.followed[0]:
                    yield line, (operand,) * order


def shown(value):
    if isinstance(value, Line):
        return value.name
    return ",".join(map(str, value)) or "value"


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(DIGITS):
        yield


# -- tests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("line", "operands"), list(orders_of(LINES)), ids=shown)
def test_derivative_agrees_with_mpmath(line, operands):
    wanted = [expected(line, point, operands) for point in line.points]
    columns = np.array(line.points, dtype=float).T
    assert_agree(derivative(line.name, columns, operands), wanted, line.points)


MIXED = [
    (line, pair)
    for line in LINES
    if 1 in line.orders and 2 in line.orders
    for pair in itertools.combinations(line.followed, 2)
]


@pytest.mark.parametrize(("line", "operands"), MIXED, ids=shown)
def test_mixed_second_derivative_agrees_with_mpmath(line, operands):
    points = line.points[::3]
    wanted = [expected(line, point, operands) for point in points]
    columns = np.array(points, dtype=float).T
    assert_agree(derivative(line.name, columns, operands), wanted, points)
    assert_agree(derivative(line.name, columns, operands[::-1]), wanted, points)


# -- inverses ----------------------------------------------------------------------------------

# What each inverts, in mpmath; the parameters and probabilities; all combinations.
INVERSES = {
    "gammaincinv": (lower_gamma, ([0.3, 1, 5.5], [1e-8, 0.3, 0.9])),
    "gammainccinv": (upper_gamma, ([0.3, 1, 5.5], [1e-8, 0.3, 0.9])),
    "chdtri": (lambda v, x: upper_gamma(v / 2, x / 2), ([1, 5.5], [1e-3, 0.3, 0.9])),
    "betaincinv": (lower_beta, ([0.3, 1, 5.5], [0.5, 4], [1e-4, 0.3, 0.9])),
    "betainccinv": (upper_beta, ([0.3, 1, 5.5], [0.5, 4], [0.05, 0.3, 0.9])),
    "stdtrit": (student, ([0.7, 5.5, 30], [1e-3, 0.3, 0.9])),
    "fdtri": (
        lambda a, b, x: lower_beta(a / 2, b / 2, a * x / (a * x + b)),
        ([1, 5.5], [2, 9], [1e-3, 0.3, 0.9]),
    ),
}
INVERTED = {"chdtri": "chdtrc", "stdtrit": "stdtr", "fdtri": "fdtr"}


def implicit(f, point, start, operand):
    """The derivative of x in a parameter or in p, where f(parameters, x) = p."""
    *parameters, p = [mp.mpf(float(v)) for v in point]
    x = mp.mpf(float(start))
    for _ in range(3):  # Newton's method, from a result that is right to double precision
        density = mp.diff(lambda x: f(*parameters, x), x, h=x * mp.mpf(10) ** -20)
        x -= (mp.re(f(*parameters, x)) - p) / mp.re(density)
    if operand == len(parameters):
        return mp.re(1 / density)
    before, after = parameters[:operand], parameters[operand + 1 :]
    return -mp.re(mp.diff(lambda a: f(*before, a, *after, x), parameters[operand]) / density)


@pytest.mark.parametrize("name", INVERSES)
def test_inverse_has_the_derivatives_of_an_implicit_function(name):
    f, values = INVERSES[name]
    points = list(itertools.product(*values))
    columns = np.array(points, dtype=float).T
    starts = derivative(name, columns, ())
    for operand in range(len(values)):
        found = derivative(name, columns, (operand,))
        wanted = [implicit(f, p, s, operand) for p, s in zip(points, starts, strict=True)]
        assert_agree(found, wanted, points)


@pytest.mark.parametrize("name", INVERSES)
def test_function_of_its_inverse_is_a_line(name):
    _, values = INVERSES[name]
    *parameters, p = [xg.asarray(v) for v in np.array(list(itertools.product(*values))).T]
    forth = getattr(xg.special, INVERTED.get(name, name.removesuffix("inv")))
    back = getattr(xg.special, name)
    with xg.GradientTape() as outer:
        outer.watch((parameters, p))
        with xg.GradientTape() as inner:
            inner.watch((parameters, p))
            y = forth(*parameters, back(*parameters, p))
        slopes, one = inner.gradient(y, (parameters, p))
    for slope in slopes:
        np.testing.assert_allclose(slope.numpy(), 0, atol=1e-12)
    np.testing.assert_allclose(one.numpy(), 1, rtol=1e-12)
    curvature = outer.gradient(one, p).numpy()
    np.testing.assert_allclose(curvature * p.numpy() * (1 - p.numpy()), 0, atol=1e-9)
