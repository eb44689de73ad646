"""Derivatives at special points: semantics.md rules 3 to 6, and table 2.7 of the reference.

What has an answer of its own, one by one; what holds for all rules is in test_properties.py."""

import itertools

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends.activations import ACTIVATED, SQUASHED
from xgrad.core.dispatch import apply
from xgrad.core.instructions import PRIMITIVES, primitive
from xgrad.core.instructions import SPECIAL as SPECIAL_FUNCTIONS
from xgrad.core.primitive import Kind

INF, NAN = np.inf, np.nan


def gradient(f, *values, seed=None):
    """The gradients of sum(f(*values)), as lists."""
    xs = [xg.asarray(v) for v in values]
    with xg.GradientTape() as tape, np.errstate(all="ignore"):
        tape.watch(xs)
        y = f(*xs)
    found = [g.tolist() for g in tape.gradient(y, xs, seed)]
    return found[0] if len(xs) == 1 else tuple(found)


def nth_derivative(f, value, order):
    """The derivative of a function of one scalar, by nested tapes."""
    x = xg.asarray(value)
    if order == 0:
        with np.errstate(all="ignore"):
            return f(x)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = f(x) if order == 1 else nth_of(f, x, order - 1)
    return tape.gradient(y, x, unconnected_gradients="zero").item()


def nth_of(f, x, order):
    with xg.GradientTape() as tape, np.errstate(all="ignore"):
        tape.watch(x)
        y = f(x) if order == 1 else nth_of(f, x, order - 1)
    return tape.gradient(y, x, unconnected_gradients="zero")


def hessian(f, values):
    """All second derivatives of sum(f(x)) for a vector x."""
    x = xg.asarray(values)
    with xg.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with xg.GradientTape() as inner, np.errstate(all="ignore"):
            inner.watch(x)
            y = f(x)
        rows = xg.unstack(inner.gradient(y, x))
    return [outer.gradient(r, x, unconnected_gradients="zero").tolist() for r in rows]


# -- powers ------------------------------------------------------------------------------------

POWERS_AT_ZERO = [(2, 0.0), (1, 1.0), (0, 0.0), (0.5, INF), (-1, -INF), (3, 0.0)]


@pytest.mark.parametrize(("exponent", "expected"), POWERS_AT_ZERO)
def test_power_at_zero(exponent, expected):
    assert gradient(lambda x: x**exponent, 0.0) == expected


@pytest.mark.parametrize(("exponent", "expected"), POWERS_AT_ZERO)
def test_power_at_zero_with_an_array_as_exponent(exponent, expected):
    assert gradient(lambda x: xg.pow(x, xg.asarray([float(exponent)])), [0.0]) == [expected]


@pytest.mark.parametrize("value", [0.0, -0.0, INF, -INF, NAN, -2.0])
@pytest.mark.parametrize("zero", [0, 0.0, xg.asarray(0.0)], ids=["int", "float", "array"])
def test_exponent_zero_gives_zero_everywhere(value, zero):
    assert gradient(lambda x: x**zero, value) == 0.0


@pytest.mark.parametrize(
    ("exponent", "order", "expected"),
    [(1, 2, 0), (2, 2, 2), (3, 2, 0), (3, 3, 6), (0, 2, 0), (1, 3, 0), (4, 4, 24), (2.0, 2, 2)],
)
def test_higher_derivatives_of_powers_at_zero(exponent, order, expected):
    assert nth_derivative(lambda x: x**exponent, 0.0, order) == expected


@pytest.mark.parametrize(
    ("exponent", "order", "expected"), [(1.0, 2, 0), (2.0, 2, 2), (3.0, 2, 0), (3.0, 3, 6)]
)
def test_higher_derivatives_at_zero_with_an_array_as_exponent(exponent, order, expected):
    assert nth_derivative(lambda x: xg.pow(x, xg.asarray(exponent)), 0.0, order) == expected


@pytest.mark.parametrize(
    ("base", "exponent", "expected"),
    [
        (0.0, 0.0, (0.0, 0.0)),
        (0.0, 2.0, (0.0, 0.0)),
        (0.0, 1.0, (1.0, 0.0)),
        (0.0, 0.5, (INF, 0.0)),
        (0.0, -1.0, (-INF, 0.0)),
        (-2.0, 2.0, (-4.0, 0.0)),
        (-2.0, 3.0, (12.0, 0.0)),
        (-2.0, 0.5, (NAN, 0.0)),
        (2.0, 0.0, (0.0, np.log(2.0))),
    ],
)
def test_pow_with_both_followed(base, exponent, expected):
    np.testing.assert_equal(gradient(xg.pow, base, exponent), expected)


def test_mixed_derivative_of_pow_where_the_exponent_is_zero():
    expected = [[0.0, 0.5], [0.5, np.log(2.0) ** 2]]
    np.testing.assert_allclose(hessian(lambda v: v[0] ** v[1], [2.0, 0.0]), expected)


def test_scalar_base_zero_gives_zero():
    assert gradient(lambda y: 0.0**y, [2.0, 0.0]) == [0.0, 0.0]


# -- infinite partial derivatives, and masks over them ------------------------------------------


@pytest.mark.parametrize(
    ("f", "value", "expected"),
    [
        (xg.sqrt, 0.0, INF),
        (xg.log, 0.0, INF),
        (xg.reciprocal, 0.0, -INF),
        (lambda x: 1 / x, 0.0, -INF),
        (xg.log, -1.0, -1.0),
        (xg.asin, 1.0, INF),
        (xg.acosh, 1.0, INF),
        (xg.atanh, 1.0, INF),
    ],
    ids=["sqrt", "log", "reciprocal", "1/x", "log(-1)", "asin", "acosh", "atanh"],
)
def test_partials_that_are_infinite_stay_so(f, value, expected):
    assert gradient(f, value) == expected


@pytest.mark.parametrize(
    ("values", "expected"), [((0.0, 0.0), (INF, NAN)), ((1.0, 0.0), (INF, -INF))]
)
def test_division_by_zero(values, expected):
    np.testing.assert_equal(gradient(xg.divide, *values), expected)


MASKED = {
    "log": (xg.log, [-1.0, 0.0, 2.0], [0.0, 0.0, 0.5]),
    "log2": (xg.log2, [-1.0, 0.0, 2.0], [0.0, 0.0, 0.5 / np.log(2)]),
    "log10": (xg.log10, [-1.0, 0.0, 2.0], [0.0, 0.0, 0.5 / np.log(10)]),
    "log1p": (xg.log1p, [-2.0, -1.0, 1.0], [0.0, 0.0, 0.5]),
    "sqrt": (xg.sqrt, [-1.0, 0.0, 4.0], [0.0, 0.0, 0.25]),
    "1/x": (lambda x: 1 / x, [-0.0, 0.0, 2.0], [0.0, 0.0, -0.25]),
    "reciprocal": (xg.reciprocal, [-0.0, 0.0, 2.0], [0.0, 0.0, -0.25]),
    "x**0.5": (lambda x: x**0.5, [-1.0, 0.0, 4.0], [0.0, 0.0, 0.25]),
    "x**-1": (lambda x: x**-1, [-0.0, 0.0, 2.0], [0.0, 0.0, -0.25]),
    "x**y": (lambda x: xg.pow(x, xg.asarray(0.5)), [-1.0, 0.0, 4.0], [0.0, 0.0, 0.25]),
    "norm": (lambda x: xg.sqrt(x * x), [-0.0, 0.0, 4.0], [0.0, 0.0, 1.0]),
    "asin": (lambda x: xg.asin(1 - x), [-1.0, 0.0, 1.0], [0.0, 0.0, -1.0]),
    "acos": (lambda x: xg.acos(1 - x), [-1.0, 0.0, 1.0], [0.0, 0.0, 1.0]),
    "atanh": (lambda x: xg.atanh(1 - x), [-1.0, 0.0, 1.0], [0.0, 0.0, -1.0]),
    "acosh": (lambda x: xg.acosh(1 + x), [-1.0, 0.0, 3.0], [0.0, 0.0, 1 / np.sqrt(15)]),
    "exp": (lambda x: xg.exp(1 / x), [-0.0, 0.0, 1.0], [0.0, 0.0, -np.e]),
    "tan": (lambda x: xg.tan(1 / x), [-0.0, 0.0, 1.0], [0.0, 0.0, -1 / np.cos(1) ** 2]),
    "log of log": (lambda x: xg.log(xg.log(x)), [-1.0, 0.0, np.e], [0.0, 0.0, 1 / np.e]),
}


@pytest.mark.parametrize(("f", "values", "expected"), MASKED.values(), ids=MASKED)
def test_a_mask_over_an_infinite_partial_gives_zero(f, values, expected):
    limit = values[1]
    found = gradient(lambda x: xg.where(x > limit, f(x), 0.0), values)
    np.testing.assert_allclose(found, expected, rtol=1e-15)


@pytest.mark.parametrize(("f", "values", "expected"), MASKED.values(), ids=MASKED)
def test_a_mask_over_an_infinite_partial_gives_zero_in_second_order(f, values, expected):
    limit = values[1]
    found = np.asarray(hessian(lambda x: xg.where(x > limit, f(x), 0.0), values))
    assert np.all(np.isfinite(found))
    assert not np.any(found[:2])


@pytest.mark.parametrize(("f", "values", "expected"), MASKED.values(), ids=MASKED)
def test_a_mask_works_on_every_device(f, values, expected, device):
    x = xg.asarray(np.array(values), device=device)
    with xg.GradientTape() as tape, np.errstate(all="ignore"):
        tape.watch(x)
        y = xg.where(x > values[1], MASKED_ANYWHERE.get(f, f)(x), 0.0)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), expected, rtol=1e-14)


# On other devices than the CPU an exponent that is an array must live there.
MASKED_ANYWHERE = {MASKED["x**y"][0]: lambda x: xg.pow(x, xg.full_like(x, 0.5))}


def test_the_guard_keeps_second_derivatives_of_finite_partials():
    assert nth_derivative(lambda x: x * xg.log1p(x), 0.0, 2) == 2.0


def test_masked_multiplication_by_zero_instead_of_where():
    assert gradient(lambda x: xg.log(x) * xg.asarray([0.0, 1.0]), [0.0, 2.0]) == [0.0, 0.5]


# -- a zero cotangent gives a zero gradient, whatever the partial is ----------------------------

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e308, INF, -INF, NAN]
PARAMETERS = {"power": [{"exponent": e} for e in (0, 1, 2, 3, 0.5, -1, -0.5, 2.5)]}
_ACTIVATED = [{"function": f} for f in ACTIVATED]
PARAMETERS |= {"activate": _ACTIVATED, "activate_sum": _ACTIVATED}
PARAMETERS["squash_sum"] = [{"function": f} for f in SQUASHED]
# Special functions have tests of their own (special/test_points.py).
ELEMENTWISE = [
    pytest.param(p, parameters, id=f"{p.name}{list(parameters.values()) or ''}")
    for p in PRIMITIVES.values()
    if p.kind is Kind.ELEMENTWISE and p.name != "complex_sign" and p.name not in SPECIAL_FUNCTIONS
    for parameters in PARAMETERS.get(p.name, [{}])
]


def special_arguments(count, values=SPECIAL):
    """Every combination of special values, an array for each argument."""
    return [
        np.array(column) for column in zip(*itertools.product(values, repeat=count), strict=True)
    ]


@pytest.mark.parametrize(("instruction", "parameters"), ELEMENTWISE)
def test_zero_cotangent_at_special_points(instruction, parameters, device):
    arrays = special_arguments(len(instruction.operands) + instruction.starred)
    xs = [xg.asarray(a, device=device) for a in arrays]
    with xg.GradientTape() as tape, np.errstate(all="ignore"):
        tape.watch(xs)
        y = apply(instruction, xs, parameters)
    for g in tape.gradient(y, xs, xg.zeros_like(y)):
        np.testing.assert_array_equal(g.numpy(), np.zeros(len(arrays[0])))


@pytest.mark.parametrize(("instruction", "parameters"), ELEMENTWISE)
def test_zero_cotangent_at_special_points_in_second_order(instruction, parameters):
    arrays = special_arguments(len(instruction.operands) + instruction.starred)
    xs = [xg.asarray(a) for a in arrays]
    with xg.GradientTape() as outer:
        outer.watch(xs)
        with xg.GradientTape() as inner, np.errstate(all="ignore"):
            inner.watch(xs)
            y = apply(instruction, xs, parameters)
        first = inner.gradient(y, xs, xg.zeros_like(y))
    for g in outer.gradient(first, xs, unconnected_gradients="zero"):
        np.testing.assert_array_equal(g.numpy(), np.zeros(len(arrays[0])))


# -- ties --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_equal_operands_share(name):
    assert gradient(getattr(xg, name), 1.0, 1.0) == (0.5, 0.5)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_an_extremum_with_itself_has_gradient_one(name):
    assert gradient(lambda x: getattr(xg, name)(x, x), 3.0) == 1.0


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_a_tie_with_a_scalar_shares_on_either_side(name):
    f = getattr(xg, name)
    assert gradient(lambda x: f(x, 0.0), 0.0) == 0.5
    assert gradient(lambda x: f(0.0, x), 0.0) == 0.5


def test_ties_share_in_max():
    assert gradient(xg.max, [1.0, 3.0, 3.0]) == [0.0, 0.5, 0.5]


def test_ties_share_in_min_along_an_axis():
    found = gradient(lambda x: xg.min(x, axis=1), [[1.0, 1.0, 3.0], [2.0, 2.0, 2.0]])
    np.testing.assert_allclose(found, [[0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]])


def test_infinite_ties_share_in_max():
    assert gradient(xg.max, [-INF, -INF]) == [0.5, 0.5]


@pytest.mark.parametrize("mode", ["min", "max"])
def test_ties_share_in_scatter(mode):
    def f(x, updates):
        return xg.scatter(x, xg.asarray([0, 0, 1]), updates, mode=mode)

    found = gradient(f, [1.0, 5.0], [1.0, 1.0, 5.0])
    np.testing.assert_allclose(found[0], [1 / 3, 1 / 2])
    np.testing.assert_allclose(found[1], [1 / 3, 1 / 3, 1 / 2])


def test_sort_follows_its_stable_permutation():
    found = gradient(xg.sort, [2.0, 2.0, 1.0], seed=[1.0, 10.0, 100.0])
    assert found == [10.0, 100.0, 1.0]


def test_descending_sort_follows_its_stable_permutation():
    def f(x):
        return xg.sort(x, descending=True)

    assert gradient(f, [2.0, 2.0, 1.0], seed=[1.0, 10.0, 100.0]) == [1.0, 10.0, 100.0]


def test_of_repeated_indices_the_last_written_gets_the_gradient():
    def f(x, v):
        return x.at[xg.asarray([0, 1, 0])].set(v)

    assert gradient(f, [1.0, 2.0], [3.0, 4.0, 5.0]) == ([0.0, 0.0], [0.0, 1.0, 1.0])


def test_of_repeated_indices_the_last_scattered_gets_the_gradient():
    def f(x, v):
        return xg.scatter(x, xg.asarray([0, 1, 0]), v, mode="set")

    assert gradient(f, [1.0, 2.0, 3.0], [3.0, 4.0, 5.0]) == ([0.0, 0.0, 1.0], [0.0, 1.0, 1.0])


def test_clip_passes_at_its_bounds():
    values = [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert gradient(lambda x: xg.clip(x, -1.0, 1.0), values) == [0.0, 1.0, 1.0, 1.0, 0.0]


def test_clip_bounds_get_what_x_does_not():
    found = gradient(xg.clip, [-2.0, -1.0, 0.0, 1.0, 2.0], -1.0, 1.0)
    assert found == ([0.0, 1.0, 1.0, 1.0, 0.0], 1.0, 1.0)


def test_clip_with_crossed_bounds_follows_the_upper_one():
    assert gradient(xg.clip, [0.0], 2.0, 1.0) == ([0.0], 0.0, 1.0)


@pytest.mark.parametrize("value", [0.0, -0.0])
def test_abs_at_zero_is_zero(value):
    assert gradient(xg.abs, value) == 0.0


# -- NaN and infinity ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_the_gradient_of_an_extremum_goes_to_the_nan(name):
    f = getattr(xg, name)
    assert gradient(f, NAN, 1.0) == (1.0, 0.0)
    assert gradient(f, 1.0, NAN) == (0.0, 1.0)
    assert gradient(f, NAN, NAN) == (0.5, 0.5)


@pytest.mark.parametrize("name", ["max", "min"])
def test_the_gradient_of_a_reduction_goes_to_the_nans(name):
    f = getattr(xg, name)
    assert gradient(f, [NAN, 1.0, NAN, 2.0]) == [0.5, 0.0, 0.5, 0.0]


def test_clip_passes_nan():
    assert gradient(lambda x: xg.clip(x, -1.0, 1.0), [NAN]) == [1.0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((-INF, -INF), (0.0, 0.0)),
        ((-INF, 0.0), (0.0, 1.0)),
        ((0.0, -INF), (1.0, 0.0)),
        ((0.0, 0.0), (0.5, 0.5)),
        ((1000.0, -1000.0), (1.0, 0.0)),
        ((-1000.0, -1000.0), (0.5, 0.5)),
    ],
)
def test_logaddexp(values, expected):
    np.testing.assert_allclose(gradient(xg.logaddexp, *values), expected, rtol=1e-12)


def test_multiplication_by_zero_at_infinity():
    assert gradient(lambda x: x * 0.0, INF) == 0.0


def test_difference_of_equal_values():
    assert gradient(lambda x: x - x, 3.0) == 0.0


@pytest.mark.parametrize("value", [1000.0, -1000.0])
def test_tanh_saturates_quietly(value):
    assert gradient(xg.tanh, value) == 0.0


# -- finite wherever a (sub)gradient exists -----------------------------------------------------


def test_std_of_a_constant():
    assert gradient(xg.std, [3.0, 3.0, 3.0]) == [0.0, 0.0, 0.0]


def test_std_of_a_constant_row_among_others():
    found = gradient(lambda x: xg.std(x, axis=1), [[2.0, 2.0], [1.0, 3.0]])
    assert found == [[0.0, 0.0], [-0.5, 0.5]]


def test_std_of_a_constant_has_finite_second_derivatives():
    assert np.all(np.isfinite(hessian(xg.std, [3.0, 3.0, 3.0])))


def test_var_of_a_constant():
    assert gradient(xg.var, [3.0, 3.0]) == [0.0, 0.0]


@pytest.mark.parametrize("name", ["hypot", "atan2"])
def test_at_the_origin_both_derivatives_are_zero(name):
    assert gradient(getattr(xg, name), 0.0, 0.0) == (0.0, 0.0)


@pytest.mark.parametrize("name", ["hypot", "atan2"])
def test_second_derivatives_at_the_origin_are_finite(name):
    f = getattr(xg, name)
    assert np.all(np.isfinite(hessian(lambda v: f(v[0], v[1]), [0.0, 0.0])))


def test_atan2_of_tiny_values_does_not_underflow():
    found = gradient(xg.atan2, np.float32(1e-30), np.float32(1e-30))
    np.testing.assert_allclose(found, (5e29, -5e29), rtol=1e-6)


def test_atan2_of_huge_values_does_not_overflow():
    np.testing.assert_allclose(gradient(xg.atan2, 1e200, 1e200), (5e-201, -5e-201), rtol=1e-14)


def test_hypot_of_huge_values_does_not_overflow():
    np.testing.assert_allclose(gradient(xg.hypot, 3e200, 4e200), (0.6, 0.8), rtol=1e-14)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
        ([0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
        ([2.0, 3.0, 4.0], [12.0, 8.0, 6.0]),
    ],
)
def test_prod_with_zeros(values, expected):
    assert gradient(xg.prod, values) == expected


def test_second_derivatives_of_prod_with_zeros():
    expected = [[0.0, 0.0, 0.0], [0.0, 0.0, 4.0], [0.0, 4.0, 0.0]]
    assert hessian(lambda x: xg.prod(x), [4.0, 0.0, 0.0]) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 2.0, 3.0], [9.0, 0.0, 0.0]),
        ([1.0, 0.0, 3.0], [1.0, 4.0, 0.0]),
        ([0.0, 0.0, 3.0], [1.0, 0.0, 0.0]),
    ],
)
def test_cumulative_prod_with_zeros(values, expected):
    assert gradient(xg.cumulative_prod, values) == expected


def test_second_derivatives_of_cumulative_prod_with_zeros():
    # y = x0 + x0 x1 + x0 x1 x2
    expected = [[0.0, 4.0, 0.0], [4.0, 0.0, 2.0], [0.0, 2.0, 0.0]]
    assert hessian(lambda x: xg.sum(xg.cumulative_prod(x)), [2.0, 0.0, 3.0]) == expected


def test_second_derivatives_of_scatter_multiply_with_zeros():
    # y = x (u0 u1 u2), at u = (0, 2, 3), x = 5
    def f(v):
        return xg.scatter(v[:1], xg.asarray([0, 0, 0]), v[1:], mode="multiply")

    expected = [
        [0.0, 6.0, 0.0, 0.0],
        [6.0, 0.0, 15.0, 10.0],
        [0.0, 15.0, 0.0, 0.0],
        [0.0, 10.0, 0.0, 0.0],
    ]
    assert hessian(f, [5.0, 0.0, 2.0, 3.0]) == expected


def test_remainder():
    assert gradient(xg.remainder, 7.5, 2.0) == (1.0, -3.0)


def test_remainder_of_a_negative_number():
    assert gradient(xg.remainder, -7.5, 2.0) == (1.0, 4.0)


@pytest.mark.parametrize("name", ["sum", "prod"])
def test_reduction_of_nothing(name):
    assert gradient(getattr(xg, name), np.zeros((0, 2))) == []


# -- derivatives that are zero almost everywhere ------------------------------------------------


@pytest.mark.parametrize("name", ["ceil", "floor", "round", "sign", "trunc"])
def test_what_is_flat_almost_everywhere_gives_none(name):
    x = xg.asarray([0.0, 1.5])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = getattr(xg, name)(x)
    assert tape.gradient(y, x) is None


@pytest.mark.parametrize("name", ["ceil", "floor", "round", "sign", "trunc"])
def test_what_is_flat_almost_everywhere_gives_zeros_on_request(name):
    x = xg.asarray([0.0, 1.5])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = getattr(xg, name)(x)
    assert tape.gradient(y, x, unconnected_gradients="zero").tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", ["floor_divide", "nextafter"])
def test_flat_functions_of_two_arguments_give_none(name):
    xs = [xg.asarray([7.5]), xg.asarray([2.0])]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = getattr(xg, name)(*xs)
    assert tape.gradient(y, xs) == [None, None]


@pytest.mark.parametrize(("sign", "expected"), [(-0.0, -1.0), (0.0, 1.0), (-3.0, -1.0)])
def test_copysign_looks_at_the_sign_bit(sign, expected):
    assert gradient(xg.copysign, 2.0, sign) == (expected, 0.0)


# -- complex: the direction of steepest ascent, as TensorFlow and torch -------------------------


@pytest.mark.parametrize(
    ("f", "z", "expected"),
    [
        (lambda z: z * z, 1 + 2j, 2 - 4j),
        (lambda z: xg.real(z * xg.conj(z)), 1 + 2j, 2 + 4j),
        (xg.abs, 3 + 4j, 0.6 + 0.8j),
        (xg.abs, 0j, 0),
        (xg.real, 1 + 2j, 1),
        (xg.imag, 1 + 2j, 1j),
        (lambda z: xg.imag(z * z), 3 + 4j, 8 + 6j),
        (xg.exp, 1j, np.conj(np.exp(1j))),
        (xg.log, 0.5 + 1j, 0.4 + 0.8j),
        (xg.conj, 1 + 2j, 1),
        (lambda z: xg.atan2(xg.imag(z), xg.real(z)), 0.5 + 1j, -0.8 + 0.4j),
    ],
    ids=[
        "z*z",
        "|z|^2",
        "abs",
        "abs(0)",
        "real",
        "imag",
        "imag(z*z)",
        "exp",
        "log",
        "conj",
        "angle",
    ],
)
def test_complex_gradient(f, z, expected):
    np.testing.assert_allclose(gradient(f, z, seed=1.0), expected, rtol=1e-15)


def test_a_real_number_through_complex_ones_gets_a_real_gradient():
    found = gradient(lambda x: xg.abs(xg.astype(x, xg.complex128) + 2j), 1.0)
    np.testing.assert_allclose(found, 1 / np.sqrt(5), rtol=1e-15)


# -- forward values do not depend on the tape ---------------------------------------------------


@pytest.mark.parametrize("name", ["zero_where_zero"])
def test_the_guard_is_the_identity_on_what_is_finite(name, device):
    r = xg.asarray([0.0, 2.0, INF, NAN, INF], device=device)
    g = xg.asarray([0.0, 0.0, 0.0, 0.0, 1.0], device=device)
    assert apply(primitive(name), (r, g)).tolist() == [0.0, 2.0, 0.0, 0.0, INF]


# -- signs of complex numbers ------------------------------------------------------------------


def test_the_sign_of_a_complex_zero_has_a_zero_gradient():
    assert gradient(lambda x: xg.real(xg.sign(x)), 0j) == 0j
    assert gradient(lambda x: xg.real(xg.sign(x)), complex(0.0, -0.0)) == 0j


def test_the_sign_of_a_complex_number_only_turns():
    """Outwards nothing changes; sideways it turns by the angle under which the step is seen."""
    z = 3.0 + 4.0j
    outward, sideways = z / 5, 1j * z / 5
    g = gradient(lambda x: xg.real(xg.sign(x) * sideways.conjugate()), z)
    assert (g * outward.conjugate()).real == pytest.approx(0.0, abs=1e-15)
    assert (g * sideways.conjugate()).real == pytest.approx(1 / 5)


def test_the_sign_of_a_real_number_is_a_constant():
    x = xg.asarray([1.0, -2.0])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sign(x)
    assert tape.gradient(y, x) is None
