"""jacobian, jacrev, jacfwd, hessian, hvp of functions. Expected values are closed forms."""

import numpy as np
import pytest

import xgrad as xg

MODES = ["auto", "forward", "reverse"]
ROSENBROCK = {
    "xgrad": lambda x: xg.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2),
    "torch": lambda x: (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum(),
}


@pytest.mark.parametrize("mode", MODES)
def test_jacobian_in_every_mode(mode):
    a = np.arange(6.0).reshape(3, 2)
    found = xg.jacobian(lambda x: xg.asarray(a) @ (x * x), mode=mode)(xg.asarray([1.0, 2.0]))
    assert found.tolist() == (a * [2.0, 4.0]).tolist()


@pytest.mark.parametrize("transform", [xg.jacrev, xg.jacfwd, xg.jacobian])
def test_structures_of_results_and_arguments(transform):
    def f(x, p):
        return {"y": x * p["a"], "s": xg.sum(x)}

    found = transform(f, (0, 1))(xg.asarray([1.0, 2.0]), {"a": 3.0})
    assert found["y"][0].tolist() == [[3.0, 0.0], [0.0, 3.0]]
    assert found["y"][1]["a"].tolist() == [1.0, 2.0]
    assert found["s"][0].tolist() == [1.0, 1.0]
    assert found["s"][1]["a"].item() == 0.0


@pytest.mark.parametrize("transform", [xg.jacrev, xg.jacfwd, xg.jacobian])
def test_an_argument_that_is_named_twice_has_its_jacobian_twice(transform):
    found = transform(lambda x, y: x * y, (0, 1, -2))(
        xg.asarray([1.0, 2.0]), xg.asarray([3.0, 4.0])
    )
    of_x = [[3.0, 0.0], [0.0, 4.0]]
    assert [m.tolist() for m in found] == [of_x, [[1.0, 0.0], [0.0, 2.0]], of_x]


def test_an_argument_that_is_named_twice_has_four_blocks_of_its_hessian():
    found = xg.hessian(lambda x, y: x * x * y, (0, 0))(2.0, 3.0)
    assert [[m.item() for m in row] for row in found] == [[6.0, 6.0], [6.0, 6.0]]


@pytest.mark.parametrize("transform", [xg.jacobian, xg.jacrev, xg.jacfwd, xg.vmap])
@pytest.mark.parametrize("chunk_size", [1.5, "a", True])
def test_a_chunk_size_that_is_no_integer_is_refused_at_once(transform, chunk_size):
    with pytest.raises(
        xg.errors.ArgumentTypeError, match=f"chunk_size must be an int, but is {chunk_size!r}"
    ):
        transform(lambda x: x, chunk_size=chunk_size)


@pytest.mark.parametrize("transform", [xg.jacrev, xg.jacfwd])
@pytest.mark.parametrize("chunk_size", [None, 1, 2])
def test_chunks_give_the_same(transform, chunk_size):
    x = np.linspace(0.5, 1.5, 5)
    found = transform(lambda x: xg.cumulative_prod(x)[1:], chunk_size=chunk_size)(x)
    expected = np.tril(np.cumprod(x)[:, None] / x)[1:]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("transform", [xg.jacrev, xg.jacfwd])
def test_has_aux(transform):
    found, aux = transform(lambda x: (x * x, "aux"), has_aux=True)(xg.asarray([3.0]))
    assert (found.tolist(), aux) == ([[6.0]], "aux")


@pytest.mark.parametrize("transform", [xg.jacrev, xg.jacfwd])
def test_holomorphic_gives_the_complex_derivative(transform):
    z = np.asarray([1.0 + 2.0j, 0.5j])
    found = transform(lambda z: z**3, holomorphic=True)(z)
    np.testing.assert_allclose(found.numpy(), np.diag(3 * z**2), rtol=1e-14)


def test_real_arguments_and_complex_results_forward():
    found = xg.jacfwd(lambda x: xg.exp(1j * x))(xg.asarray([0.5]))
    np.testing.assert_allclose(found.numpy(), [[1j * np.exp(0.5j)]], rtol=1e-14)


@pytest.mark.parametrize(
    ("transform", "f", "x", "message"),
    [
        (xg.jacrev, lambda z: z * z, 1.0j, "a result is complex"),
        (xg.jacfwd, lambda z: xg.abs(z), 1.0j, "an argument is complex"),
    ],
)
def test_complex_values_need_a_word(transform, f, x, message):
    with pytest.raises(xg.errors.DTypeError, match=message):
        transform(f)(x)


def test_holomorphic_needs_complex_values():
    with pytest.raises(xg.errors.DTypeError, match="holomorphic=True needs complex"):
        xg.jacrev(lambda x: x, holomorphic=True)(1.0)


@pytest.mark.parametrize("transform", [xg.jacrev, xg.jacfwd, xg.jacobian])
def test_integer_and_boolean_results_have_zeros(transform):
    f = lambda x: {"i": xg.argmax(x), "y": x * x, "b": x > 0.0}
    found = transform(f)(xg.asarray([1.0, 2.0], dtype=xg.float32))
    assert found["y"].tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert found["i"].tolist() == [0.0, 0.0]
    assert found["b"].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert [m.dtype for m in found.values()] == [xg.float32] * 3


@pytest.mark.parametrize("transform", [xg.jacrev, xg.jacfwd, xg.jacobian])
def test_jacobian_of_nothing_but_booleans_is_zero(transform):
    found = transform(lambda x: xg.tile(x, 4) > 0.0)(xg.asarray([1.0]))
    assert found.tolist() == [[0.0], [0.0], [0.0], [0.0]]


def test_an_unknown_mode_is_refused():
    with pytest.raises(
        ValueError, match="mode must be one of 'auto', 'forward', 'reverse', but is 'both'"
    ):
        xg.jacobian(lambda x: x, mode="both")


@pytest.mark.parametrize("transform", [xg.jacrev, xg.jacfwd])
def test_an_empty_chunk_is_refused(transform):
    with pytest.raises(ValueError, match="chunk_size 0"):
        transform(lambda x: x, chunk_size=0)


@pytest.mark.parametrize("transform", [xg.jacrev, xg.jacfwd])
def test_jacobians_of_jacobians_are_second_derivatives(transform):
    x = np.asarray([1.0, 2.0])
    found = transform(transform(lambda x: x**3))(x).numpy()
    expected = np.zeros((2, 2, 2))
    expected[[0, 1], [0, 1], [0, 1]] = 6 * x
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_jacfwd_of_jacrev_is_the_hessian():
    f = ROSENBROCK["xgrad"]
    x = np.linspace(-1.0, 1.0, 6)
    expected = xg.hessian(f)(x).numpy()
    for found in (xg.jacfwd(xg.jacrev(f)), xg.jacrev(xg.jacfwd(f)), xg.jacobian(xg.grad(f))):
        np.testing.assert_allclose(found(x).numpy(), expected, rtol=1e-12, atol=1e-10)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_hessian_agrees_with_torch():
    torch = pytest.importorskip("torch", reason="oracles: torch is not installed")
    x = np.linspace(-1.3, 0.8, 30)
    expected = torch.func.hessian(ROSENBROCK["torch"])(torch.asarray(x)).numpy()
    found = xg.hessian(ROSENBROCK["xgrad"])(x).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-10)


def test_hessian_of_several_arguments_is_a_tuple_of_tuples():
    found = xg.hessian(lambda x, y: xg.sum(x) * y**2, (0, 1))(xg.asarray([1.0, 2.0]), 3.0)
    assert found[0][0].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert found[0][1].tolist() == [6.0, 6.0]
    assert found[1][0].tolist() == [6.0, 6.0]
    assert found[1][1].item() == 6.0


def test_hessian_of_a_nest_is_a_nest_of_nests():
    found = xg.hessian(lambda p: p["a"] ** 2 * p["b"])({"a": 2.0, "b": 3.0})
    assert {k: {j: v.item() for j, v in row.items()} for k, row in found.items()} == {
        "a": {"a": 6.0, "b": 4.0},
        "b": {"a": 4.0, "b": 0.0},
    }


def test_hessian_of_a_linear_function_is_zero():
    assert xg.hessian(xg.sum)(xg.ones(2)).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_hvp_of_one_argument():
    x, v = np.asarray([1.0, 2.0]), np.asarray([1.0, -1.0])
    assert xg.hvp(lambda x: xg.sum(x**3), (x,), (v,)).tolist() == [6.0, -12.0]
    assert xg.hvp(lambda x: xg.sum(x**3), x, v).tolist() == [6.0, -12.0]


def test_hvp_of_several_arguments():
    found = xg.hvp(lambda x, y: x**2 * y, (2.0, 3.0), (1.0, 10.0))
    assert [g.item() for g in found] == [6.0 + 40.0, 4.0]


def test_hvp_is_differentiable():
    slope = xg.grad(lambda x: xg.hvp(lambda y: y**4, (x,), (1.0,)))(2.0)
    assert slope.item() == 48.0


@pytest.mark.parametrize("transform", [xg.jacrev, xg.jacfwd, xg.jacobian])
def test_jacobian_of_an_argument_that_is_changed_in_place(transform):
    def f(x):
        x[0] = x[1] * 2.0
        return x * x

    found = transform(f)(xg.asarray([1.0, 2.0]))
    assert found.tolist() == [[0.0, 16.0], [0.0, 4.0]]


def test_second_derivatives_of_an_argument_that_is_changed_in_place():
    def f(x):
        x **= 3
        return xg.sum(x)

    x = xg.asarray([1.0, 2.0])
    assert xg.hessian(f)(x).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert xg.hvp(f, (x,), (xg.ones(2),)).tolist() == [6.0, 12.0]
