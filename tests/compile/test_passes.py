"""What the passes leave of programs; that all of them compute the same is test_recorded_programs.py's."""

import functools

import numpy as np
import pytest
from programs import program

import xgrad as xg
from xgrad.compile.direct import DirectExecutor
from xgrad.compile.passes import RULES, optimise
from xgrad.compile.passes.assuming import assuming_finite
from xgrad.compile.passes.dead_code import without_dead_code
from xgrad.compile.passes.joining import with_joined_products
from xgrad.compile.passes.layout import with_copied_transposes
from xgrad.compile.passes.powers import with_products
from xgrad.compile.passes.sweep import swept
from xgrad.compile.passes.transposes import with_late_transposes


def program_of(f, *arrays):
    recorded = xg.function(f)
    given = [xg.asarray(x) for x in arrays]
    expected = f(*given)
    for _ in range(3):
        for y, e in zip(xg.tree.leaves(recorded(*given)), xg.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=1e-13)
    return recorded, recorded._last().program


def names(program):
    return [i.primitive.name for i in program.instructions]


def test_constants_are_computed_with_once():
    """What is computed from a constant that the program has is one too."""
    c = xg.asarray([1.0, 2.0, 3.0])
    _, made = program_of(lambda x: x + c + xg.exp(c * 2.0 + c) * 0.5, np.ones(3))
    assert names(made) == ["add", "add"]


def test_what_is_the_same_everywhere_takes_no_memory():
    def f(x):
        c = xg.broadcast_to(xg.asarray(2.0), (1000, 1000))
        return (x + c) * (xg.sqrt(c + 2.0) * 3.0)

    _, made = program_of(f, np.ones((1000, 1000)))
    assert names(made) == ["add", "multiply"]
    assert [i.operands[1].value for i in made.instructions] == [2.0, 6.0]


def test_what_is_the_same_everywhere_is_computed_with_what_has_no_axes():
    def f(x):
        c, one = xg.broadcast_to(xg.asarray(2.0), (1000, 1000)), xg.asarray(3.0)
        return (x + c + one) * xg.hypot(c + 2.0, one)

    _, made = program_of(f, np.ones((1000, 1000)))
    assert names(made) == ["add", "add", "multiply"]
    assert made.instructions[-1].operands[1].value == 5.0


@pytest.mark.parametrize("shape", [(600, 500), (3,)])
def test_choices_read_one_element_of_what_is_the_same_everywhere(shape):
    """The cotangent of a sum is a one for each element; where it is chosen from, one is enough."""
    _, made = program_of(
        lambda x: xg.grad(lambda x: xg.sum(xg.where(x > 0.0, x, x * 0.5)))(x),
        np.random.default_rng(0).normal(size=shape),
    )
    read = {x for i in made.instructions for x in i.reads()}
    assert [made.specs[n].shape for n in made.constants if n in read] == [()]


def test_one_element_is_not_enough_for_what_has_the_shape_of_all():
    c = xg.broadcast_to(xg.asarray(2.0), (4, 3))
    f, made = program_of(
        lambda x, y: (xg.hypot(x, c), xg.where(x > y, c, 0.0)), np.ones(3), np.ones((4, 1))
    )
    assert [y.shape for y in f(xg.ones(3), xg.zeros((4, 1)))] == [(4, 3), (4, 3)]
    assert sorted(made.specs[n].shape for n in made.constants) == [(), (4, 3)]
    _, made = program_of(
        lambda x: xg.searchsorted(xg.broadcast_to(xg.asarray(2.0), (3,)), x), np.arange(5.0)
    )
    assert [made.specs[n].shape for n in made.constants] == [(3,)]


def test_large_constants_are_not_kept_twice():
    c = xg.asarray(np.random.default_rng(0).normal(size=100_000))
    _, made = program_of(lambda x: x + c + xg.exp(c), np.ones(100_000))
    assert sorted(names(made)) == ["add", "add", "exp"]


def test_what_is_constant_may_leave():
    c = xg.asarray([1.0, 2.0])
    _, made = program_of(lambda x: (x + c, xg.exp(c)), np.ones(2))
    assert names(made) == ["add", "exp"]


def test_constants_that_nobody_reads_any_more_are_let_go_of():
    c = xg.asarray(np.arange(3.0))
    _, made = program_of(lambda x: x * xg.exp(c - 1.0) + c[1:2] + (c + x) * 0.0 + c, np.ones(3))
    read = {n for i in made.instructions for n in i.reads()}
    assert set(made.constants) <= read | set(made.outputs())


def test_zeros_of_two_signs_are_not_the_same():
    recorded = xg.function(lambda x: (x * 0.0, x * -0.0))
    for _ in range(2):
        assert [xg.signbit(y).item() for y in recorded(xg.ones(()))] == [False, True]


def test_known_conditions_choose():
    def f(x):
        everywhere = xg.full((3,), True)
        return xg.where(everywhere, x * 2.0, x) + xg.where(~everywhere, x, x * 3.0)

    _, made = program_of(f, np.ones(3))
    assert names(made).count("where") <= 2  # whether `full` is seen as uniform is its own business
    mask = xg.broadcast_to(xg.asarray(True), (3,))
    _, made = program_of(lambda x: xg.where((x > 0) | mask, x * 2.0, x / 3.0), np.ones(3))
    assert names(made) == ["multiply"]


@pytest.mark.parametrize("factor", [3.0, -2, 0.0, 1e300])
def test_multiples_of_a_cotangent_need_no_guard(factor):
    f = xg.grad(lambda x: xg.sum(xg.sin(x * factor) * factor))
    _, made = program_of(f, np.linspace(-1, 1, 5))
    assert names(made).count("zero_where_zero") <= 1  # that of the sine


def test_what_one_rule_finds_serves_the_others_at_once():
    """A constant that is folded is one everywhere, so it is a number, which is one, so it goes."""
    half = xg.broadcast_to(xg.asarray(0.5), (3,))

    def f(x):
        y = x - half  # by which the recording knows the constant
        return xg.exp(y * (half + half)) + xg.exp(y)

    _, made = program_of(f, np.ones(3))
    assert names(made) == ["subtract", "exp", "add"]


def test_zeros_of_two_signs_are_two_numbers():
    f = xg.function(lambda x: (1.0 / (x * 0.0), 1.0 / (x * -0.0)))
    x = xg.asarray([2.0])
    with np.errstate(divide="ignore"):
        for _ in range(2):
            assert [y.numpy()[0] for y in f(x)] == [np.inf, -np.inf]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("square", [lambda e: e * e, lambda e: e**2], ids=["product", "power"])
def test_squares_of_errors_have_one_product_on_the_way_back(dtype, square):
    x, y = (xg.asarray(a) for a in np.random.default_rng(0).normal(size=(2, 50)).astype(dtype))
    gradient = xg.grad(lambda x, y: xg.mean(square(x - y)), argnums=(0, 1))
    f = xg.function(gradient)
    f(x, y)
    for found, expected in zip(f(x, y), gradient(x, y), strict=True):
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
    assert names(f._last().program) == ["subtract", "multiply", "negative"]


def test_twice_a_huge_product_is_not_another_number():
    for factor in (1e308, 3e38, 4e4, 1e-45, 5e-324, float("inf")):
        for dtype in ("float16", "float32", "float64"):
            x = np.asarray([0.5, -0.0, 2.0], dtype)
            f = lambda x, factor=factor: (x * factor) + (x * factor)
            with np.errstate(all="ignore"):
                recorded = xg.function(f)
                recorded(xg.asarray(x))
                np.testing.assert_array_equal(
                    recorded(xg.asarray(x)).numpy(), f(xg.asarray(x)).numpy()
                )


HARD = {
    "log": lambda x: xg.sum(xg.where(x > 0, xg.log(xg.abs(x)) * x, 0.0)),
    "sqrt": lambda x: xg.sum(xg.where(x > 0, xg.sqrt(xg.abs(x)), x) ** 3),
    "quotient": lambda x: xg.sum(xg.where(x != 0, xg.sin(x) / x, 1.0) * x),
    "power": lambda x: xg.sum(xg.where(x > 0, xg.abs(x) ** 0.5 * x, 0.0)),
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_derivatives_of_guards_hold_where_something_is_not_finite(name):
    """The short program is left as soon as a look finds that; and taken again afterwards."""
    f = xg.hessian(HARD[name])
    recorded = xg.function(f)
    finite, not_finite = np.array([0.5, 2.0, 1.5]), np.array([0.5, 0.0, 1.5])
    for x in (finite, finite, not_finite, finite, not_finite):
        found, expected = recorded(xg.asarray(x)).numpy(), f(xg.asarray(x)).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
        assert np.isfinite(found).all()


def test_questions_whose_answer_is_looked_at_in_the_end_are_not_asked():
    f = xg.hessian(lambda x: xg.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2))
    recorded, made = program_of(f, np.linspace(0.0, 1.0, 9))
    smaller, assumed = assuming_finite(made)
    assert assumed
    assert "isfinite" in names(made)
    assert "isfinite" not in names(smaller)
    assert "isfinite" not in recorded._last().executor.source


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_assumed_is_found_out_even_where_nothing_else_reads_it():
    """The first derivative's guard is not part of the second derivative, but what it asks is."""
    f = xg.hessian(lambda x: xg.sum(xg.where(x > 1.0, xg.log(x) * x, x * x)))
    recorded, made = program_of(f, np.array([0.5, 2.0]))
    smaller, assumed = assuming_finite(made)
    assert assumed
    assert assumed <= {n for i in smaller.instructions for n in i.results}
    for values in ([0.0, 2.0], [0.5, np.inf], [0.5, 3.0]):
        x = xg.asarray(values)
        np.testing.assert_allclose(recorded(x).numpy(), f(x).numpy(), rtol=1e-13)


def test_second_derivatives_replay_for_values_that_were_not_there_when_recorded():
    """While recording, guards had nothing to do and gave back the very array that they guard."""
    f = xg.hessian(HARD["quotient"])
    recorded = xg.function(f)
    recorded(xg.asarray([0.5, 2.0]))
    x = xg.asarray([0.5, 0.0])
    with np.errstate(all="ignore"):
        found, expected = recorded(x), f(x)
    assert np.isfinite(found.numpy()).all()
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-13)


SINGLE = {
    "with_products": with_products,
    "with_joined_products": with_joined_products,
    "with_copied_transposes": with_copied_transposes,
    "with_late_transposes": with_late_transposes,
    "without_dead_code": without_dead_code,
    **{rule.__name__: functools.partial(swept, rules=[rule]) for rule in RULES},
    "assuming_finite": lambda program: assuming_finite(program)[0],
    "optimise": optimise,
}


@pytest.mark.parametrize("run", SINGLE.values(), ids=SINGLE)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("seed", range(12))
def test_every_pass_alone_changes_no_number(run, order, seed):
    """On random programs with their gradients or Hessians, instruction by instruction."""
    made = program(seed, kinks=False)
    f = lambda *xs: made(xg.namespace(np), *xs)
    recorded = xg.function(xg.value_and_grad(f) if order == 1 else xg.hessian(f))
    arrays = [xg.asarray(x) for x in made.inputs]
    recorded(*arrays)
    before = recorded._last().recorded
    after = run(before)
    inputs = [x.array * 1.01 for x in arrays]
    with np.errstate(all="ignore"):
        expected = DirectExecutor(before).run(list(inputs))
        found = DirectExecutor(after).run(list(inputs))
    for y, e in zip(found, expected, strict=True):
        scale = np.max(np.abs(e), initial=1.0)
        np.testing.assert_allclose(y, e, rtol=1e-11, atol=1e-11 * scale)


def test_elementwise_work_is_done_before_transposes():
    c = xg.asarray(np.arange(6.0).reshape(3, 2))
    x = np.arange(6.0).reshape(2, 3)
    f, made = program_of(lambda x: xg.tanh(x.T * 2.0) * c, x)
    assert names(made) == ["multiply", "tanh", "multiply", "matrix_transpose"]
    assert f(xg.asarray(x)).shape == (3, 2)
    _, made = program_of(lambda x: xg.sum(xg.tanh(x.T).T * x), x)  # twice is not at all
    assert names(made) == ["tanh", "multiply", "sum"]
    axes = (2, 0, 1)
    _, made = program_of(
        lambda x: xg.permute_dims(x, axes) * xg.exp(xg.permute_dims(x, axes)), np.ones((2, 3, 4))
    )
    assert names(made) == ["exp", "multiply", "permute_dims"]
    _, made = program_of(
        lambda x, y: xg.exp(x.T) @ y, x, np.ones((2, 2))
    )  # a product takes it as it is
    assert names(made) == ["exp", "matrix_transpose", "matmul"]
    _, made = program_of(lambda x: xg.grad(lambda x: xg.sum(xg.tanh(x.T * 2.0).T * x))(x), x)
    assert not {"permute_dims", "matrix_transpose"} & set(names(made))


def test_transposes_stay_where_others_are_not_transposed():
    x = np.arange(6.0).reshape(2, 3)
    for f in (
        lambda x, y: xg.exp(x.T) + y,
        lambda x, y: xg.sum(xg.exp(x.T), axis=0) * 2.0 + y,
        lambda x, y: (
            xg.permute_dims(xg.stack([x, x]), (2, 1, 0))
            * xg.permute_dims(xg.stack([x, x]), (2, 0, 1))
        ),
    ):
        _, made = program_of(f, x, np.ones(2))
        found = names(made)
        moves = [n for n in found if n in ("permute_dims", "matrix_transpose")]
        first = min(found.index(n) for n in ("exp", "multiply") if n in found)
        assert found.index(moves[0]) < first


def test_a_guarded_constant_keeps_its_shape():
    def f(x, s):
        return xg.grad(lambda x: xg.sum(x * xg.zeros_like(s)))(x)

    recorded = xg.function(f)
    for _ in range(3):
        found = recorded(xg.ones((2, 3)), xg.asarray(2.0))
        np.testing.assert_array_equal(found.numpy(), np.zeros((2, 3)))
