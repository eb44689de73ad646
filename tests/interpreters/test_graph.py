"""Graphs: everything is recorded; gradients and hessians in TensorFlow 1's way.

Numbers in names are those of reference_cases.toml, section 2.9 b."""

from __future__ import annotations

import copy
import threading

import numpy as np
import pytest
from programs import program

import xgrad as xg
from xgrad.core.observers import settings

SLOPES = [5.0 * 2.0**4, 20.0 * 2.0**3, 60.0 * 2.0**2, 120.0 * 2.0, 120.0]  # of x**5 at 2


# -- what is followed ------------------------------------------------------------------------------


def test_g1_constants_made_inside_are_followed():
    with xg.Graph():
        x = xg.constant(3.0)
        y = x * x
        (g,) = xg.gradients(y, x)
    assert g.item() == 6.0


def test_g1_constants_and_variables_from_before_are_followed():
    x, w = xg.asarray([1.0, 2.0]), xg.Variable([3.0, 4.0], trainable=False)
    with xg.Graph():
        found = xg.gradients(xg.sum(x * w), [x, w])
    assert [g.tolist() for g in found] == [[3.0, 4.0], [1.0, 2.0]]


def test_result_from_before_begins_anew_inside():
    w = xg.Variable(2.0)
    before = w * w
    with xg.Graph():
        y = before * w
        assert [g.item() for g in xg.gradients(y, [w, before])] == [4.0, 2.0]


def test_result_of_a_tape_outside_is_a_source_inside():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
        with xg.Graph():
            (g,) = xg.gradients(y * y, y)
        z = g * y
    assert g.item() == 18.0
    assert tape.gradient(z, x).item() == 8 * 27.0  # z = 2 y * y = 2 x**4


def test_two_constants_of_the_same_array_are_distinct():
    array = np.asarray([2.0])
    a, b = xg.asarray(array), xg.asarray(array)
    with xg.Graph():
        found = xg.gradients(a * a * b, [a, b])
        assert xg.gradients(a * 1.0, [b]) == [None]
    assert [g.tolist() for g in found] == [[8.0], [4.0]]


@pytest.mark.parametrize(
    "same",
    [
        xg.asarray,
        copy.copy,
        lambda x: xg.asarray(x, copy=True),
        lambda x: xg.astype(x, xg.float64, copy=False),
        lambda x: xg.to_device(x, "cpu"),
        lambda x: x.to_device("cpu"),
        lambda x: xg.einsum("i->i", x),
        lambda x: xg.pad(x, 0),
        lambda x: xg.logsumexp(x, axis=()),
        lambda x: xg.gradient_hook(x, lambda g: None),
        lambda x: xg.recompute_grad(lambda t: t * 1.0)(x),
        lambda x: xg.recompute_grad(lambda: x * 1.0)(),
        lambda x: xg.custom_gradient(lambda t: (t * 1.0, lambda dy: dy))(x),
        lambda x: xg.vmap(lambda t: t)(x),
        lambda x: xg.vmap(lambda t: t * 0.0 + x[0])(x) * 0.0 + x,
        lambda x: np.sin(x) * 0.0 + x,
        lambda x: x.reshape(2),
        lambda x: xg.cond(True, lambda t: t, lambda t: -t, x),
    ],
    ids=[
        *("asarray", "copy", "asarray_copy", "astype", "to_device", "to_device_method"),
        *("einsum", "pad", "logsumexp", "gradient_hook", "recompute_grad", "recompute_closure"),
        *("custom_gradient", "vmap", "vmap_closure", "numpy", "reshape", "cond"),
    ],
)
def test_constant_is_followed_through(same):
    x = xg.asarray([1.0, 2.0])
    with xg.Graph():
        (g,) = xg.gradients(same(x) ** 2, x)
    assert g.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    "slope",
    [
        lambda f, x: xg.grad(f)(x),
        lambda f, x: xg.jacrev(f)(x),
        lambda f, x: xg.jacfwd(f)(x),
        lambda f, x: xg.jvp(f, (x,), (xg.ones_like(x),))[1],
        lambda f, x: xg.vjp(f, x)[1](xg.ones_like(f(x)))[0],
    ],
    ids=["grad", "jacrev", "jacfwd", "jvp", "vjp"],
)
def test_derivatives_of_functions_are_recorded(slope):
    x, w = xg.asarray(2.0), xg.asarray(5.0)
    with xg.Graph():
        g = slope(lambda t: w * t**3, x)
        assert [h.item() for h in xg.gradients(g, [x, w])] == [60.0, 12.0]


def test_integers_are_not_followed():
    with xg.Graph():
        i = xg.constant(3)
        assert xg.gradients(xg.astype(i * 2, xg.float64) * 2.0, i) == [None]


def test_works_on_every_library(any_device):
    x = xg.ones((2, 3), device=any_device)
    with xg.Graph():
        y = xg.sum(xg.exp(x) @ xg.ones((3,), device=any_device))
        (g,) = xg.gradients(y, x)
        (h,) = xg.gradients(g, x)
    assert (h.shape, h.device, h.dtype) == (x.shape, x.device, x.dtype)


@pytest.mark.parametrize("seed", range(20))
def test_random_program_has_the_gradient_of_a_tape(seed):
    run = program(seed)
    xs = list(map(xg.asarray, run.inputs))
    with xg.Graph():
        found = xg.gradients(run(xg.namespace(np), *xs), xs, unconnected_gradients="zero")
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = run(xg.namespace(np), *xs)
    expected = tape.gradient(y, xs, unconnected_gradients="zero")
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-12, atol=1e-12)


# -- gradients -------------------------------------------------------------------------------------


def test_g2_gradients_work_repeatedly_and_to_any_order():
    with xg.Graph():
        x = xg.constant(2.0)
        y = x**5
        found = []
        for _ in SLOPES:
            (y,) = xg.gradients(y, x)
            found.append(y.item())
        assert xg.gradients(y, x) == [None]  # the fifth derivative is a constant
    assert found == SLOPES


def test_g3_the_answer_is_a_list_for_one_source_too():
    with xg.Graph():
        x = xg.constant([1.0, 2.0])
        assert isinstance(xg.gradients(xg.sum(x * x), x), list)
        assert len(xg.gradients(x * x, (x, x))) == 2
        assert xg.gradients(x * x, []) == []


def test_several_ys_are_summed():
    with xg.Graph():
        x = xg.constant(3.0)
        (g,) = xg.gradients([x**2, {"z": [5.0 * x]}], x)
    assert g.item() == 11.0


def test_result_can_be_a_source():
    with xg.Graph():
        x = xg.constant(3.0)
        y = x * x
        assert [g.item() for g in xg.gradients(y * x, [y, x, y * x])[:2]] == [3.0, 27.0]
        assert xg.gradients(y, y)[0].item() == 1.0


@pytest.mark.parametrize(
    ("ys", "seeds"),
    [
        (lambda y: y, [10.0, 100.0]),
        (lambda y: y, [[10.0, 100.0]]),
        (lambda y: y, np.asarray([10.0, 100.0])),
        (lambda y: y, [xg.asarray([10.0, 100.0])]),
        (lambda y: [y], [[10.0, 100.0]]),
        (lambda y: [y], xg.asarray([10.0, 100.0])),
        (lambda y: [y, 2.0 * y], [[10.0, 100.0], [0.0, 0.0]]),
    ],
    ids=["list", "list_of_one", "array", "tensor_in_a_list", "lists", "tensor", "two"],
)
def test_g4_grad_ys_are_what_gradients_start_from(ys, seeds):
    with xg.Graph():
        x = xg.constant([1.0, 2.0])
        (g,) = xg.gradients(ys(x * x), x, grad_ys=seeds)
    assert g.tolist() == [20.0, 400.0]


def test_g4_none_among_grad_ys_means_ones():
    with xg.Graph():
        x = xg.constant([1.0, 2.0])
        (g,) = xg.gradients([x * x, 3.0 * x], x, grad_ys=[None, [1.0, 10.0]])
        (h,) = xg.gradients(x * x, x, grad_ys=[None])
    assert (g.tolist(), h.tolist()) == ([5.0, 34.0], [2.0, 4.0])


def test_g4_grad_ys_are_differentiated():
    with xg.Graph():
        x, seed = xg.constant([1.0, 2.0]), xg.constant([10.0, 100.0])
        (g,) = xg.gradients(x * x, x, grad_ys=seed)
        (h,) = xg.gradients(g, seed)
    assert h.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("seeds", "error", "text"),
    [
        ([1.0, 2.0, 3.0], xg.errors.ShapeError, "grad_ys .* must have the shape of its target"),
        ([[1.0, 2.0], [1.0, 2.0]], xg.errors.ShapeError, "grad_ys"),
        (1.0, xg.errors.ShapeError, "grad_ys"),
        ([1j, 2j], xg.errors.DTypeError, "grad_ys"),
    ],
    ids=["too_long", "too_many", "scalar", "complex"],
)
def test_grad_ys_that_do_not_fit_are_refused(seeds, error, text):
    with xg.Graph():
        x = xg.constant([1.0, 2.0])
        with pytest.raises(error, match=f"gradients: {text}"):
            xg.gradients(x * x, x, grad_ys=seeds)


def test_grad_ys_of_another_structure_are_refused():
    with xg.Graph():
        x = xg.constant([1.0, 2.0])
        with pytest.raises(xg.errors.ArgumentError, match=r"grad_ys must have the structure of ys"):
            xg.gradients([x, x], x, grad_ys=[x, x, x])


def test_g5_stop_gradients_gives_partial_derivatives():
    with xg.Graph():
        x = xg.constant(3.0)
        y = x * x
        z = y + x
        total = xg.gradients(z, [x, y])
        partial = xg.gradients(z, [x, y], stop_gradients=[x, y])
        held = xg.gradients(z, x, stop_gradients=y)
    assert [g.item() for g in total] == [7.0, 1.0]
    assert [g.item() for g in partial] == [1.0, 1.0]
    assert held[0].item() == 1.0


def test_g6_unrelated_sources_are_none_zero_or_an_error():
    with xg.Graph():
        w1, w2 = xg.Variable([[1.0, 2.0]], name="w1"), xg.Variable([[3.0, 4.0]], name="w2")
        y = w1 @ xg.constant([[2.0], [1.0]])
        assert xg.gradients(y, [w1, w2])[1] is None
        assert xg.gradients(y, [w1, w2], unconnected_gradients="zero")[1].tolist() == [[0.0, 0.0]]
        with pytest.raises(
            xg.errors.UnconnectedGradientError, match=r"no operation .* has read w2"
        ):
            xg.gradients(y, [w1, w2], unconnected_gradients="raise")
        with pytest.raises(xg.errors.ArgumentError, match="Unknown value"):
            xg.gradients(y, w1, unconnected_gradients="zeros")


def test_g6_the_error_names_the_line_of_stop_gradient():
    with xg.Graph():
        x = xg.constant(3.0)
        y = xg.stop_gradient(x) * 2.0  # THE CUT
        with pytest.raises(xg.errors.UnconnectedGradientError, match=r"THE CUT"):
            xg.gradients(y, x, unconnected_gradients="raise")


def test_g7_what_was_stopped_is_itself_a_source():
    with xg.Graph():
        a, b = xg.Variable(2.0), xg.Variable(2.0)
        stopped = xg.stop_gradient(a * 3.0)
        found = xg.gradients(stopped * b, [a, b, stopped])
        summed = xg.gradients(xg.stop_gradient(a + b) + (a + b), [a, b])
    assert [None if g is None else g.item() for g in found] == [None, 6.0, 2.0]
    assert [g.item() for g in summed] == [1.0, 1.0]


def test_g8_complex_ys_need_grad_ys():
    with xg.Graph():
        z = xg.constant(1.0 + 2.0j)
        with pytest.raises(xg.errors.DTypeError, match=r"gradients: the target .*Use grad_ys="):
            xg.gradients(z * z, z)
        (g,) = xg.gradients(z * z, z, grad_ys=1.0)
        (real,) = xg.gradients(xg.real(z * xg.conj(z)), z)
    assert (g.item(), real.item()) == (2.0 - 4.0j, 2.0 + 4.0j)


@pytest.mark.parametrize(
    ("ys", "xs", "text"),
    [
        (None, 0, "ys is None, but .* Did the function forget to return"),
        (0, None, "xs is None"),
        (0, [0, 2.0], "xs: leaf 1 of 2 is a float"),
        (np.ones(2), 0, "ys is a ndarray"),
    ],
    ids=["no_ys", "no_xs", "number", "array"],
)
def test_what_is_no_tensor_is_refused(ys, xs, text):
    with xg.Graph():
        x = xg.constant(1.0)
        tensors = xg.tree.map(lambda leaf: x * 1.0 if leaf == 0 else leaf, xs) if xs else x
        with pytest.raises(xg.errors.ArgumentTypeError, match=f"gradients: {text}"):
            xg.gradients(x if type(ys) is int else ys, None if xs is None else tensors)


# -- who recorded ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gradients", "hessians"])
def test_g9_outside_of_everything_is_an_error_that_shows_the_line(name):
    x = xg.Variable(2.0)
    y = x * x
    with pytest.raises(xg.errors.TapeError, match=r"(?s)no Graph or tape is open.*with xg\.Graph"):
        getattr(xg, name)(y, x)


def test_g9_after_the_graph_is_outside():
    with xg.Graph() as graph:
        x = xg.constant(2.0)
        y = x * x
    with pytest.raises(xg.errors.TapeError, match=r"with xg\.Graph"):
        xg.gradients(y, x)
    with graph:
        assert xg.gradients(y, x)[0].item() == 4.0


def test_g10_an_open_tape_is_enough_and_is_not_used_up():
    x = xg.Variable(2.0)
    with xg.GradientTape() as tape:
        y = x**4
        (g,) = xg.gradients(y, x)
        (h,) = xg.gradients(g, x)
    assert (g.item(), h.item()) == (32.0, 48.0)
    assert tape.gradient(h, x).item() == 48.0


def test_g10_an_open_tape_that_did_not_record_is_not_enough():
    x = xg.constant(2.0)
    y = x * x
    with xg.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(xg.errors.TapeError, match=r"no tape that is open recorded ys"):
            xg.gradients(y, x)


def test_g10_a_path_that_an_open_tape_saw_cut_is_unconnected():
    x = xg.Variable(2.0)
    with xg.GradientTape():
        assert xg.gradients(xg.floor(x), x) == [None]
        assert xg.gradients(xg.stop_gradient(x * x), x) == [None]


def test_tape_inside_a_graph_gives_gradients_that_the_graph_differentiates():
    with xg.Graph():
        x = xg.Variable(2.0)
        with xg.GradientTape() as tape:
            y = x**4
        g = tape.gradient(y, x)
        (h,) = xg.gradients(g, x)
    assert (g.item(), h.item()) == (32.0, 48.0)


def test_tape_around_a_graph_differentiates_what_it_gives():
    x = xg.Variable(2.0)
    with xg.GradientTape() as tape:
        with xg.Graph():
            (g,) = xg.gradients(x**4, x)
        y = g * x
    assert tape.gradient(y, x).item() == 4 * 4 * 8.0


def test_graph_in_a_graph_asks_the_outer_one_which_knows_more():
    with xg.Graph():
        x = xg.constant(3.0)
        y = x * x
        with xg.Graph():
            assert xg.gradients(y * y, x)[0].item() == 108.0
        assert xg.gradients(y, x)[0].item() == 6.0


def test_accumulator_inside_a_graph():
    with xg.Graph():
        x = xg.constant(2.0)
        with xg.ForwardAccumulator(x, xg.constant(1.0)) as accumulator:
            y = x**4
        (h,) = xg.gradients(accumulator.jvp(y), x)
    assert h.item() == 48.0


def test_graph_inside_an_accumulator():
    x = xg.constant(2.0)
    with xg.ForwardAccumulator(x, xg.constant(1.0)) as accumulator, xg.Graph():
        (g,) = xg.gradients(x**4, x)
    assert accumulator.jvp(g).item() == 48.0


def test_graph_inside_vmap():
    def slope(x):
        with xg.Graph():
            (g,) = xg.gradients(x**3, x)
        return g

    assert xg.vmap(slope)(xg.asarray([1.0, 2.0])).tolist() == [3.0, 12.0]


def test_custom_rules_hold_and_constants_may_be_captured():
    c = xg.constant(2.0)

    @xg.custom_gradient
    def f(x):
        return x * c, lambda dy: 10.0 * dy * c

    with xg.Graph():
        x = xg.constant(3.0)
        y = f(x * c)
        assert xg.gradients(y, x)[0].item() == 40.0


def test_captured_results_are_refused_as_under_a_tape():
    with xg.Graph():
        x = xg.constant(3.0)
        c = x * 2.0
        f = xg.custom_gradient(lambda t: (t * c, lambda dy: dy * c))
        with pytest.raises(xg.errors.NotDifferentiableError, match="no argument"):
            f(x)


# -- hessians --------------------------------------------------------------------------------------


def test_h7_hessians_have_the_full_shape():
    with xg.Graph():
        x = xg.constant([[1.0, 2.0], [3.0, 4.0]])
        (h,) = xg.hessians(xg.prod(x), x)
    expected = [[0, 12, 8, 6], [12, 0, 4, 3], [8, 4, 0, 2], [6, 3, 2, 0]]
    assert h.shape == (2, 2, 2, 2)
    np.testing.assert_allclose(h.numpy().reshape(4, 4), expected, rtol=1e-12)


def test_h7_hessians_sum_ys_and_have_a_block_for_each_source():
    with xg.Graph():
        x, w = xg.constant([1.0, 2.0]), xg.Variable(3.0)
        blocks = xg.hessians([x**3 * w, w**2], [x, w])
    assert blocks[0].tolist() == [[18.0, 0.0], [0.0, 36.0]]
    assert blocks[1].tolist() == 2.0


@pytest.mark.parametrize(
    "f",
    [lambda x, w: 3.0 * x, lambda x, w: w * w, lambda x, w: xg.floor(x) * w],
    ids=["linear", "unrelated", "no_derivative"],
)
def test_h7_hessians_of_linear_and_unrelated_functions_are_zeros(f):
    with xg.Graph():
        x, w = xg.constant([1.0, 2.0], dtype=xg.float32), xg.constant(2.0, dtype=xg.float32)
        (h,) = xg.hessians(f(x, w), x)
    assert h.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert h.dtype == xg.float32


def test_h7_hessians_are_recorded():
    with xg.Graph():
        x = xg.constant([1.0, 2.0])
        (h,) = xg.hessians(xg.sum(x**4), x)
        (third,) = xg.gradients(h, x)
    assert third.tolist() == [24.0, 48.0]


def test_hessians_of_complex_values_are_refused():
    with xg.Graph():
        z = xg.constant([1.0 + 2.0j])
        with pytest.raises(xg.errors.DTypeError, match="complex"):
            xg.hessians(xg.real(xg.sum(z * xg.conj(z))), z)


# -- Variables -------------------------------------------------------------------------------------


def names(variables):
    return [v.name for v in variables]


def test_g11_variables_of_a_graph_are_those_made_or_read_inside():
    outside = xg.Variable(1.0, name="outside")
    unused = xg.Variable(1.0, name="unused")
    with xg.Graph():
        made = xg.Variable(2.0, name="made")
        step = xg.Variable(0, trainable=False, name="step")
        y = made * outside
        assert names(xg.global_variables()) == ["outside", "made", "step"]
        assert names(xg.trainable_variables()) == ["outside", "made"]
        with xg.Graph():
            assert xg.global_variables() == []
    assert (unused.shape, step.shape, y.shape) == ((), (), ())


def test_g11_outside_of_graphs_all_living_variables_count():
    before = len(xg.global_variables())
    a, b = xg.Variable(1.0), xg.Variable(2.0, trainable=False)
    assert xg.global_variables()[before:] == [a, b]
    assert xg.trainable_variables()[-1] is a
    del a
    assert len(xg.global_variables()) == before + 1


def test_graph_owns_the_variables_that_are_made_in_it():
    def layer(x):
        return x * xg.Variable(3.0, name="inside a function")

    with xg.Graph() as graph:
        y = layer(xg.constant(2.0))
        (w,) = xg.trainable_variables()
        assert xg.gradients(y, w)[0].item() == 2.0
    del w
    assert names(graph.variables()) == ["inside a function"]


def test_assigning_inside_is_no_cause_for_a_warning():
    with xg.Graph():
        w = xg.Variable(2.0)
        y = w * w
        w.assign_add(1.0)
        assert xg.gradients(y, w)[0].item() == 4.0  # the value at the time of reading counts


def test_reads_before_and_after_an_assignment_sum():
    with xg.Graph():
        w = xg.Variable(2.0)
        y = w * w
        w.assign(5.0)
        assert xg.gradients(y + w * w, w)[0].item() == 14.0


# -- life cycle ------------------------------------------------------------------------------------


def test_open_graph_cannot_be_entered_again():
    with xg.Graph() as graph, pytest.raises(xg.errors.TapeError, match="open already"):
        graph.__enter__()


def test_graph_belongs_to_its_thread():
    graph = xg.Graph()
    caught = []

    def enter():
        with pytest.raises(xg.errors.TapeError, match="another thread"):
            graph.__enter__()
        caught.append(True)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert caught == [True]


def test_another_thread_is_not_recorded():
    x = xg.constant(2.0)
    made = []
    with xg.Graph():
        thread = threading.Thread(target=lambda: made.append(x * x))
        thread.start()
        thread.join()
        assert xg.gradients(made[0], x) == [None]


def test_an_error_inside_closes_the_graph():
    graph = xg.Graph()
    with pytest.raises(ZeroDivisionError), graph:
        _ = 1 / 0
    assert not settings.inspected
    with graph:
        assert settings.inspected
    assert not settings.inspected


def test_constants_are_left_alone_outside():
    with xg.Graph():
        pass
    x = xg.constant(2.0)
    assert (x * x).node is None


def test_followed_values_do_not_leave_by_accident():
    with xg.Graph():
        x = xg.constant([1.0, 2.0])
        with pytest.raises(xg.errors.NotDifferentiableError, match="GradientTape or Graph"):
            np.asarray(x)
        assert x.numpy().tolist() == [1.0, 2.0]
    assert np.asarray(x).tolist() == [1.0, 2.0]


def test_graph_can_be_asked_and_drawn_like_a_tape():
    with xg.Graph() as graph:
        x = xg.Variable([1.0, 2.0], name="x")
        y = xg.sum(xg.exp(x))
        explanation = graph.explain(y, x)
    assert explanation.connected
    assert "exp" in str(explanation)
    assert [node.name for node in graph.graph(y).nodes] == ["x", "exp", "sum"]
    assert graph.stats().by_op["exp"].arrays == 1


def test_graph_inside_a_recorded_function_is_replayed():
    @xg.function
    def curvature(x):
        with xg.Graph():
            (g,) = xg.gradients(xg.sum(x**3), x)
            return xg.gradients(g, x)[0]

    assert curvature(xg.asarray([1.0, 2.0])).tolist() == [6.0, 12.0]
    assert curvature(xg.asarray([3.0, 4.0])).tolist() == [18.0, 24.0]


def test_recorded_function_inside_a_graph_is_followed():
    cube = xg.function(lambda x: x**3)
    x = xg.constant(2.0)
    cube(x)
    with xg.Graph():
        assert xg.gradients(cube(x), x)[0].item() == 12.0


# -- operands without a derivative -----------------------------------------------------------------


def test_max_pooling_is_differentiated_inside():
    values = np.arange(16.0).reshape(1, 4, 4, 1)
    with xg.Graph():
        x = xg.constant(values)
        y = xg.sum(xg.nn.max_pool(xg.nn.max_pool(x * x, 2), 2) ** 2)
        (g,) = xg.gradients(y, x)
        (h,) = xg.gradients(g, x)
    expected = np.zeros_like(values)
    expected[0, 3, 3, 0] = 4.0 * 15.0**3  # x^4 of the largest
    np.testing.assert_array_equal(g.numpy(), expected)
    expected[0, 3, 3, 0] = 12.0 * 15.0**2
    np.testing.assert_array_equal(h.numpy(), expected)


@pytest.mark.parametrize("n", [1, xg.constant(1.0)], ids=["number", "tensor"])
def test_an_operand_without_derivative_is_a_constant_inside(n):
    with xg.Graph():
        x = xg.constant(1.5)
        (g,) = xg.gradients(xg.special.polygamma(n, x), x)
        (h,) = xg.gradients(g, x)
    assert g.item() == pytest.approx(xg.special.polygamma(2, 1.5).item())
    assert h.item() == pytest.approx(xg.special.polygamma(3, 1.5).item())


def test_the_gradient_of_an_operand_without_derivative_is_refused_where_it_is_asked_for():
    with xg.Graph():
        x, n = xg.constant(1.5), xg.constant(1.0)
        y = xg.special.polygamma(2.0 * n, x) + n
        assert xg.gradients(y, x)[0] is not None
        with pytest.raises(xg.errors.NotDifferentiableError, match=r"polygamma at .* whole orders"):
            xg.gradients(y, n)


def test_a_tape_inside_refuses_an_operand_without_derivative_at_once():
    with xg.Graph(), xg.GradientTape() as tape:
        n = tape.watch(xg.constant(1.0))
        with pytest.raises(xg.errors.NotDifferentiableError, match="whole orders"):
            xg.special.polygamma(n, xg.constant(1.5))
