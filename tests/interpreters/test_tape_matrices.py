"""GradientTape.jacobian, batch_jacobian, hessian, hvp; tensorflow-reference.md, section 2.9.

Expected values are closed forms."""

import gc
import weakref

import numpy as np
import pytest

import xgrad as xg


@pytest.fixture
def x():
    return xg.Variable([1.0, 2.0])


def square_of(x, **options):
    with xg.GradientTape(**options) as tape:
        y = x * x
    return tape, y


# -- jacobian ----------------------------------------------------------------------------------


def test_j1_jacobian_of_squares_is_diagonal(x):
    tape, y = square_of(x)
    assert tape.jacobian(y, x).tolist() == [[2.0, 0.0], [0.0, 4.0]]


def test_j1_jacobian_of_a_scalar_has_the_gradients_shape(x):
    with xg.GradientTape() as tape:
        y = xg.sum(x * x)
    assert tape.jacobian(y, x).tolist() == [2.0, 4.0]


def test_j1_shapes_are_joined():
    x = xg.Variable(np.arange(6.0).reshape(2, 3))
    with xg.GradientTape() as tape:
        y = xg.matrix_transpose(x) * 2.0
    found = tape.jacobian(y, x).numpy()
    expected = np.zeros((3, 2, 2, 3))
    for i in range(2):
        for j in range(3):
            expected[j, i, i, j] = 2.0
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(0,), (0, 2), (2, 0)])
def test_j1_empty_shapes_give_empty_matrices(shape):
    x = xg.Variable(np.ones(shape))
    tape, y = square_of(x)
    assert tape.jacobian(y, x).shape == (*shape, *shape)


def test_j1_an_empty_target_leads_only_to_what_it_was_computed_from():
    x, other = xg.Variable([1.0, 2.0, 3.0]), xg.Variable([1.0, 2.0])
    with xg.GradientTape(persistent=True) as tape:
        y = xg.exp(x)[:0]
    found, unrelated = tape.jacobian(y, [x, other])
    assert found.shape == (0, 3)
    assert unrelated is None
    assert tape.jacobian(y, other, unconnected_gradients="zero").shape == (0, 2)
    with pytest.raises(xg.errors.UnconnectedGradientError):
        tape.jacobian(y, other, unconnected_gradients="raise")
    assert tape.batch_jacobian(xg.ones((3, 0)), xg.ones((3, 2))) is None


def test_j1_jacobian_of_a_source_is_the_identity(x):
    with xg.GradientTape() as tape:
        tape.watch(x)
    assert tape.jacobian(x, x).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_j1_jacobian_of_an_unwatched_source_with_itself_is_the_identity():
    x = xg.asarray([1.0, 2.0])
    with xg.GradientTape() as tape:
        pass
    assert tape.jacobian(x, x).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_j1_sources_keep_their_structure(x):
    w = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * w
    found = tape.jacobian(y, {"x": x, "w": w})
    assert found["x"].tolist() == [[3.0, 0.0], [0.0, 3.0]]
    assert found["w"].tolist() == [1.0, 2.0]


def test_j1_unconnected_by_option(x):
    other = xg.Variable([1.0, 2.0, 3.0])
    with xg.GradientTape(persistent=True) as tape:
        y = x * x
    assert tape.jacobian(y, other) is None
    assert tape.jacobian(y, other, unconnected_gradients="zero").tolist() == [[0.0] * 3] * 2
    with pytest.raises(xg.errors.UnconnectedGradientError):
        tape.jacobian(y, other, unconnected_gradients="raise")


def test_j2_targets_may_be_nests(x):
    with xg.GradientTape() as tape:
        y = {"a": x * x, "b": [xg.sum(x)]}
    found = tape.jacobian(y, [x])
    assert found["a"][0].tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert found["b"][0][0].tolist() == [1.0, 1.0]


def test_j3_an_integer_target_has_none(x):
    with xg.GradientTape() as tape:
        y = xg.astype(x, xg.int64)
    assert tape.jacobian(y, x) is None


def test_j3_a_complex_target_is_refused_with_the_way_out():
    z = xg.Variable([1.0 + 1.0j])
    tape, y = square_of(z)
    with pytest.raises(xg.errors.DTypeError, match="holomorphic=True"):
        tape.jacobian(y, z)


def test_j3_rows_of_a_real_target_are_steepest_ascents():
    z = xg.Variable([1.0 + 2.0j])
    with xg.GradientTape() as tape:
        y = xg.abs(z) ** 2
    assert tape.jacobian(y, z).tolist() == [[2.0 + 4.0j]]


def test_j4_persistent_is_never_needed(x):
    tape, y = square_of(x)
    assert tape.jacobian(y, x) is not None
    with pytest.raises(xg.errors.TapeError, match="can only be used to compute one set"):
        tape.jacobian(y, x)


def test_j5_no_function_is_run_again():
    calls = []

    def f(x):
        calls.append(1)
        return xg.sin(x) * x

    x = xg.Variable(np.linspace(0.0, 1.0, 50))
    with xg.GradientTape() as tape:
        y = f(x)
    found = tape.jacobian(y, x).numpy()
    v = x.numpy()
    np.testing.assert_allclose(found, np.diag(np.cos(v) * v + np.sin(v)), rtol=1e-14)
    assert len(calls) == 1


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 7])
def test_chunks_give_the_same(chunk_size):
    x = xg.Variable(np.arange(5.0))
    with xg.GradientTape(persistent=True) as tape:
        y = xg.cumulative_sum(x * x)
    whole = tape.jacobian(y, x)
    assert tape.jacobian(y, x, chunk_size=chunk_size).tolist() == whole.tolist()


@pytest.mark.parametrize("matrix", ["jacobian", "batch_jacobian"])
def test_a_chunk_size_that_is_no_integer_is_refused(matrix):
    x = xg.ones((2, 2))
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(TypeError, match=f"^{matrix}: chunk_size must be an int, but is 1.5"):
        getattr(tape, matrix)(y, x, chunk_size=1.5)


@pytest.mark.parametrize("chunk_size", [0, -1])
def test_a_chunk_must_hold_something(x, chunk_size):
    tape, y = square_of(x)
    with pytest.raises(ValueError, match="chunk_size"):
        tape.jacobian(y, x, chunk_size=chunk_size)
    assert tape.jacobian(y, x) is not None  # nothing was consumed


@pytest.mark.parametrize("target", [None, 1.0, np.ones(2)])
def test_targets_must_be_tensors(x, target):
    tape, y = square_of(x)
    with pytest.raises(TypeError, match="jacobian: target is"):
        tape.jacobian(target, x)
    assert tape.jacobian(y, x) is not None


def test_jacobian_has_the_sources_dtype_and_device(any_device):
    x = xg.ones(3, dtype=xg.float32, device=any_device)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.tanh(x)[:2]
    found = tape.jacobian(y, x)
    assert (found.shape, found.dtype, found.device) == ((2, 3), x.dtype, x.device)


def test_an_outer_tape_follows_a_jacobian(x):
    with xg.GradientTape() as outer:
        with xg.GradientTape() as tape:
            y = x**3
        matrix = tape.jacobian(y, x)
        total = xg.sum(matrix)
    assert outer.gradient(total, x).tolist() == [6.0, 12.0]


def test_a_jacobian_frees_what_the_tape_kept(x):
    gc.collect()
    gc.disable()
    try:
        with xg.GradientTape() as tape:
            inner = xg.exp(x)
            y = inner * inner
        kept = weakref.ref(inner.array)
        del inner
        tape.jacobian(y, x)
        assert kept() is None
    finally:
        gc.enable()


# -- batch_jacobian ----------------------------------------------------------------------------


def test_batch_jacobian_is_one_matrix_per_example():
    x = xg.Variable(np.arange(6.0).reshape(3, 2))
    with xg.GradientTape() as tape:
        y = xg.stack([x[:, 0] * x[:, 1], x[:, 0] ** 2, x[:, 1]], axis=1)
    found = tape.batch_jacobian(y, x).numpy()
    v = x.numpy()
    expected = np.zeros((3, 3, 2))
    expected[:, 0, 0], expected[:, 0, 1] = v[:, 1], v[:, 0]
    expected[:, 1, 0] = 2 * v[:, 0]
    expected[:, 2, 1] = 1.0
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shapes", [((2,), (2, 2)), ((2, 2), (2,))])
def test_h1_rank_below_two_is_refused(shapes):
    target, source = (xg.Variable(np.ones(s)) for s in shapes)
    with xg.GradientTape() as tape:
        y = target * 2.0
    with pytest.raises(ValueError, match="must have rank at least 2"):
        tape.batch_jacobian(y, source)


def test_h2_numbers_of_examples_must_match():
    x = xg.Variable(np.ones((2, 2)))
    with xg.GradientTape() as tape:
        y = xg.concat([x, x])
    with pytest.raises(ValueError, match="Need first dimension of target shape"):
        tape.batch_jacobian(y, x)


@pytest.mark.parametrize(("shape", "expected"), [((0, 2), (0, 2, 2)), ((2, 0), (2, 0, 0))])
def test_h3_no_examples_and_empty_examples(shape, expected):
    x = xg.Variable(np.ones(shape))
    tape, y = square_of(x)
    assert tape.batch_jacobian(y, x).shape == expected


def test_h4_examples_that_mix_give_the_sum_over_examples():
    x = xg.Variable([[1.0, 2.0], [3.0, 4.0]])
    with xg.GradientTape() as tape:
        y = x * xg.sum(x)
    total = x.numpy().sum()
    expected = [[[total + 1 + 3, 1 + 3], [2 + 4, total + 2 + 4]]] * 2
    np.testing.assert_array_equal(tape.batch_jacobian(y, x).numpy(), expected)


def test_h5_unconnected_follows_the_option():
    x, other = (xg.Variable(np.ones((2, 3))) for _ in range(2))
    tape, y = square_of(x, persistent=True)
    assert tape.batch_jacobian(y, other) is None
    assert tape.batch_jacobian(y, other, unconnected_gradients="zero").shape == (2, 3, 3)


def test_h6_nests_are_refused_with_the_way_out():
    x = xg.Variable(np.ones((2, 2)))
    tape, y = square_of(x)
    with pytest.raises(ValueError, match="source must be one Tensor or Variable, but is"):
        tape.batch_jacobian(y, [x])


def test_batch_jacobian_in_chunks():
    x = xg.Variable(np.arange(8.0).reshape(2, 4))
    tape, y = square_of(x, persistent=True)
    whole = tape.batch_jacobian(y, x)
    assert tape.batch_jacobian(y, x, chunk_size=3).tolist() == whole.tolist()


# -- hessian and hvp ---------------------------------------------------------------------------


def test_h7_hessian_has_all_blocks(x):
    w = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = xg.sum(x**2) * w + w**3
    found = tape.hessian(y, {"x": x, "w": w})
    assert found["x"]["x"].tolist() == [[6.0, 0.0], [0.0, 6.0]]
    assert found["x"]["w"].tolist() == [2.0, 4.0]
    assert found["w"]["x"].tolist() == [2.0, 4.0]
    assert found["w"]["w"].item() == 18.0


def test_h7_hessian_of_a_linear_function_is_zero(x):
    with xg.GradientTape() as tape:
        y = xg.sum(3.0 * x)
    assert tape.hessian(y, x).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_h7_hessian_of_what_is_not_connected_is_zero(x):
    other = xg.Variable([1.0, 2.0, 3.0])
    with xg.GradientTape() as tape:
        y = xg.sum(x * x)
    found = tape.hessian(y, [x, other])
    assert found[0][1].tolist() == [[0.0] * 3] * 2
    assert found[1][1].tolist() == [[0.0] * 3] * 3


def test_hessian_of_rosenbrock_is_its_closed_form():
    v = np.linspace(-1.0, 1.0, 7)
    x = xg.Variable(v)
    with xg.GradientTape() as tape:
        y = xg.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
    expected = np.diag(np.r_[1200 * v[:-1] ** 2 - 400 * v[1:] + 2, 0] + np.r_[0, np.full(6, 200.0)])
    expected += np.diag(-400 * v[:-1], 1) + np.diag(-400 * v[:-1], -1)
    np.testing.assert_allclose(tape.hessian(y, x).numpy(), expected, rtol=1e-12, atol=1e-10)


def test_hessian_inside_the_context_of_a_persistent_tape(x):
    with xg.GradientTape(persistent=True) as tape:
        y = xg.sum(x**3)
        found = tape.hessian(y, x)
    assert found.tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert tape.gradient(y, x).tolist() == [3.0, 12.0]


def test_hessian_inside_the_context_of_a_tape_that_is_not_persistent(x):
    with xg.GradientTape() as tape:
        y = xg.sum(x**3)
        found = tape.hessian(y, x)
        z = x * 2.0
    assert found.tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert z.tolist() == [2.0, 4.0]


def test_an_outer_tape_follows_a_hessian(x):
    with xg.GradientTape() as outer:
        with xg.GradientTape() as tape:
            y = xg.sum(x**4)
        curvature = xg.sum(tape.hessian(y, x))
    assert outer.gradient(curvature, x).tolist() == [24.0, 48.0]


@pytest.mark.parametrize("method", ["hessian", "hvp"])
def test_second_derivatives_need_a_scalar(x, method):
    tape, y = square_of(x)
    arguments = (y, x) if method == "hessian" else (y, x, x)
    with pytest.raises(xg.errors.ShapeError, match=rf"{method}: target \(2,\) float64 on cpu"):
        getattr(tape, method)(*arguments)


def test_hvp_multiplies_by_the_hessian(x):
    with xg.GradientTape() as tape:
        y = xg.prod(x) ** 2
    assert tape.hvp(y, x, [1.0, 2.0]).tolist() == [8.0 + 16.0, 8.0 + 4.0]


def test_hvp_of_a_nest(x):
    w = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = xg.sum(x**2) * w
    found = tape.hvp(y, [x, w], [np.asarray([1.0, 0.0]), 1.0])
    assert found[0].tolist() == [6.0 + 2.0, 4.0]
    assert found[1].item() == 2.0


def test_hvp_of_a_linear_function_is_zero(x):
    with xg.GradientTape() as tape:
        y = xg.sum(x)
    assert tape.hvp(y, x, [1.0, 1.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("vectors", [[1.0], [[1.0, 2.0]], 1.0])
def test_a_vector_of_another_shape_is_refused(x, vectors):
    with xg.GradientTape() as tape:
        y = xg.sum(x * x)
    with pytest.raises(ValueError, match="hvp: vectors"):
        tape.hvp(y, x, vectors)


def test_vectors_of_another_structure_are_refused(x):
    with xg.GradientTape() as tape:
        y = xg.sum(x * x)
    with pytest.raises(ValueError, match="must have the structure of sources"):
        tape.hvp(y, [x], {"x": x})


def test_hvp_of_complex_sources_is_the_derivative_of_the_gradient():
    z = xg.Variable([1.0 + 2.0j, -0.5j])
    v = np.asarray([0.3 - 1.0j, 2.0 + 0.1j])

    def slope(value):
        z.assign(value)
        with xg.GradientTape() as tape:
            y = xg.sum(xg.abs(z) ** 4)
        return tape.gradient(y, z).numpy()

    start = z.numpy()
    expected = (slope(start + 1e-6 * v) - slope(start - 1e-6 * v)) / 2e-6
    z.assign(start)
    with xg.GradientTape() as tape:
        y = xg.sum(xg.abs(z) ** 4)
    np.testing.assert_allclose(tape.hvp(y, z, v).numpy(), expected, rtol=1e-7)
