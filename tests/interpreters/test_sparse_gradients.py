"""Gradients of rows that were taken with sparse_grad=True (tensorflow-reference.md, section 2.8).

The cases have no numbers there; they are S1 .. S10 here, in their order. Oracle: the same program
without sparse_grad."""

import numpy as np
import pytest

import xgrad as xg

TABLE = np.arange(1.0, 9.0).reshape(4, 2)
WEIGHT = np.array([[1.0, -2.0], [0.5, 3.0], [-1.0, 4.0]])


def rows_of(x, indices, sparse=True):
    return xg.take(x, xg.asarray(indices, device=x.device), axis=0, sparse_grad=sparse)


def gradient_of(f, x, sparse=True, **options):
    """The gradient of the sum of ``f(x, take)``."""
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = f(x, lambda t, indices: rows_of(t, indices, sparse))
    return tape.gradient(y, x, **options)


def both(f, device="cpu"):
    """The gradient with and without sparse_grad."""
    x = xg.asarray(TABLE, device=device)
    return gradient_of(f, x), gradient_of(f, x, sparse=False)


def assert_equal(sparse, dense):
    assert sparse.shape == dense.shape
    assert sparse.dtype == dense.dtype
    assert sparse.device == dense.device
    np.testing.assert_allclose(sparse.numpy(), dense.numpy(), rtol=1e-14)


def test_s1_source_read_through_take_gets_its_rows_and_indices(device):
    weight = xg.asarray(WEIGHT, device=device)
    found, dense = both(lambda x, take: take(x, [0, 0, 2]) * weight, device)
    assert isinstance(found, xg.IndexedSlices)
    assert found.indices.tolist() == [0, 0, 2]
    assert found.dense_shape == (4, 2)
    np.testing.assert_array_equal(found.values.numpy(), WEIGHT)
    assert_equal(found, dense)


def test_s1_is_dense_without_being_asked():
    x = xg.Variable(TABLE)
    with xg.GradientTape() as tape:
        y = xg.take(x, xg.asarray([0, 0, 2]), axis=0)
    assert isinstance(tape.gradient(y, x), xg.Tensor)


def test_s1_indices_with_two_axes_are_listed_flat():
    found, dense = both(lambda x, take: take(x, [[3, 0], [3, 1]]) ** 2)
    assert found.indices.tolist() == [3, 0, 3, 1]
    assert_equal(found, dense)


def test_s2_two_readings_are_joined(device):
    found, dense = both(lambda x, take: [take(x, [0, 2]) * 2, take(x, [2]) ** 2], device)
    assert isinstance(found, xg.IndexedSlices)
    assert sorted(found.indices.tolist()) == [0, 2, 2]
    assert_equal(found, dense)


def test_s3_rows_and_a_dense_use_give_a_dense_gradient(device):
    found, dense = both(lambda x, take: [take(x, [0, 2]), x * x, take(x, [2])], device)
    assert isinstance(found, xg.Tensor)
    assert_equal(found, dense)


def test_s4_an_intermediate_value_is_dense(device):
    found, dense = both(lambda x, take: take(x * x, [0, 2, 2]), device)
    assert isinstance(found, xg.Tensor)
    assert_equal(found, dense)


def test_s4_an_intermediate_value_as_a_source_is_dense():
    x = xg.asarray(TABLE)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        z = rows_of(y, [1, 1])
    dy, dx = tape.gradient(z, [y, x])
    assert isinstance(dy, xg.Tensor)
    np.testing.assert_array_equal(dy.numpy(), [[0, 0], [2, 2], [0, 0], [0, 0]])
    np.testing.assert_array_equal(dx.numpy(), 2 * TABLE * dy.numpy())


def test_s5_other_ways_to_read_are_dense():
    x = xg.Variable(TABLE)
    with xg.GradientTape() as tape:
        y = x[1:3] * x[xg.asarray([0, 1])]
    assert isinstance(tape.gradient(y, x), xg.Tensor)


def test_s5_other_axes_are_refused():
    with pytest.raises(xg.errors.ArgumentError, match="sparse_grad needs axis 0, but axis is 1"):
        xg.take(xg.asarray(TABLE), xg.asarray([0]), axis=-1, sparse_grad=True)


def test_s6_index_out_of_range_is_an_error():
    with pytest.raises(IndexError, match="out of bounds"):
        rows_of(xg.asarray(TABLE), [0, 4])


def test_s7_sparse_gradient_is_a_target_of_any_order(device):
    def third(sparse):
        x = xg.asarray(TABLE, device=device)
        with xg.GradientTape() as a:
            a.watch(x)
            with xg.GradientTape() as b:
                b.watch(x)
                with xg.GradientTape() as c:
                    c.watch(x)
                    y = rows_of(x, [1, 3, 1], sparse) ** 4
                first = c.gradient(y, x)
            second = b.gradient(first, x)
        return first, second, a.gradient(second, x)

    for sparse, dense in zip(third(True), third(False), strict=True):
        assert isinstance(sparse, xg.IndexedSlices)
        assert_equal(sparse, dense)


def test_s7_what_is_computed_from_it_is_followed():
    def second(sparse):
        x = xg.asarray(TABLE)
        with xg.GradientTape() as outer:
            outer.watch(x)
            with xg.GradientTape() as inner:
                inner.watch(x)
                y = rows_of(x, [1, 3, 1], sparse) ** 3
            g = inner.gradient(y, x)
            norm = xg.sum(xg.square(g))
        return outer.gradient(norm, x)

    assert_equal(second(True), second(False))


def test_s7_output_gradients_of_a_sparse_target_have_the_dense_shape():
    seed = TABLE[::-1].copy()

    def second(sparse):
        x = xg.asarray(TABLE)
        with xg.GradientTape() as outer:
            outer.watch(x)
            with xg.GradientTape() as inner:
                inner.watch(x)
                y = rows_of(x, [1, 3, 1], sparse) ** 3
            g = inner.gradient(y, x)
        return outer.gradient(g, x, seed)

    assert_equal(second(True), second(False))
    x = xg.Variable(TABLE)
    with xg.GradientTape(persistent=True) as outer:
        with xg.GradientTape() as inner:
            y = rows_of(x, [1, 3, 1]) ** 3
        g = inner.gradient(y, x)
    with pytest.raises(xg.errors.ShapeError, match=r"\(3, 2\) float64 on cpu must have the shape"):
        outer.gradient(g, x, np.ones((3, 2)))


def test_s7_forward_mode_gives_the_tangent_of_the_rows():
    x = xg.asarray(TABLE)
    with xg.ForwardAccumulator(x, np.ones((4, 2))) as accumulator:
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = rows_of(x, [1, 3, 1]) ** 3
        g = tape.gradient(y, x)
    t = accumulator.jvp(g)
    assert isinstance(t, xg.IndexedSlices)
    expected = 6 * TABLE * np.array([[0], [2], [0], [1]])
    np.testing.assert_allclose(t.numpy(), expected)


def test_s7_as_a_source_is_an_error_that_says_what_to_use():
    x = xg.Variable(TABLE)
    with xg.GradientTape(persistent=True) as tape:
        g = tape.gradient(rows_of(x, [1]), x)
        y = xg.sum(g)
    with pytest.raises(TypeError, match=r"Use its \.values"):
        tape.gradient(y, g)


def test_s8_every_row_of_the_jacobian_is_that_of_the_dense_gradient():
    x = xg.Variable(TABLE)
    with xg.GradientTape(persistent=True) as tape:
        y = rows_of(x, [1, 3, 1]) ** 2
    for row in np.eye(6).reshape(6, 3, 2):
        found = tape.gradient(y, x, row)
        expected = np.zeros((4, 2))
        np.add.at(expected, [1, 3, 1], 2 * TABLE[[1, 3, 1]] * row)
        np.testing.assert_array_equal(found.numpy(), expected)


def test_s8_matrices_of_derivatives_are_dense(device):
    def matrices(sparse):
        x = xg.asarray(TABLE, device=device)
        with xg.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = rows_of(x, [1, 3, 1], sparse) ** 3
            loss = xg.sum(y)
        return tape.jacobian(y, x), tape.hessian(loss, x), tape.hvp(loss, x, xg.ones_like(x))

    for sparse, dense in zip(matrices(True), matrices(False), strict=True):
        assert isinstance(sparse, xg.Tensor)
        assert_equal(sparse, dense)


@pytest.mark.parametrize("axis", [0, 1])
def test_s8_inside_vmap(axis):
    tables = np.stack([TABLE, 2 * TABLE], axis=axis)

    def loss(x, sparse):
        return xg.sum(rows_of(x, [1, 3, 1], sparse) ** 3)

    found = [
        xg.vmap(xg.grad(lambda x, s=s: loss(x, s)), in_axes=axis)(tables) for s in (True, False)
    ]
    assert_equal(*found)


def test_s9_sgd_takes_the_step_of_the_dense_gradient(device):
    options = {"learning_rate": 0.1, "momentum": 0.9}
    values = []
    for sparse in (True, False):
        v = xg.Variable(TABLE, device=device)
        optimizer = xg.optimizers.SGD(**options)
        for _ in range(3):
            optimizer.minimize(lambda v=v, s=sparse: xg.sum(rows_of(v, [0, 0, 2], s) ** 2))
        values.append(v.numpy())
    np.testing.assert_allclose(*values, rtol=1e-14)


def test_s9_repeated_indices_count_each_time_in_a_step():
    v = xg.Variable([1.0, 1.0])
    g = xg.IndexedSlices(np.array([1.0, 1.0]), np.array([0, 0]), (2,))
    xg.optimizers.SGD(0.1).apply_gradients([(g, v)])
    np.testing.assert_allclose(v.numpy(), [0.8, 1.0])


def test_s9_pure_update_is_differentiable_through_sparse_gradients():
    def slope(sparse):
        w = xg.asarray(TABLE)
        optimizer = xg.optimizers.SGD(0.1)
        with xg.GradientTape() as outer:
            outer.watch(w)
            with xg.GradientTape() as inner:
                inner.watch(w)
                y = xg.sum(rows_of(w, [0, 2, 0], sparse) ** 3)
            g = inner.gradient(y, w)
            new, _ = optimizer.update(g, optimizer.init(w), w)
            y = xg.sum(new**2)
        return outer.gradient(y, w)

    assert_equal(slope(True), slope(False))


def test_s9_gradient_of_another_shape_is_refused():
    v = xg.Variable(TABLE)
    g = xg.IndexedSlices(np.ones((1, 2)), np.array([0]), (3, 2))
    with pytest.raises(xg.errors.ShapeError, match="must have the shape"):
        xg.optimizers.SGD(0.1).apply_gradients([(g, v)])


def test_variables_dicts_and_unconnected_sources():
    table, other, bias = xg.Variable(TABLE), xg.Variable(TABLE), xg.Variable(np.ones(2))
    with xg.GradientTape() as tape:
        y = rows_of(table, [1, 1]) + bias
    found = tape.gradient(y, {"t": table, "o": other, "b": bias}, unconnected_gradients="zero")
    assert isinstance(found["t"], xg.IndexedSlices)
    assert not np.any(found["o"].numpy())
    np.testing.assert_array_equal(found["b"].numpy(), [2, 2])


def test_persistent_tape_gives_it_again():
    x = xg.Variable(TABLE)
    with xg.GradientTape(persistent=True) as tape:
        y = rows_of(x, [1, 1]) ** 2
    assert_equal(tape.gradient(y, x), tape.gradient(y, x))


def test_float32_stays_float32(device):
    x = xg.Variable(TABLE, dtype=xg.float32, device=device)
    found = gradient_of(lambda x, take: take(x, [0, 1, 1]) ** 2, x)
    assert found.dtype == x.dtype
    assert found.to_dense().dtype == x.dtype


def test_complex_rows_are_the_direction_of_steepest_ascent():
    z = xg.asarray(TABLE + 1j * TABLE[::-1])
    weight = xg.asarray(WEIGHT * (1 - 2j))
    found = gradient_of(lambda x, take: xg.real(xg.sum(take(x, [0, 0, 2]) ** 2 * weight)), z)
    dense = gradient_of(lambda x, take: xg.real(xg.sum(take(x, [0, 0, 2]) ** 2 * weight)), z, False)
    assert isinstance(found, xg.IndexedSlices)
    assert_equal(found, dense)


def test_nothing_passes_through_what_is_held():
    x = xg.asarray(TABLE)
    with xg.GradientTape() as tape:
        tape.watch(x)
        rows = rows_of(x, [0, 1])
        y = rows * rows + x[:2]
    found = tape.gradient(y, x, stop_gradients=rows)
    np.testing.assert_array_equal(found.numpy(), [[1, 1], [1, 1], [0, 0], [0, 0]])


def test_reading_a_table_under_no_tape_is_plain_take(device):
    x = xg.asarray(TABLE, device=device)
    np.testing.assert_array_equal(rows_of(x, [3, 0]).numpy(), TABLE[[3, 0]])
