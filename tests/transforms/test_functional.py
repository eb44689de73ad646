"""grad, value_and_grad, vjp, jvp, linearize. Expected values are closed forms."""

import numpy as np
import pytest

import xgrad as xg


def cube(x):
    return xg.sum(x**3)


# -- grad and value_and_grad -------------------------------------------------------------------


@pytest.mark.parametrize("x", [[1.0, 2.0], np.asarray([1.0, 2.0])], ids=["list", "array"])
def test_grad_of_arrays_and_tensors(x):
    if isinstance(x, list):
        x = xg.asarray(x)
    assert xg.grad(cube)(x).tolist() == [3.0, 12.0]


def test_grad_of_a_number_is_a_tensor():
    found = xg.grad(lambda x: x**2)(3.0)
    assert isinstance(found, xg.Tensor)
    assert found.item() == 6.0


def test_grad_of_a_variable():
    assert xg.grad(cube)(xg.Variable([1.0, 2.0])).tolist() == [3.0, 12.0]


@pytest.mark.parametrize(("argnums", "expected"), [(0, 2.0), (1, 6.0), (-1, 6.0)])
def test_argnums_chooses_the_argument(argnums, expected):
    assert xg.grad(lambda x, y: 2.0 * x + 3.0 * y**2, argnums)(1.0, 1.0).item() == expected


def test_several_argnums_give_a_tuple():
    found = xg.grad(lambda x, y: x * y, (0, 1))(2.0, 5.0)
    assert isinstance(found, tuple)
    assert [g.item() for g in found] == [5.0, 2.0]


def test_one_argnum_in_a_tuple_gives_a_tuple():
    (found,) = xg.grad(lambda x, y: x * y, (1,))(2.0, 5.0)
    assert found.item() == 2.0


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2), (-2, 0)])
def test_an_argument_that_is_named_twice_has_its_gradient_twice(argnums):
    def f(x, y):
        return xg.sum(x["a"] ** 2 * y)

    x, y = {"a": xg.asarray([1.0, 2.0])}, xg.asarray([3.0, 4.0])
    found = xg.grad(f, argnums)(x, y)
    assert [g["a"].tolist() for g in found] == [[6.0, 16.0], [6.0, 16.0]]
    found[0]["a"][0] = 0.0
    assert found[1]["a"].tolist() == [6.0, 16.0]
    _, found = xg.value_and_grad(f, argnums)(x, y)
    assert [g["a"].tolist() for g in found] == [[6.0, 16.0], [6.0, 16.0]]


def test_a_parameter_that_is_named_twice_has_its_gradients_per_example_twice():
    found = xg.per_example_gradient(lambda w, x: w * x * x, (0, 0))(2.0, xg.asarray([1.0, 3.0]))
    assert [g.tolist() for g in found] == [[1.0, 9.0], [1.0, 9.0]]


def test_nests_keep_their_structure():
    def loss(parameters, scale):
        return scale * (xg.sum(parameters["w"] ** 2) + parameters["b"][0])

    found = xg.grad(loss)({"w": xg.asarray([1.0, 2.0]), "b": [xg.asarray(3.0)]}, 2.0)
    assert found["w"].tolist() == [4.0, 8.0]
    assert found["b"][0].item() == 2.0


def test_keyword_arguments_are_constants():
    assert xg.grad(lambda x, *, n: x**n)(2.0, n=3).item() == 12.0


def test_has_aux_gives_the_other_thing_too():
    slope, aux = xg.grad(lambda x: (x**2, {"seen": x}), has_aux=True)(3.0)
    assert slope.item() == 6.0
    assert aux["seen"].item() == 3.0


def test_value_and_grad_gives_both():
    value, slope = xg.value_and_grad(cube)(xg.asarray([1.0, 2.0]))
    assert value.item() == 9.0
    assert slope.tolist() == [3.0, 12.0]


def test_value_and_grad_with_aux():
    (value, aux), slope = xg.value_and_grad(lambda x: (x**2, "aux"), has_aux=True)(3.0)
    assert (value.item(), aux, slope.item()) == (9.0, "aux", 6.0)


def test_what_the_value_does_not_depend_on_has_zeros():
    found = xg.grad(lambda x, y: xg.sum(x), 1)(xg.ones(2), xg.ones(3))
    assert found.tolist() == [0.0, 0.0, 0.0]


def test_the_same_tensor_twice_is_two_arguments():
    x = xg.asarray(3.0)
    dx, dy = xg.grad(lambda x, y: x * x * y, (0, 1))(x, x)
    assert (dx.item(), dy.item()) == (18.0, 9.0)


def test_a_tensor_that_the_function_closes_over_is_a_constant():
    x = xg.asarray(3.0)
    assert xg.grad(lambda y: y * x)(x).item() == 3.0


def test_perturbations_are_not_confused():
    # d/dx (x * d/dy (x + y)) = 1, the classic trap of nested forward mode.
    assert xg.grad(lambda x: x * xg.grad(lambda y: x + y)(1.0))(1.0).item() == 1.0
    outer = xg.jvp(lambda x: x * xg.jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))
    assert outer[1].item() == 1.0


def test_variables_that_the_function_reads_are_constants():
    w = xg.Variable(2.0)
    assert xg.grad(lambda x: w * x)(3.0).item() == 2.0


def test_orders_nest():
    f = lambda x: xg.sin(x)
    for k, expected in enumerate([np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v), np.sin]):
        f = xg.grad(f)
        np.testing.assert_allclose(f(0.7).item(), expected(0.7), rtol=1e-14, err_msg=str(k))


def test_an_outer_tape_follows_a_gradient():
    x = xg.Variable(2.0)
    with xg.GradientTape() as tape:
        slope = xg.grad(lambda y: y**3)(x)
    assert tape.gradient(slope, x).item() == 12.0


def test_float32_stays_float32():
    assert xg.grad(cube)(xg.ones(2, dtype=xg.float32)).dtype == xg.float32


def test_gradients_stay_on_their_device(any_device):
    x = xg.ones(2, device=any_device)
    assert xg.grad(cube)(x).device == any_device


def test_the_name_of_the_function_is_kept():
    assert xg.grad(cube).__name__ == "cube"
    assert xg.vmap(cube).__wrapped__ is cube


@pytest.mark.parametrize("transform", [xg.grad, xg.value_and_grad, xg.hessian])
def test_a_result_that_is_no_scalar_is_refused(transform):
    with pytest.raises(xg.errors.ShapeError, match=r"returned \(2,\) float64 on cpu, but must"):
        transform(lambda x: x * x)(xg.ones(2))


@pytest.mark.parametrize(
    ("f", "hint"),
    [
        (lambda x: None, "Did it forget to return"),
        (lambda x: float(x), "not float"),
        (lambda x: (x, x), "has_aux=True"),
    ],
)
def test_a_result_that_is_no_tensor_is_refused(f, hint):
    with pytest.raises(TypeError, match=hint):
        xg.grad(f)(1.0)


def test_an_integer_argument_is_refused():
    with pytest.raises(xg.errors.DTypeError, match=r"grad: argument 0 .* has no derivative"):
        xg.grad(lambda x: x * 2)(3)


TRANSFORMS = [
    xg.grad,
    xg.value_and_grad,
    xg.jacobian,
    xg.jacrev,
    xg.jacfwd,
    xg.hessian,
    xg.per_example_gradient,
]


@pytest.mark.parametrize(
    ("transform", "others"),
    [
        *[(transform, ()) for transform in (*TRANSFORMS, xg.vmap)],
        (xg.vjp, (1.0,)),
        (xg.jvp, (1.0, 1.0)),
        (xg.linearize, (1.0,)),
        (xg.hvp, (1.0, 1.0)),
        (xg.scan, (1.0, [1.0])),
        (xg.while_loop, (lambda x: x, 1.0)),
    ],
)
def test_what_is_no_function_is_refused_at_once(transform, others):
    with pytest.raises(
        xg.errors.ArgumentTypeError, match=r"must be a function, but is a int\. Use"
    ):
        transform(3, *others)


@pytest.mark.parametrize("functions", [(lambda: 1.0, 3), (3, lambda: 1.0)])
def test_both_functions_of_cond_must_be_functions(functions):
    with pytest.raises(xg.errors.ArgumentTypeError, match="_fn must be a function, but is a int"):
        xg.cond(True, *functions)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("argnums", [1.5, None, "0", (0, 1.5), True])
def test_argnums_that_are_no_integers_are_refused_at_once(transform, argnums):
    with pytest.raises(xg.errors.ArgumentTypeError, match="argnums must be an int or a sequence"):
        transform(cube, argnums)


def test_a_string_argument_is_refused():
    with pytest.raises(TypeError, match="grad: argument 0 is a str"):
        xg.grad(lambda x: x)("a")


@pytest.mark.parametrize("argnums", [1, -2, (0, 3)])
def test_an_argument_that_is_not_there_is_refused(argnums):
    with pytest.raises(ValueError, match="out of range for 1 positional"):
        xg.grad(lambda x: x, argnums)(1.0)


def test_aux_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="must return a pair"):
        xg.grad(lambda x: x, has_aux=True)(1.0)


def test_a_complex_result_is_refused():
    with pytest.raises(xg.errors.DTypeError, match="complex"):
        xg.grad(lambda z: z * z)(1.0 + 1.0j)


def test_the_gradient_of_a_complex_argument_is_the_steepest_ascent():
    assert xg.grad(lambda z: xg.abs(z) ** 2)(1.0 + 2.0j).item() == 2.0 + 4.0j


# -- vjp ---------------------------------------------------------------------------------------


def test_pullback_can_be_called_again():
    y, pullback = xg.vjp(lambda x: x * x, xg.asarray([1.0, 2.0]))
    assert y.tolist() == [1.0, 4.0]
    assert pullback([1.0, 0.0])[0].tolist() == [2.0, 0.0]
    assert pullback([0.0, 1.0])[0].tolist() == [0.0, 4.0]


def test_pullback_gives_one_gradient_per_primal():
    _, pullback = xg.vjp(lambda x, y: x * y["a"], 2.0, {"a": 5.0})
    dx, dy = pullback(1.0)
    assert dx.item() == 5.0
    assert dy["a"].item() == 2.0


def test_pullback_of_a_nest_takes_its_structure():
    _, pullback = xg.vjp(lambda x: {"s": xg.sum(x), "p": xg.prod(x)}, xg.asarray([2.0, 3.0]))
    assert pullback({"s": 1.0, "p": 10.0})[0].tolist() == [31.0, 21.0]
    with pytest.raises(ValueError, match="pullback: g must have the structure"):
        pullback(1.0)


def test_vjp_with_aux():
    y, pullback, aux = xg.vjp(lambda x: (x * 2.0, "aux"), 3.0, has_aux=True)
    assert (y.item(), aux, pullback(1.0)[0].item()) == (6.0, "aux", 2.0)


def test_a_pullback_is_differentiable():
    slope = xg.grad(lambda x: xg.vjp(lambda y: y**3, x)[1](1.0)[0])(2.0)
    assert slope.item() == 12.0


# -- jvp and linearize -------------------------------------------------------------------------


def test_jvp_gives_the_value_and_the_slope():
    y, slope = xg.jvp(cube, (xg.asarray([1.0, 2.0]),), (xg.asarray([1.0, 0.5]),))
    assert (y.item(), slope.item()) == (9.0, 9.0)


def test_jvp_of_a_single_primal_needs_no_tuple():
    assert xg.jvp(cube, xg.asarray([1.0, 2.0]), [1.0, 0.5])[1].item() == 9.0


def test_jvp_of_several_primals_and_nests():
    y, slope = xg.jvp(lambda x, y: [x * y["a"]], (2.0, {"a": 5.0}), (1.0, {"a": 10.0}))
    assert (y[0].item(), slope[0].item()) == (10.0, 25.0)


def test_jvp_of_a_constant_is_zero():
    assert xg.jvp(lambda x: xg.ones(2), (1.0,), (1.0,))[1].tolist() == [0.0, 0.0]


def test_jvp_with_aux():
    y, slope, aux = xg.jvp(lambda x: (x * 2.0, "aux"), (3.0,), (1.0,), has_aux=True)
    assert (y.item(), slope.item(), aux) == (6.0, 2.0, "aux")


def test_tangents_of_another_structure_are_refused():
    with pytest.raises(ValueError, match="jvp: tangents must have the structure"):
        xg.jvp(lambda x, y: x, (1.0, 2.0), (1.0,))


def test_linearize_runs_the_function_once():
    calls = []

    def f(x, y):
        calls.append(1)
        return xg.stack([x * y, x**2])

    y, push = xg.linearize(f, 2.0, 3.0)
    assert y.tolist() == [6.0, 4.0]
    assert push(1.0, 0.0).tolist() == [3.0, 4.0]
    assert push(0.0, 1.0).tolist() == [2.0, 0.0]
    assert len(calls) == 1


def test_linearize_of_a_constant_is_zero():
    assert xg.linearize(lambda x: xg.ones(2), 1.0)[1](1.0).tolist() == [0.0, 0.0]


def test_linearize_of_integers_gives_zeros_as_jvp_does():
    f = lambda x: (xg.argmax(x), x * x)
    x, t = xg.asarray([1.0, 2.0]), xg.asarray([1.0, 10.0])
    push, slopes = xg.linearize(f, x)[1], xg.jvp(f, x, t)[1]
    assert [y.tolist() for y in push(t)] == [y.tolist() for y in slopes] == [0, [2.0, 40.0]]
    assert push(t)[0].dtype == slopes[0].dtype


def test_linearize_of_a_complex_function_is_jvp():
    z = xg.asarray([1.0 + 2.0j, 0.5j])
    t = xg.asarray([0.3j, 1.0 + 0.0j])
    f = lambda z: xg.conj(z) * z**2
    np.testing.assert_allclose(
        xg.linearize(f, z)[1](t).numpy(), xg.jvp(f, (z,), (t,))[1].numpy(), rtol=1e-13
    )


def test_push_of_another_structure_is_refused():
    with pytest.raises(ValueError, match="push: the tangents must have the structure"):
        xg.linearize(lambda x: x, 1.0)[1](1.0, 2.0)


# -- arguments and results that are changed in place -------------------------------------------


def triple(x):
    x *= 3.0
    return xg.sum(x)


def shift_and_square(x):
    x[0] = x[1] * 2.0
    return x * x


def test_an_argument_that_is_changed_in_place_has_its_gradient():
    x = xg.asarray([1.0, 2.0])
    assert xg.grad(triple)(x).tolist() == [3.0, 3.0]
    assert xg.value_and_grad(triple)(x)[1].tolist() == [3.0, 3.0]
    assert xg.vmap(xg.grad(triple))(xg.ones((2, 2))).tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "x", [np.asarray([1.0, 2.0]), xg.asarray([1.0, 2.0]), xg.Variable([1.0, 2.0])], ids=type
)
def test_arguments_of_all_kinds_may_be_changed_in_place(x):
    assert xg.grad(triple)(x).tolist() == [3.0, 3.0]
    assert x.tolist() == [1.0, 2.0]


def test_leaves_of_nests_may_be_changed_in_place():
    def f(p, scale):
        p["w"] *= scale
        p["b"][0] += 1.0
        return xg.sum(p["w"]) * p["b"][0], p["w"]

    x = {"w": xg.asarray([1.0, 2.0]), "b": [xg.asarray(3.0)]}
    (dp, ds), aux = xg.grad(f, (0, 1), has_aux=True)(x, 2.0)
    assert (dp["w"].tolist(), dp["b"][0].item(), ds.item()) == ([8.0, 8.0], 6.0, 12.0)
    assert aux.tolist() == [2.0, 4.0]


def test_vjp_and_linearize_of_arguments_that_are_changed_in_place():
    x = xg.asarray([0.3, 0.7])
    assert xg.vjp(shift_and_square, x)[1]([1.0, 1.0])[0].tolist() == pytest.approx([0.0, 7.0])
    push = xg.linearize(shift_and_square, x)[1]
    assert push(xg.asarray([1.0, 1.0])).tolist() == pytest.approx([5.6, 1.4])


def test_a_result_that_is_changed_in_place_keeps_its_pullback():
    y, pullback = xg.vjp(lambda x: x * x, xg.asarray([1.0, 2.0]))
    y -= 1.0
    assert pullback([1.0, 1.0])[0].tolist() == [2.0, 4.0]


def test_second_derivatives_of_an_argument_that_is_changed_in_place():
    x = xg.asarray([1.0, 2.0])

    def f(x):
        x **= 3
        return xg.sum(x)

    assert xg.grad(lambda x: xg.sum(xg.grad(f)(x)))(x).tolist() == [6.0, 12.0]
    with xg.GradientTape() as tape:
        tape.watch(x)
        slope = xg.grad(f)(x)
    assert tape.gradient(slope, x).tolist() == [6.0, 12.0]


@pytest.mark.parametrize("calls", [1, 2])
def test_a_recorded_gradient_of_an_argument_that_is_changed_in_place(calls):
    f = xg.function(xg.grad(triple))
    assert [f(xg.asarray([1.0, 2.0])) for _ in range(calls)][-1].tolist() == [3.0, 3.0]


def test_argnums_may_be_numpys():
    f = lambda x, y: x * y
    assert xg.grad(f, np.int64(1))(2.0, 3.0).item() == 2.0
    assert [g.item() for g in xg.grad(f, np.arange(2))(2.0, 3.0)] == [3.0, 2.0]


def test_none_stands_for_itself_in_tangents_and_cotangents():
    """A part that is not there, such as a bias, has None in the place of a direction, too."""
    layer = {"w": np.array([1.0, 2.0]), "b": None}
    direction = {"b": None, "w": np.array([1.0, 0.0])}

    def f(p):
        return xg.sum(p["w"] ** 3)

    assert xg.jvp(f, (layer,), (direction,))[1].item() == 3.0
    assert xg.linearize(f, layer)[1](direction).item() == 3.0
    product = xg.hvp(f, (layer,), (direction,))
    assert product["w"].tolist() == [6.0, 0.0]
    assert product["b"] is None
    with pytest.raises(xg.errors.ArgumentError, match="structure"):
        xg.jvp(f, (layer,), ({"w": direction["w"], "b": 0.0},))
    with pytest.raises(xg.errors.XgradError):
        xg.jvp(f, (layer,), ({"w": None, "b": None},))
