"""custom_gradient: the cases C1 .. C9 of tensorflow-reference.md, section 2.10, and what is better.

Oracles: closed forms, differences, and the gradients that xgrad finds by itself."""

import functools
import gc
import math
import weakref

import numpy as np
import pytest

import xgrad as xg
from xgrad.interpreters import stack

RNG = np.random.default_rng(7)
A = RNG.uniform(0.5, 2.0, (2, 3))


@xg.custom_gradient
def log1pexp(x):
    e = xg.exp(x)
    return xg.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))


@xg.custom_gradient
def fifth(x):
    """The value of x**3, and on purpose a gradient of 5 x**2."""
    return x**3, lambda dy: 5 * x**2 * dy


def square_root():
    """A routine outside xgrad, which needs its result for the rule."""

    @xg.custom_gradient
    def root(x):
        y = xg.asarray(np.sqrt(x.numpy()), device=x.device)
        return y, lambda dy: dy / (2 * y)

    return root


def gradient_of(f, *xs, **options):
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    return tape.gradient(y, xs, **options)


def tensor(value, **options):
    return xg.asarray(value, **options)


# -- C1, C2: how many gradients ----------------------------------------------------------------


@pytest.mark.parametrize(("returned", "count"), [(1, 1), (3, 3)])
def test_c1_too_few_or_too_many_gradients(returned, count):
    f = xg.custom_gradient(lambda x, y: (x * y, lambda dy: (dy,) * returned))
    message = (
        f"custom_gradient function expected to return 2 gradients, but returned {count} instead"
    )
    with pytest.raises(ValueError, match=message + ".*one for each of x, y"):
        gradient_of(f, tensor(1.0), tensor(2.0))


def test_c1_one_gradient_that_is_no_tuple_for_two_arguments():
    f = xg.custom_gradient(lambda x, y: (x * y, lambda dy: dy))
    with pytest.raises(ValueError, match="expected to return 2 gradients, but returned 1 instead"):
        gradient_of(f, tensor(1.0), tensor(2.0))


@pytest.mark.parametrize(
    "wrap", [lambda g: g, lambda g: (g,), lambda g: [g]], ids=["g", "()", "[]"]
)
def test_c1_single_gradient_with_or_without_a_tuple(wrap):
    f = xg.custom_gradient(lambda x: (x * 2, lambda dy: wrap(dy * 3)))
    assert float(gradient_of(f, tensor(1.0))[0]) == 3


def test_c2_none_for_an_argument_without_gradient():
    f = xg.custom_gradient(lambda x, y: (x * y, lambda dy: (dy * 7, None)))
    found = gradient_of(f, tensor(1.0), tensor(2.0))
    assert float(found[0]) == 7
    assert found[1] is None
    found = gradient_of(f, tensor(1.0), tensor(2.0), unconnected_gradients="zero")
    assert float(found[1]) == 0


@pytest.mark.parametrize(
    "rule", [lambda dy: dy * 7, lambda dy: (dy * 7, None, None, None)], ids=["left out", "None"]
)
def test_c2_arguments_that_are_no_arrays_have_none_or_are_left_out(rule):
    f = xg.custom_gradient(lambda x, n, mode, nothing: (x**n, rule))
    (g,) = gradient_of(lambda x: f(x, 2, "mode", None), tensor(3.0))
    assert float(g) == 7


@pytest.mark.parametrize("rule", [lambda dy: (dy, None), lambda dy: dy], ids=["None", "left out"])
def test_c2_integer_arrays_have_none_or_are_left_out(rule):
    f = xg.custom_gradient(lambda x, i: (xg.take(x, i), rule))
    (g,) = gradient_of(lambda x: f(x, tensor([1, 0])), tensor([1.0, 2.0]))
    assert g.tolist() == [1, 1]


# -- C3: keyword arguments ---------------------------------------------------------------------


@xg.custom_gradient
def weighted(x, y, *, scale=1.0):
    return x * y * scale, lambda dy: (10 * dy, 20 * dy)


@pytest.mark.parametrize(
    "call",
    [
        lambda x, y: weighted(x, y),
        lambda x, y: weighted(x, y=y),
        lambda x, y: weighted(y=y, x=x),
        lambda x, y: weighted(y=y, x=x, scale=3.0),
    ],
    ids=["positions", "one keyword", "all keywords", "all keywords and an option"],
)
def test_c3_keywords_are_bound_to_positions(call):
    dx, dy = gradient_of(call, tensor(3.0), tensor(5.0))
    assert (float(dx), float(dy)) == (10, 20)


def test_c3_keyword_only_arrays_come_in_the_order_of_the_signature():
    @xg.custom_gradient
    def f(x, *, a, b):
        return x * a * b, lambda dy: (1 * dy, 2 * dy, 3 * dy)

    found = gradient_of(lambda x, a, b: f(x, b=b, a=a), *map(tensor, (1.0, 1.0, 1.0)))
    assert [float(g) for g in found] == [1, 2, 3]


def test_c3_variadic_arguments_and_keywords():
    @xg.custom_gradient
    def f(*xs, **named):
        y = sum(xs) + sum(named.values())
        return y, lambda dy: tuple(dy * (i + 1) for i in range(len(xs) + len(named)))

    found = gradient_of(lambda x, y, z: f(x, y, z=z), *map(tensor, (1.0, 1.0, 1.0)))
    assert [float(g) for g in found] == [1, 2, 3]


def test_c3_defaults_that_are_not_given_are_no_arguments():
    @xg.custom_gradient
    def f(x, y=None, z=2.0):
        return x * z, lambda dy: dy * 4

    assert float(gradient_of(f, tensor(1.0))[0]) == 4


def test_c3_wrong_arguments_are_the_functions_own_error():
    with pytest.raises(TypeError, match="missing a required argument: 'y'"):
        weighted(tensor(1.0))


# -- C4: what is captured ----------------------------------------------------------------------


def test_c4_captured_tensor_that_is_followed_is_refused_with_the_line():
    w, x = tensor([2.0, 1.0]), tensor(3.0)
    f = xg.custom_gradient(lambda x: (w * x, lambda dy: xg.sum(dy)))
    with xg.GradientTape() as tape:
        tape.watch([w, x])
        with pytest.raises(
            TypeError, match=r"uses a Tensor.*\(2,\) float64.*in multiply at .*\.py"
        ):
            f(x)


def test_c4_captured_intermediate_value_is_refused():
    x = tensor(3.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        z = xg.sin(x)
        f = xg.custom_gradient(lambda x: (xg.exp(x) * z, lambda dy: dy))
        with pytest.raises(xg.errors.NotDifferentiableError, match="Use it as an argument"):
            f(x)


def test_c4_captured_tensor_with_a_tangent_is_refused():
    w, x = tensor(2.0), tensor(3.0)
    f = xg.custom_gradient(lambda x: (w * x, lambda dy: dy))
    with (
        xg.ForwardAccumulator([w, x], [1.0, 1.0]),
        pytest.raises(xg.errors.NotDifferentiableError, match="Use it as an argument"),
    ):
        f(x)


def test_c4_captured_tensor_that_nobody_follows_is_a_constant():
    w = tensor(2.0)
    f = xg.custom_gradient(lambda x: (w * x, lambda dy: w * dy))
    assert float(gradient_of(f, tensor(3.0))[0]) == 2


def test_c4_captured_tensor_behind_stop_gradient_is_a_constant():
    w, x = tensor(2.0), tensor(3.0)
    with xg.GradientTape() as tape:
        tape.watch([w, x])
        f = xg.custom_gradient(lambda x: (xg.stop_gradient(w) * x, lambda dy: 5 * dy))
        y = f(x)
    assert [g if g is None else float(g) for g in tape.gradient(y, [x, w])] == [5, None]


@pytest.mark.parametrize("nested", [False, True], ids=["one tape", "two tapes"])
def test_c4_captured_variable_without_variables_is_refused(nested):
    w = xg.Variable(2.0, name="weight")
    f = xg.custom_gradient(lambda x: (w * x, lambda dy: dy))
    with xg.GradientTape(persistent=nested) as tape:
        x = tensor(3.0)
        tape.watch(x)
        with pytest.raises(
            TypeError,
            match=r"must accept keyword argument 'variables', since function uses variables: "
            r"\['weight'\]",
        ):
            f(x)


def variables_case(rule, *names):
    variables = [xg.Variable(2.0, name=name) for name in names]

    @xg.custom_gradient
    def f(x):
        return x * math.prod(reversed(variables)), rule

    x = tensor(3.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape, y, x, variables


def test_c4_variables_are_handed_to_the_rule_in_order_of_creation():
    seen = []

    def rule(dy, variables=None):
        seen.extend(v.name for v in variables)
        return dy * 100, [dy * (i + 1) for i, _ in enumerate(variables)]

    tape, y, x, variables = variables_case(rule, "a", "b", "c")
    found = tape.gradient(y, [x, *variables])
    assert seen == ["a", "b", "c"]
    assert [float(g) for g in found] == [100, 1, 2, 3]


def test_c4_rule_with_keywords_takes_variables_too():
    tape, y, _, variables = variables_case(lambda dy, **more: (dy, [None] * 2), "a", "b")
    assert tape.gradient(y, variables) == [None, None]


def test_c4_wrong_number_of_gradients_of_variables():
    tape, y, _, variables = variables_case(lambda dy, variables: (dy, [dy]), "a", "b")
    with pytest.raises(
        ValueError, match=r"Must return gradient for each variable.*2 expected, for a, b, but 1"
    ):
        tape.gradient(y, variables)


def test_c4_rule_with_variables_must_return_a_pair():
    tape, y, _, variables = variables_case(lambda dy, variables: dy, "a")
    with pytest.raises(TypeError, match="it must return a pair"):
        tape.gradient(y, variables)


def test_c4_rule_that_takes_variables_is_not_given_any_where_there_are_none():
    f = xg.custom_gradient(lambda x: (x * 2, lambda dy, variables=None: dy * 3))
    assert float(gradient_of(f, tensor(1.0))[0]) == 3


def test_c4_variable_as_an_argument_is_not_captured():
    v = xg.Variable(2.0)
    f = xg.custom_gradient(lambda v: (v * v, lambda dy: 7 * dy))
    with xg.GradientTape() as tape:
        y = f(v)
    assert float(tape.gradient(y, v)) == 7


def test_c4_variables_that_nobody_follows_are_constants():
    w, frozen = xg.Variable(2.0), xg.Variable(5.0, trainable=False)
    f = xg.custom_gradient(lambda x: (x * w * frozen, lambda dy: 9 * dy))
    x = tensor(1.0)
    with xg.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = f(x)
    assert float(tape.gradient(y, x)) == 9


def test_c4_the_rule_sees_the_values_that_the_function_read():
    w = xg.Variable(2.0)

    @xg.custom_gradient
    def f(x):
        return x * w, lambda dy, variables: (dy * w, [dy * x])

    x = tensor(3.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    w.assign(100.0)
    assert [float(g) for g in tape.gradient(y, [x, w])] == [2, 3]
    assert float(w) == 100


def test_c4_argument_that_is_assigned_later_keeps_its_value():
    v = xg.Variable(2.0)
    f = xg.custom_gradient(lambda v: (v * v, lambda dy: 2 * v * dy))
    with xg.GradientTape() as tape:
        y = f(v)
    v.assign(100.0)
    assert float(tape.gradient(y, v)) == 4


# -- C5: several results -----------------------------------------------------------------------


@pytest.fixture
def two_results():
    seen = []

    @xg.custom_gradient
    def f(x):
        def rule(da, db):
            seen.append((da.tolist(), db.tolist()))
            return da * 2 + xg.sum(db)

        return (x * 2, xg.stack([x, x])), rule

    f.seen = seen
    return f


def test_c5_unused_results_arrive_as_zeros(two_results):
    assert float(gradient_of(lambda x: two_results(x)[0], tensor(1.0))[0]) == 2
    assert float(gradient_of(lambda x: two_results(x)[1], tensor(1.0))[0]) == 2
    assert two_results.seen == [(1.0, [0.0, 0.0]), (0.0, [1.0, 1.0])]


def test_c5_results_are_a_nest_and_cotangents_its_leaves():
    @xg.custom_gradient
    def f(x):
        y = {"a": x * 2, "b": [x * 3, None, (xg.ones_like(x),)]}
        return y, lambda da, db, dc: da * 2 + db * 3 + dc * 100

    y = f(tensor(1.0))
    assert list(y) == ["a", "b"]
    assert y["b"][1] is None
    (g,) = gradient_of(lambda x: [f(x)["a"], f(x)["b"][2][0]], tensor(1.0))
    assert float(g) == 102


def test_c5_integer_results_have_no_cotangent():
    seen = []

    @xg.custom_gradient
    def f(x):
        def rule(dy, di):
            seen.append(di)
            return dy * 2

        return (x * 2, xg.argmax(x)), rule

    (g,) = gradient_of(lambda x: f(x)[0], tensor([1.0, 5.0]))
    assert g.tolist() == [2, 2]
    assert seen == [None]


def test_c5_arguments_are_nests():
    @xg.custom_gradient
    def f(params, x):
        y = params["w"] * x + params["b"][0]
        return y, lambda dy: ({"w": dy * 2, "b": [dy * 3, None]}, dy * 4)

    params = {"w": tensor(1.0), "b": [tensor(2.0), 7]}
    with xg.GradientTape() as tape:
        tape.watch([params["w"], params["b"][0]])
        y = f(params, tensor(1.0))
    assert [float(g) for g in tape.gradient(y, [params["w"], params["b"][0]])] == [2, 3]


def test_c5_gradients_of_nests_may_be_flat():
    @xg.custom_gradient
    def f(xs, y):
        return xs[0] * xs[1] * y, lambda dy: (dy, dy * 2, dy * 3)

    found = gradient_of(lambda a, b, c: f([a, b], c), *map(tensor, (1.0, 1.0, 1.0)))
    assert [float(g) for g in found] == [1, 2, 3]


def test_c5_gradients_belong_to_the_names_of_an_argument_in_any_order():
    f = xg.custom_gradient(
        lambda d: (
            d["a"] * d["b"]["c"] * d["n"],
            lambda dy: {"b": {"c": 20 * dy}, "a": 10 * dy},
        )
    )
    found = gradient_of(lambda a, c: f({"a": a, "b": {"c": c}, "n": 3}), tensor(1.0), tensor(2.0))
    assert [float(g) for g in found] == [10, 20]


@pytest.mark.parametrize(
    "returned",
    [{"x": 1.0, "y": 2.0}, {"a": 1.0}, {"a": 1.0, "b": 2.0, "c": 3.0}, ({"x": 1.0}, 2.0)],
)
def test_c5_gradients_of_other_names_are_refused(returned):
    f = xg.custom_gradient(lambda d: (d["a"] * d["b"], lambda dy: returned))
    with pytest.raises(ValueError, match=r"not have the structure of d \{'a': \*, 'b': \*\}\. Use"):
        gradient_of(lambda a, b: f({"a": a, "b": b}), tensor(1.0), tensor(2.0))


def test_c5_none_for_a_whole_nest():
    f = xg.custom_gradient(lambda xs, y: (xs[0] * xs[1] * y, lambda dy: (None, dy * 3)))
    found = gradient_of(lambda a, b, c: f([a, b], c), *map(tensor, (1.0, 1.0, 1.0)))
    assert found[:2] == (None, None)


def test_c5_wrong_structure_is_an_error():
    f = xg.custom_gradient(lambda p: (p["w"] * p["b"], lambda dy: {"w": dy}))
    with pytest.raises(ValueError, match="not have the structure of p"):
        gradient_of(lambda w, b: f({"w": w, "b": b}), tensor(1.0), tensor(1.0))


# -- C6, C7: what is returned is checked -------------------------------------------------------


@pytest.mark.parametrize(
    ("g", "error", "message"),
    [
        (lambda dy: 1.0, xg.errors.ShapeError, r"the gradient of x is \(\) float64"),
        (lambda dy: dy[:1], xg.errors.ShapeError, r"is \(1,\) float64.*but x is \(2,\) float64"),
        (lambda dy: dy * 1j, xg.errors.DTypeError, "the gradient of x.*cannot become float64"),
        (lambda dy: "text", TypeError, "the gradient of x"),
    ],
    ids=["scalar", "shape", "complex", "text"],
)
def test_c6_gradient_that_does_not_fit_its_argument(g, error, message):
    f = xg.custom_gradient(lambda x: (x * 2, g))
    with pytest.raises(error, match=message):
        gradient_of(f, tensor([1.0, 2.0]))


def test_c6_gradient_on_another_device_is_refused():
    pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    elsewhere = tensor([1.0, 2.0], device="array_api_strict:device1")
    f = xg.custom_gradient(lambda x: (x * 2, lambda dy: elsewhere))
    with pytest.raises(xg.errors.DeviceMismatchError, match=r"gradient of x is .*device1"):
        gradient_of(f, tensor([1.0, 2.0]))


def test_c6_dtypes_are_cast_within_their_kind():
    f = xg.custom_gradient(lambda x: (x * 2, lambda dy: xg.astype(dy, xg.float64) * 3))
    (g,) = gradient_of(f, tensor([1.0, 2.0], dtype=xg.float32))
    assert g.dtype == np.float32
    assert g.tolist() == [3, 3]


@pytest.mark.parametrize(
    "g",
    [np.array([3.0, 4.0]), tensor([3.0, 4.0]), [3.0, 4.0], xg.Variable([3.0, 4.0])],
    ids=["array", "Tensor", "list", "Variable"],
)
def test_c6_gradients_may_be_arrays_of_any_kind(g):
    f = xg.custom_gradient(lambda x: (x * 2, lambda dy: (g,)))
    assert gradient_of(f, tensor([1.0, 2.0]))[0].tolist() == [3, 4]


def test_c6_gradient_may_be_sparse():
    @xg.custom_gradient
    def lookup(table):
        rows = xg.IndexedSlices(np.ones((2, 2)), np.array([1, 1]), (3, 2))
        return table[1] * 2, lambda dy: rows

    (g,) = gradient_of(lookup, tensor(np.ones((3, 2))))
    assert g.tolist() == [[0, 0], [2, 2], [0, 0]]


@pytest.mark.parametrize(
    ("f", "kind"),
    [
        (lambda x: x * 2, "a Tensor"),
        (lambda x: (x, x), r"a tuple of 2 \(Tensor, Tensor\)"),
        (lambda x: (x, lambda dy: dy, 1), "a tuple of 3"),
        (lambda x: None, "a NoneType"),
    ],
    ids=["value", "two values", "three", "None"],
)
def test_c7_function_that_returns_no_pair(f, kind):
    with pytest.raises(TypeError, match=rf"must return a pair \(y, grad_fn\).*returned {kind}"):
        xg.custom_gradient(f)(tensor(1.0))


def test_c7_value_that_is_no_array():
    with pytest.raises(TypeError, match="returned a str as a value"):
        xg.custom_gradient(lambda x: ("text", lambda dy: dy))(tensor(1.0))


def test_c7_what_is_no_function_cannot_be_decorated():
    with pytest.raises(TypeError, match="f must be a function"):
        xg.custom_gradient(3)


# -- C8: any order -----------------------------------------------------------------------------


def orders(f, x, count):
    """The derivatives of f at x up to an order, by nested tapes."""
    tapes = [xg.GradientTape() for _ in range(count)]
    for tape in tapes:
        tape.__enter__()
        tape.watch(x)
    found = [f(x)]
    for tape in reversed(tapes):
        found.append(tape.gradient(found[-1], x))
        tape.__exit__()
    return [float(y) for y in found]


def test_c8_second_order_differentiates_the_rule():
    assert orders(fifth, tensor(2.0), 3) == [8, 20, 20, 10]


def test_c8_second_order_on_a_persistent_tape():
    x = tensor(2.0)
    with xg.GradientTape(persistent=True) as tape:
        tape.watch(x)
        g = tape.gradient(fifth(x), x)
    assert float(g) == 20
    assert float(tape.gradient(g, x)) == 20


def test_c8_what_the_function_computed_on_the_way_is_followed():
    s = 1 / (1 + math.exp(-1.0))
    expected = [math.log1p(math.e), s, s * (1 - s), s * (1 - s) * (1 - 2 * s)]
    np.testing.assert_allclose(orders(log1pexp, tensor(1.0), 3), expected, rtol=1e-14)


def test_c8_result_of_another_library_is_followed():
    expected = [2, 1 / 4, -1 / 32, 3 / 256]
    np.testing.assert_allclose(orders(square_root(), tensor(4.0), 3), expected, rtol=1e-15)


def test_c8_nested_rule_overrides_the_second_order():
    @xg.custom_gradient
    def slope(x, dy):
        return 5 * x**2 * dy, lambda d: (100 * d, 5 * x**2 * d)

    f = xg.custom_gradient(lambda x: (x**3, lambda dy: slope(x, dy)))
    assert orders(f, tensor(2.0), 2) == [8, 20, 100]


def test_c8_custom_function_inside_a_custom_function():
    f = xg.custom_gradient(lambda x: (fifth(x) * 2, lambda dy: fifth(x) * dy))
    assert orders(f, tensor(2.0), 2) == [16, 8, 20]


def test_c8_functions_in_functions_take_no_longer_the_deeper_they_are(monkeypatch):
    """Each of n that are inside one another made 2^n recorders."""
    made, make = [], stack._mixed_recorder
    monkeypatch.setattr(stack, "_mixed_recorder", lambda *given: made.append(1) or make(*given))

    def nested(depth):
        @xg.custom_gradient
        def f(x):
            return nested(depth - 1)(x) if depth else xg.sin(x), lambda dy: 2 * dy

        return f

    assert xg.grad(nested(12))(1.0).item() == 2.0
    assert len(made) < 12**2


def test_c8_rule_that_is_a_pullback_of_the_function():
    """The argument of vjp was cut off from outside, and second derivatives were zero."""

    @xg.custom_gradient
    def f(x):
        y, pullback = xg.vjp(xg.sin, x)
        return y, lambda dy: pullback(dy)[0]

    x = 0.7
    expected = [np.sin(x), np.cos(x), -np.sin(x), -np.cos(x)]
    np.testing.assert_allclose(orders(f, tensor(x), 3), expected, rtol=1e-14)
    slope = xg.grad(lambda x: xg.jvp(f, (x,), (xg.ones(()),))[1])
    np.testing.assert_allclose(slope(x).numpy(), -np.sin(x), rtol=1e-14)


def test_c8_identity_that_returns_its_argument():
    f = xg.custom_gradient(lambda x: (x, lambda dy: dy * x * 3))
    assert orders(f, tensor(2.0), 2) == [2, 6, 3]


def test_c8_argument_that_the_function_overwrites_stays_what_it_was_outside():
    @xg.custom_gradient
    def f(x):
        x += 1.0
        return x * x, lambda dy: 2 * x * dy

    x = tensor(2.0)
    assert orders(f, x, 2) == [9, 6, 2]
    assert float(x) == 2


def test_c8_tape_that_did_not_see_the_function_follows_nothing():
    x = tensor(2.0)
    with xg.GradientTape() as inner:
        inner.watch(x)
        y = fifth(x)
    with xg.GradientTape() as later:
        later.watch(x)
        g = inner.gradient(y, x)
    assert float(g) == 20
    assert later.gradient(g, x) is None


def test_c8_persistent_tape_that_did_not_see_the_function_follows_nothing():
    x = tensor(2.0)
    with xg.GradientTape(persistent=True) as inner:
        inner.watch(x)
        y = log1pexp(x)
    with xg.GradientTape() as later:
        later.watch(x)
        g = inner.gradient(y, x)
    assert later.gradient(g, x) is None


@pytest.fixture
def opaque():
    """Neither the function nor its rule are followed."""

    @xg.custom_gradient
    def opaque(x):
        return np.sin(x.array), lambda dy: np.cos(x.array) * dy.array

    return opaque


def test_c8_rule_outside_xgrad_gives_first_derivatives(opaque):
    np.testing.assert_allclose(gradient_of(opaque, tensor(A))[0].numpy(), np.cos(A))
    np.testing.assert_allclose(xg.jacrev(opaque)(A[0]).numpy(), np.diag(np.cos(A[0])))


SECOND = {
    "hessian of a linear loss": lambda f: xg.hessian(lambda x: xg.sum(f(x)))(A[0]),
    "hessian": lambda f: xg.hessian(lambda x: xg.sum(f(x) ** 2))(A[0]),
    "hvp": lambda f: xg.hvp(lambda x: xg.sum(f(x)), (A,), (A,)),
    "grad of grad": lambda f: xg.grad(xg.grad(f))(1.0),
    "jvp": lambda f: xg.jvp(f, (A,), (A,)),
    "jacfwd": lambda f: xg.jacfwd(f)(A[0]),
    "forward over reverse": lambda f: xg.jvp(xg.grad(f), (1.0,), (1.0,)),
    "vmap of hessian": lambda f: xg.vmap(xg.hessian(lambda x: xg.sum(f(x))))(A),
    "grad of vmap of grad": lambda f: xg.grad(lambda x: xg.sum(xg.vmap(xg.grad(f))(x)))(A[0]),
}


@pytest.mark.parametrize("second", SECOND.values(), ids=SECOND)
def test_c8_rule_outside_xgrad_has_no_derivative_and_says_so(second, opaque):
    with pytest.raises(xg.errors.NotDifferentiableError, match="opaque: its gradient function"):
        second(opaque)


def test_c8_rule_outside_xgrad_is_no_obstacle_where_nobody_differentiates_it(opaque):
    x = tensor(A)
    with xg.GradientTape() as outer:
        outer.watch(x)
        with xg.GradientTape() as inner:
            inner.watch(x)
            y = opaque(x)
        g = inner.gradient(y, x)
        z = xg.sum(x**2)
    np.testing.assert_allclose(g.numpy(), np.cos(A))
    np.testing.assert_allclose(outer.gradient(z, x).numpy(), 2 * A)


def test_c8_rule_outside_xgrad_with_a_gradient_of_its_own():
    @xg.custom_gradient
    def cosine(x):
        return np.cos(x.array), lambda dy: -np.sin(x.array) * dy.array

    f = xg.custom_gradient(lambda x: (np.sin(x.array), lambda dy: cosine(x) * dy))
    assert orders(f, tensor(0.5), 2) == pytest.approx([np.sin(0.5), np.cos(0.5), -np.sin(0.5)])


def test_c8_linear_rule_has_no_second_derivative():
    f = xg.custom_gradient(lambda x: (x * 2, lambda dy: dy * 3))
    x = tensor(A)
    with xg.GradientTape() as outer:
        outer.watch(x)
        (g,) = gradient_of(f, x)
    assert outer.gradient(g, x) is None
    assert not np.any(xg.hessian(lambda x: xg.sum(f(x)))(A[0]).numpy())


def test_hook_outside_xgrad_has_no_derivative_and_says_so():
    def f(x):
        return xg.sum(xg.gradient_hook(x, lambda g: g.numpy() * 2) ** 3)

    np.testing.assert_allclose(xg.grad(f)(A).numpy(), 6 * A**2)
    with pytest.raises(xg.errors.NotDifferentiableError, match="gradient_hook"):
        xg.hessian(f)(A[0])


# -- C9: forward mode --------------------------------------------------------------------------


def tangent_of(f, x, t=1.0):
    with xg.ForwardAccumulator(x, t) as accumulator:
        y = f(x)
    return accumulator.jvp(y)


def test_c9_rule_holds_in_forward_mode_too():
    assert float(tangent_of(fifth, tensor(2.0))) == 20


def test_c9_rule_that_is_no_diagonal_is_transposed():
    matrix = RNG.normal(size=(4, 3))

    @xg.custom_gradient
    def product(x):
        return xg.asarray(matrix @ x.numpy()), lambda dy: matrix.T @ dy

    direction = RNG.normal(size=3)
    found = tangent_of(product, tensor(np.ones(3)), direction)
    np.testing.assert_allclose(found.numpy(), matrix @ direction, rtol=1e-14)


@pytest.mark.parametrize("make", [lambda: log1pexp, square_root], ids=["xgrad", "numpy"])
@pytest.mark.parametrize("x0", [0.5, 2.0])
def test_c9_mixed_second_order_agrees(make, x0):
    f, x = make(), tensor(x0)
    with xg.ForwardAccumulator(x, 1.0) as accumulator:
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        forward_over_reverse = accumulator.jvp(tape.gradient(y, x))
    with xg.GradientTape() as tape:
        tape.watch(x)
        slope = tangent_of(f, x)
    reverse_over_forward = tape.gradient(slope, x)
    with xg.ForwardAccumulator(x, 1.0) as outer:
        slope = tangent_of(f, x)
    expected = orders(f, x, 2)[2]
    for found in (forward_over_reverse, reverse_over_forward, outer.jvp(slope)):
        np.testing.assert_allclose(float(found), expected, rtol=1e-14)


def test_c9_several_arguments_and_results():
    @xg.custom_gradient
    def f(x, y):
        return (x * y, x + y), lambda da, db: (da * y + db, da * x + db)

    x, y = tensor(A), tensor(A[::-1].copy())
    tx, ty = RNG.normal(size=A.shape), RNG.normal(size=A.shape)
    with xg.ForwardAccumulator([x, y], [tx, ty]) as accumulator:
        product, total = f(x, y)
    expected = tx * A[::-1] + ty * A
    np.testing.assert_allclose(accumulator.jvp(product).numpy(), expected, rtol=1e-14)
    np.testing.assert_allclose(accumulator.jvp(total).numpy(), tx + ty, rtol=1e-14)


def test_c9_captured_variable_has_its_tangent():
    w = xg.Variable(2.0)
    f = xg.custom_gradient(lambda x: (x * w, lambda dy, variables: (dy * 10, [dy * 20])))
    x = tensor(3.0)
    with xg.ForwardAccumulator([x, w], [1.0, 1.0]) as accumulator:
        y = f(x)
    assert float(accumulator.jvp(y)) == 30


# -- defjvp ------------------------------------------------------------------------------------


def with_jvp():
    calls = []

    @xg.custom_gradient
    def f(x, n, *, scale):
        return x**n * scale, lambda dy: (n * x ** (n - 1) * scale * dy, x**n * dy)

    @f.defjvp
    def f_jvp(primals, tangents):
        calls.append((primals, tangents))
        x, n, scale = primals
        t, _, s = tangents
        return x**n * scale, n * x ** (n - 1) * scale * t + x**n * s

    f.calls = calls
    return f


def test_defjvp_is_used_in_forward_mode():
    f, x, s = with_jvp(), tensor(2.0), tensor(5.0)
    with xg.ForwardAccumulator(x, 1.0) as accumulator:
        y = f(x, 3, scale=s)
    assert float(y) == 40
    assert float(accumulator.jvp(y)) == 60
    ((primals, tangents),) = f.calls
    assert [float(p) for p in primals] == [2, 3, 5]
    assert [t if t is None else float(t) for t in tangents] == [1, None, 0]


def test_defjvp_leaves_reverse_mode_alone():
    f = with_jvp()
    assert float(gradient_of(lambda x: f(x, 3, scale=5.0), tensor(2.0))[0]) == 60
    assert f.calls == []


def test_defjvp_is_differentiable():
    f, x = with_jvp(), tensor(2.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        slope = tangent_of(lambda x: f(x, 3, scale=5.0), x)
    assert float(tape.gradient(slope, x)) == 60
    assert len(f.calls) == 1


def test_defjvp_is_given_integer_arrays():
    @xg.custom_gradient
    def pick(x, i):
        return xg.take(x, i), lambda dy: xg.scatter(xg.zeros_like(x), i, dy)

    @pick.defjvp
    def pick_jvp(primals, tangents):
        (x, i), (t, nothing) = primals, tangents
        assert nothing is None
        return xg.take(x, i), xg.take(t, i)

    x = tensor([1.0, 2.0, 3.0])
    found = tangent_of(lambda x: pick(x, tensor([2, 0])), x, [10.0, 20.0, 30.0])
    assert found.tolist() == [30, 10]


def test_tangents_of_defjvp_belong_to_the_names_of_the_results_in_any_order():
    f = xg.custom_gradient(lambda x: ({"u": x, "v": x, "w": None}, lambda du, dv: du))
    f.defjvp(lambda primals, tangents: (None, {"w": None, "v": 20.0, "u": 10.0}))
    found = xg.jvp(lambda x: [f(x)["u"], f(x)["v"]], tensor(1.0), tensor(1.0))[1]
    assert [float(t) for t in found] == [10, 20]


def test_tangents_of_defjvp_of_other_names_are_refused():
    f = xg.custom_gradient(lambda x: ({"u": x, "v": x}, lambda du, dv: du))
    f.defjvp(lambda primals, tangents: (None, {"u": 10.0, "x": 20.0}))
    with pytest.raises(ValueError, match=r"for the results \{'u': \*, 'v': \*\}\. Use the same"):
        tangent_of(lambda x: f(x)["u"], tensor(1.0))


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (lambda x: x, TypeError, r"must return a pair \(y, tangent\)"),
        (lambda x: (x, (x, x)), ValueError, "a tangent for each of 1 results, but returned 2"),
        (lambda x: (x, xg.ones(3)), ValueError, r"the tangent of y is \(3,\)"),
        (lambda x: (x, xg.ones(()) * 1j), TypeError, "the tangent of y"),
    ],
    ids=["no pair", "count", "shape", "complex"],
)
def test_defjvp_result_is_checked(returned, error, message):
    f = xg.custom_gradient(lambda x: (x * 2, lambda dy: dy))
    f.defjvp(lambda primals, tangents: returned(primals[0]))
    with pytest.raises(error, match=message):
        tangent_of(f, tensor(1.0))


def test_defjvp_none_means_that_nothing_moves():
    f = xg.custom_gradient(lambda x: (x * 2, lambda dy: dy))
    f.defjvp(lambda primals, tangents: (primals[0], None))
    assert tangent_of(f, tensor(1.0)) is None


def test_defjvp_of_variables_that_are_captured_is_refused():
    w = xg.Variable(2.0)
    f = xg.custom_gradient(lambda x: (x * w, lambda dy, variables: (dy, [dy])))
    f.defjvp(lambda primals, tangents: (primals[0], tangents[0]))
    with (
        xg.ForwardAccumulator(w, 1.0),
        pytest.raises(xg.errors.NotDifferentiableError, match="Use them as arguments"),
    ):
        f(tensor(1.0))


# -- methods and other callables ---------------------------------------------------------------


class Layer:
    def __init__(self, weight):
        self.weight = weight

    @xg.custom_gradient
    def scale(self, x, power=1):
        w = self.weight
        return x * w**power, lambda dy: dy * 7

    @scale.defjvp
    def scale_jvp(self, primals, tangents):
        return primals[0], tangents[0] * self.weight * 100

    @xg.custom_gradient
    def with_variable(self, x):
        return x * self.weight, lambda dy, variables: (dy * 2, [dy * 3])

    @staticmethod
    @xg.custom_gradient
    def static(x):
        return x * 2, lambda dy: dy * 11

    @classmethod
    @xg.custom_gradient
    def of_class(cls, x):
        return x * 2, lambda dy: dy * 13


def test_method():
    layer = Layer(2.0)
    assert float(layer.scale(tensor(3.0), power=2)) == 12
    assert float(gradient_of(layer.scale, tensor(3.0))[0]) == 7
    assert float(tangent_of(layer.scale, tensor(3.0))) == 200


def test_method_that_reads_a_variable_of_its_object():
    layer, x = Layer(xg.Variable(5.0)), tensor(3.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = layer.with_variable(x)
    assert [float(g) for g in tape.gradient(y, [x, layer.weight])] == [2, 3]


def test_static_and_class_methods():
    assert float(gradient_of(Layer.static, tensor(3.0))[0]) == 11
    assert float(gradient_of(Layer(1).static, tensor(3.0))[0]) == 11
    assert float(gradient_of(Layer.of_class, tensor(3.0))[0]) == 13


def test_decorated_function_keeps_its_name_and_docstring():
    assert fifth.__name__ == "fifth"
    assert fifth.__doc__.startswith("The value of x**3")
    assert fifth.__wrapped__(tensor(1.0))[1](1.0) is not None
    assert "custom_gradient of <function fifth" in repr(fifth)


def test_partial_and_callable_objects():
    def power(n, x):
        return x**n, lambda dy: dy * 7

    f = xg.custom_gradient(functools.partial(power, 3))
    assert float(gradient_of(f, tensor(2.0))[0]) == 7

    class Callable:
        def __call__(self, x):
            return x * 2, lambda dy: dy * 9

    assert float(gradient_of(xg.custom_gradient(Callable()), tensor(2.0))[0]) == 9


# -- values ------------------------------------------------------------------------------------


def test_function_is_a_plain_one_where_nobody_watches(device):
    found = log1pexp(tensor(A, device=device))
    assert found.device == device
    np.testing.assert_allclose(found.numpy(), np.log1p(np.exp(A)), rtol=1e-14)


@pytest.mark.parametrize("x", [A, tensor(A), xg.Variable(A)], ids=["array", "Tensor", "Variable"])
def test_arrays_arrive_as_tensors_and_leave_as_tensors(x):
    @xg.custom_gradient
    def f(x):
        assert type(x) is xg.Tensor
        return np.sqrt(x.array), lambda dy: dy

    with xg.GradientTape():
        y = f(x)
    assert type(y) is xg.Tensor
    np.testing.assert_array_equal(y.numpy(), np.sqrt(A))


def test_numbers_among_the_results_become_tensors():
    f = xg.custom_gradient(lambda x: (3.0, lambda dy: dy))
    assert type(f(tensor(1.0))) is xg.Tensor


@pytest.mark.parametrize("tapes", [1, 2])
def test_arguments_may_leave_xgrad_inside(tapes):
    @xg.custom_gradient
    def f(x):
        return np.linalg.norm(np.asarray(x * 2)), lambda dy: dy * 2 * x / float(f_norm(x))

    def f_norm(x):
        return np.linalg.norm(x.array)

    x = xg.Variable([3.0, 4.0])
    with xg.GradientTape() as first, xg.GradientTape() as second:
        y = f(x)
    tape = (first, second)[tapes - 1]
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), [1.2, 1.6])


def test_captured_values_may_not_leave_xgrad_inside():
    w, x = xg.Variable(2.0), tensor(1.0)
    f = xg.custom_gradient(lambda x: (x.array * np.asarray(w), lambda dy: dy))
    with xg.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(xg.errors.NotDifferentiableError, match="followed by an active"):
            f(x)


def test_tape_inside_the_function():
    @xg.custom_gradient
    def f(x):
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = x**3
        slope = tape.gradient(y, x)
        return slope, lambda dy: dy * 6 * x

    assert orders(f, tensor(2.0), 2) == [12, 12, 6]


def test_devices_and_dtypes(device):
    x = tensor(A, dtype=xg.float32, device=device)
    (g,) = gradient_of(log1pexp, x)
    assert g.device == device
    assert g.dtype == x.dtype
    np.testing.assert_allclose(g.numpy(), 1 / (1 + np.exp(-A)), rtol=1e-5)


def test_nothing_reads_values_back(meta):
    assert gradient_of(log1pexp, tensor(A, device=meta))[0].shape == A.shape
    assert tangent_of(log1pexp, tensor(A, device=meta), A).shape == A.shape


# -- complex -----------------------------------------------------------------------------------


def conjugated_square():
    return xg.custom_gradient(lambda z: (z * z, lambda dy: dy * xg.conj(2 * z)))


def test_complex_rules_are_the_direction_of_steepest_ascent():
    z, weight = tensor(A + 1j * A[::-1]), tensor(A[:, ::-1] * (1 - 2j))
    f = conjugated_square()
    found = gradient_of(f, z, output_gradients=weight)[0]
    expected = gradient_of(lambda z: z * z, z, output_gradients=weight)[0]
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-14)


def test_complex_second_order_and_forward_mode():
    z = tensor(A + 1j * A[::-1])
    direction = A - 0.5j * A

    def all_orders(f):
        with xg.GradientTape() as outer:
            outer.watch(z)
            with xg.GradientTape() as inner:
                inner.watch(z)
                y = xg.sum(xg.abs(f(z)) ** 2)
            g = inner.gradient(y, z)
        second = outer.gradient(g, z, direction)
        return [g.numpy(), second.numpy(), tangent_of(f, z, direction).numpy()]

    for found, expected in zip(
        all_orders(conjugated_square()), all_orders(lambda z: z * z), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_complex_from_real_and_back():
    @xg.custom_gradient
    def rotate(x):
        factor = 0.6 + 0.8j
        return x * factor, lambda dy: xg.real(dy * np.conj(factor))

    x, weight = tensor(A), tensor(A * (2 - 1j))
    found = gradient_of(rotate, x, output_gradients=weight)[0]
    expected = gradient_of(lambda x: x * (0.6 + 0.8j), x, output_gradients=weight)[0]
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-14)


# -- check=True --------------------------------------------------------------------------------


def test_check_accepts_right_rules():
    @xg.custom_gradient(check=True)
    def f(x, i, *, y):
        return (xg.sin(x) * y, xg.take(y, i, axis=0)), lambda da, db: (
            xg.cos(x) * y * da,
            None,
            xg.sum(xg.sin(x) * da, axis=0, keepdims=True) + xg.scatter(xg.zeros_like(y), i, db),
        )

    f(tensor(A), tensor([0, 0]), y=tensor(A[:1]))


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_check_accepts_right_rules_in_other_dtypes(dtype):
    f = xg.custom_gradient(lambda x: (x * x, lambda dy: 2 * xg.conj(x) * dy), check=True)
    f(tensor(A.astype(dtype) * (1 if dtype == "float32" else 1 + 2j)))


def test_check_finds_a_wrong_rule_and_its_worst_element():
    @xg.custom_gradient(check=True)
    def f(x, y):
        return x * y, lambda dy: (dy * y, dy * xg.where(y > 1.9, 0.0, x))

    x, y = A.copy(), A.copy()
    y[1, 2] = 2.0
    with pytest.raises(ValueError, match=r"grad_fn of f is wrong for y.*\(1, 2\): 0 instead of"):
        f(x, y)
    with pytest.raises(ValueError, match="grad_fn of f is wrong for y"):
        f(x, y)  # it is checked until it is right


def test_check_finds_a_missing_gradient():
    f = xg.custom_gradient(lambda x, y: (x * y, lambda dy: (dy * y, None)), check=True)
    with pytest.raises(ValueError, match="is wrong for y"):
        f(A, A)


def test_check_finds_a_missing_conjugation():
    f = xg.custom_gradient(lambda z: (z * z, lambda dy: dy * 2 * z), check=True)
    with pytest.raises(ValueError, match="is wrong for z"):
        f(A * (1 + 2j))


def test_check_finds_a_wrong_forward_rule():
    f = xg.custom_gradient(lambda x: (x * x, lambda dy: 2 * x * dy), check=True)
    f.defjvp(lambda primals, tangents: (primals[0] ** 2, 3 * primals[0] * tangents[0]))
    with pytest.raises(ValueError, match="the forward rule of"):
        f(A)


def test_check_looks_at_variables():
    w = xg.Variable(A)
    f = xg.custom_gradient(
        lambda x: (x * w, lambda dy, variables: (dy * w, [dy * x * 2])), check=True
    )
    with pytest.raises(ValueError, match="is wrong for variable"):
        f(A)
    np.testing.assert_array_equal(w.numpy(), A)


NOTHING_TO_COMPARE = {
    "integers": np.asarray([1, 2]),
    "empty": np.zeros((0, 2)),
    "not finite": np.asarray([np.nan, 1.0]),
}


@pytest.mark.parametrize("x", NOTHING_TO_COMPARE.values(), ids=NOTHING_TO_COMPARE.keys())
def test_check_is_still_to_do_after_a_call_that_had_nothing_to_compare(x):
    f = xg.custom_gradient(lambda x: (x * x, lambda dy: 3 * x * dy), check=True)
    f(x)
    with pytest.raises(ValueError, match="is wrong for x"):
        f(A)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_check_finds_a_gradient_that_is_not_finite(value):
    f = xg.custom_gradient(lambda x: (x * x, lambda dy: 2 * x * dy * value), check=True)
    with pytest.raises(ValueError, match=r"is wrong for x.* The worst element is \(0, 0\)"):
        f(A)


def test_check_is_done_once_and_leaves_no_trace():
    calls = []

    @xg.custom_gradient(check=True)
    def f(x):
        calls.append(1)
        return x * x, lambda dy: 2 * x * dy

    x = tensor(A)
    with xg.GradientTape() as tape:
        tape.watch(x)
        f(x)
        calls.clear()
        y = f(x)
    assert calls == [1]
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), 2 * A)


# -- memory and explanations -------------------------------------------------------------------


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("persistent", [False, True])
def test_everything_is_freed_with_the_tape(persistent, no_collector):
    made = []

    @xg.custom_gradient
    def f(x):
        e = xg.exp(x)
        y = xg.asarray(np.log1p(e.numpy()))
        made.extend(map(weakref.ref, (e, y, x)))
        return y, lambda dy: dy * e / (1 + e) + 0 * y

    x = xg.Variable(A)
    with xg.GradientTape(persistent=persistent) as tape:
        y = xg.sum(f(x))
        if persistent:
            xg.sum(tape.gradient(y, x))
    tape.gradient(y, x)
    if persistent:
        del tape
    assert [r() for r in made] == [None, None, None]


def test_arrays_that_the_rule_does_not_name_are_freed(no_collector):
    f = xg.custom_gradient(lambda x: (x * 2, lambda dy: dy * 2))
    x = xg.Variable(A)
    with xg.GradientTape() as tape:
        z = x + 1
        array = weakref.ref(z.array)
        y = f(z)
        del z
    assert array() is None
    assert tape.gradient(y, x).tolist() == np.full(A.shape, 2.0).tolist()


def test_what_the_function_computed_on_the_way_is_freed(no_collector):
    kept = []

    @xg.custom_gradient
    def f(x):
        inside = xg.sin(x * 2)
        kept.append(weakref.ref(inside.array))
        result = xg.exp(inside)
        return result, lambda dy: dy * result * xg.cos(x * 2) * 2

    x = xg.Variable(A)
    with xg.GradientTape() as tape:
        y = f(x)
    assert kept[0]() is None
    expected = np.exp(np.sin(2 * A)) * np.cos(2 * A) * 2
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), expected, rtol=1e-14)


def test_explain_names_the_function():
    x = xg.Variable(2.0)
    with xg.GradientTape() as tape:
        y = fifth(xg.sin(x))
    text = str(tape.explain(y, x))
    assert "custom_gradient(fifth)" in text
    assert "is connected" in text


def test_explain_says_that_a_rule_may_give_none():
    f = xg.custom_gradient(lambda x: (x * 2, lambda dy: None))
    x = xg.Variable(2.0)
    with xg.GradientTape(persistent=True) as tape:
        y = f(x)
    assert tape.gradient(y, x) is None
    with pytest.raises(xg.errors.UnconnectedGradientError, match="where the rule of custom_gradi"):
        tape.gradient(y, x, unconnected_gradients="raise")
    assert "returns None" in str(tape.explain(y, x))


def test_errors_in_the_function_leave_the_tape_recording():
    @xg.custom_gradient
    def f(x):
        raise KeyError("mine")

    x = tensor(2.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(KeyError, match="mine"):
            f(x)
        y = x * x
    assert float(tape.gradient(y, x)) == 4


def test_none_is_a_gradient_of_zero_of_any_order():
    def with_zero(zero):
        @xg.custom_gradient
        def f(a, b):
            return a * a, lambda g: (2 * g * a, zero(b))

        return xg.grad(xg.grad(lambda x: f(x, xg.sin(x))))

    x = xg.asarray(2.0)
    assert with_zero(lambda _: None)(x).item() == 2.0
    with pytest.raises(xg.errors.NotDifferentiableError, match="None for a gradient that is zero"):
        with_zero(xg.zeros_like)(x)


def test_a_rule_that_takes_another_number_of_gradients_is_told_how_many():
    @xg.custom_gradient
    def both(x):
        return {"twice": 2 * x, "thrice": 3 * x}, lambda dy: 2 * dy["twice"] + 3 * dy["thrice"]

    with pytest.raises(
        xg.errors.ArgumentError,
        match=r"grad_fn of .*both must take 2 gradients, one for each array in the result \{'twice'",
    ):
        xg.grad(lambda x: both(x)["twice"])(1.0)

    @xg.custom_gradient
    def broken(x):
        return x * 1.0, lambda dy: dy + None

    with pytest.raises(TypeError) as caught:
        xg.grad(broken)(1.0)
    assert "must take" not in str(caught.value)
