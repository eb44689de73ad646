"""Distributions: shapes, dtypes, and whether the numbers are distributed as they say.

Oracles: SciPy's distribution functions and the Kolmogorov-Smirnov test, on fixed seeds."""

import numpy as np
import pytest
import scipy.stats

import xgrad as xg

COUNT = 20000
CONTINUOUS = {
    "normal": (lambda rng, **o: rng.normal((COUNT,), 1.0, 2.0, **o), scipy.stats.norm(1, 2)),
    "truncated_normal": (
        lambda rng, **o: rng.truncated_normal((COUNT,), 1.0, 2.0, **o),
        scipy.stats.truncnorm(-2, 2, 1, 2),
    ),
    "uniform": (lambda rng, **o: rng.uniform((COUNT,), -1.0, 3.0, **o), scipy.stats.uniform(-1, 4)),
    "exponential": (lambda rng, **o: rng.exponential((COUNT,), 3.0, **o), scipy.stats.expon(0, 3)),
    "gumbel": (lambda rng, **o: rng.gumbel((COUNT,), 1.0, 2.0, **o), scipy.stats.gumbel_r(1, 2)),
    "gamma": (lambda rng, **o: rng.gamma(2.5, (COUNT,), 3.0, **o), scipy.stats.gamma(2.5, 0, 3)),
    "gamma, small": (lambda rng, **o: rng.gamma(0.3, (COUNT,), **o), scipy.stats.gamma(0.3)),
}
every_continuous = pytest.mark.parametrize(
    ("sample", "distribution"), CONTINUOUS.values(), ids=list(CONTINUOUS)
)


@every_continuous
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_distribution(sample, distribution, dtype, device):
    x = sample(xg.random.Generator(11, device), dtype=dtype)
    assert str(x.dtype).rsplit(".", maxsplit=1)[-1] == dtype
    x = x.numpy()
    low, high = distribution.support()
    assert (x >= low).all()
    assert (x <= high).all()
    assert scipy.stats.kstest(x.astype(np.float64), distribution.cdf).pvalue > 1e-3


def test_float32_is_drawn_as_such():
    x = xg.random.Generator(0).normal((3,), dtype="float32").numpy()
    expected = np.random.default_rng(0).standard_normal(3, dtype=np.float32)
    np.testing.assert_array_equal(x, expected)


def test_float16_is_rounded_from_float32():
    x = xg.random.Generator(0).normal((3,), dtype="float16").numpy()
    expected = np.random.default_rng(0).standard_normal(3, dtype=np.float32).astype(np.float16)
    np.testing.assert_array_equal(x, expected)


def test_bfloat16_on_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = xg.random.Generator(0, "torch:cpu").normal((3,), dtype="bfloat16")
    assert x.dtype == torch.bfloat16


def test_default_dtype():
    rng = xg.random.Generator(0)
    assert rng.normal().dtype == np.float64
    with xg.set_default_dtype("float32"):
        assert rng.normal().dtype == np.float32
        assert rng.gamma(1.0).dtype == np.float32


@pytest.mark.parametrize("name", ["normal", "truncated_normal", "uniform", "gumbel"])
def test_dtype_is_that_of_the_parameters(name):
    low = xg.zeros((2, 1), dtype="float32")
    x = getattr(xg.random.Generator(0), name)((3,), low, 2.0)
    assert (x.dtype, x.shape) == (np.float32, (2, 3))


@pytest.mark.parametrize("dtype", ["int64", "bool", "complex64"])
def test_dtype_that_is_not_real_floating_is_refused(dtype):
    with pytest.raises(xg.errors.DTypeError, match="real floating"):
        xg.random.Generator(0).normal((), dtype=dtype)


@pytest.mark.parametrize("shape", [(), 3, (2, 0), (0,), [2, 3]])
def test_shapes(shape):
    expected = np.empty(shape).shape
    rng = xg.random.Generator(0)
    for name in ("normal", "truncated_normal", "uniform", "exponential", "gumbel"):
        assert getattr(rng, name)(shape).shape == expected
    assert rng.gamma(1.0, shape).shape == expected
    assert rng.integers(0, 3, shape).shape == expected
    assert rng.bernoulli(0.5, shape).shape == expected
    assert rng.choice(4, shape).shape == expected
    assert rng.choice(xg.ones((4, 5)), shape).shape == (*expected, 5)


def test_elements_are_drawn_for_themselves_where_parameters_have_more_axes():
    x = xg.random.Generator(0).normal((3,), xg.zeros((2, 1))).numpy()
    assert np.unique(x).size == 6


def test_shapes_that_do_not_broadcast_are_refused():
    with pytest.raises(xg.errors.ShapeError):
        xg.random.Generator(0).normal((3,), xg.zeros((2,)))


def test_wrong_shape_is_refused():
    with pytest.raises(xg.errors.ArgumentError, match="negative"):
        xg.random.Generator(0).normal((-1,))


def test_wrong_parameter_is_refused():
    with pytest.raises(xg.errors.ArgumentTypeError, match="normal"):
        xg.random.Generator(0).normal((), mean="a")


# -- whole numbers -----------------------------------------------------------------------------


def is_uniform(x, count):
    observed = np.bincount(x.reshape(-1), minlength=count)
    return observed.size == count and scipy.stats.chisquare(observed).pvalue > 1e-3


def test_integers_are_uniform(device):
    x = xg.random.Generator(1, device).integers(5, 12, (100, 100))
    assert str(x.dtype).rsplit(".", maxsplit=1)[-1] == "int64"
    assert is_uniform(x.numpy() - 5, 7)


def test_integers_over_the_whole_range():
    x = xg.random.Generator(1).integers(-(2**63), 2**63, (1000,)).numpy()
    assert abs((x > 0).mean() - 0.5) < 0.05


@pytest.mark.parametrize("bounds", [(3, 3), (3, 2), (0, 2**63 + 1)])
def test_integers_without_a_number_between_are_refused(bounds):
    with pytest.raises(xg.errors.ArgumentError, match="integers"):
        xg.random.Generator(0).integers(*bounds)


def test_integers_refuse_floats():
    with pytest.raises(xg.errors.ArgumentTypeError, match="ints"):
        xg.random.Generator(0).integers(0, 2.5)


def test_permutations_are_uniform(device):
    rng = xg.random.Generator(1, device)
    found = [tuple(rng.permutation(3).numpy().tolist()) for _ in range(600)]
    _, counts = np.unique(np.array(found), axis=0, return_counts=True)
    assert counts.size == 6
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_permutation_of_rows_and_columns():
    x = xg.asarray(np.arange(12.0).reshape(3, 4))
    rows = xg.random.Generator(0).permutation(x).numpy()
    assert sorted(rows.tolist()) == x.tolist()
    columns = xg.random.Generator(0).permutation(x, axis=-1).numpy()
    assert sorted(columns.T.tolist()) == x.numpy().T.tolist()


def test_permutation_of_raw_arrays_and_of_numpys_ints():
    assert xg.random.Generator(0).permutation(np.arange(3)).shape == (3,)
    assert xg.random.Generator(0).permutation(np.int64(3)).shape == (3,)
    assert xg.random.Generator(0).permutation(0).shape == (0,)


@pytest.mark.parametrize("n", [-1, 1.5, (2, 3), "a"])
def test_permutation_refuses_what_is_neither_number_nor_array(n):
    with pytest.raises((xg.errors.ArgumentError, xg.errors.ArgumentTypeError)):
        xg.random.Generator(0).permutation(n)


def test_bernoulli_has_its_probability(device):
    x = xg.random.Generator(1, device).bernoulli(0.3, (COUNT,))
    assert str(x.dtype).rsplit(".", maxsplit=1)[-1] in ("bool", "bool_")
    assert abs(x.numpy().mean() - 0.3) < 0.01


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_bernoulli_of_arrays(dtype):
    p = xg.asarray([0.0, 0.25, 1.0], dtype=dtype)
    means = xg.random.Generator(1).bernoulli(p, (COUNT, 3)).numpy().mean(axis=0)
    assert means[0] == 0
    assert abs(means[1] - 0.25) < 0.01
    assert means[2] == 1


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_bernoulli_refuses_what_is_no_probability(p):
    with pytest.raises(xg.errors.ArgumentError, match="between 0 and 1"):
        xg.random.Generator(0).bernoulli(p)


def test_choice_is_uniform():
    assert is_uniform(xg.random.Generator(1).choice(7, (100, 100)).numpy(), 7)


P = np.array([0.0, 0.5, 0.2, 0.0, 0.3, 0.0])


def test_choice_with_probabilities(device):
    p = xg.asarray(P, device=device)
    x = xg.random.Generator(1, device).choice(6, (COUNT,), p=p).numpy()
    np.testing.assert_allclose(np.bincount(x, minlength=6) / COUNT, P, atol=0.01)
    assert not np.isin(x, [0, 3, 5]).any()


def test_choice_takes_weights():
    one = xg.random.Generator(1).choice(6, (100,), p=P.tolist()).numpy()
    other = xg.random.Generator(1).choice(6, (100,), p=xg.asarray(P) * 10).numpy()
    np.testing.assert_array_equal(one, other)


def test_choice_without_replacement_never_repeats():
    x = xg.random.Generator(1).choice(10, (2, 4), replace=False).numpy()
    assert np.unique(x).size == 8


def test_choice_without_replacement_with_probabilities():
    rng, p = xg.random.Generator(1), np.array([0.6, 0.3, 0.1])
    pairs = [tuple(rng.choice(3, (2,), replace=False, p=p).numpy()) for _ in range(3000)]
    # The first by p, the second by what is left of it.
    for i in range(3):
        for j in set(range(3)) - {i}:
            expected = p[i] * p[j] / (1 - p[i])
            assert abs(pairs.count((i, j)) / 3000 - expected) < 0.03


def test_choice_of_rows():
    x = np.arange(6.0).reshape(3, 2)
    rows = xg.random.Generator(1).choice(xg.asarray(x), (50,)).numpy()
    assert {tuple(row) for row in rows} == {(0.0, 1.0), (2.0, 3.0), (4.0, 5.0)}


@pytest.mark.parametrize(
    ("n", "shape", "options"), [(0, (1,), {}), (3, (4,), {"replace": False}), (0, (), {})]
)
def test_choice_of_too_many_is_refused(n, shape, options):
    with pytest.raises(xg.errors.ArgumentError, match="choice"):
        xg.random.Generator(0).choice(n, shape, **options)


def test_choice_of_none_from_nothing():
    assert xg.random.Generator(0).choice(0, (0,)).shape == (0,)


def test_choice_refuses_probabilities_of_another_length_or_dtype():
    with pytest.raises(xg.errors.ShapeError, match="one entry"):
        xg.random.Generator(0).choice(3, p=xg.ones(2))
    with pytest.raises(xg.errors.DTypeError, match="floating"):
        xg.random.Generator(0).choice(2, p=xg.asarray([1, 2]))


def test_gumbel_draws_from_a_softmax():
    logits = np.log([0.5, 0.3, 0.2])
    noisy = xg.random.Generator(1).gumbel((COUNT, 3), logits)
    found = np.bincount(xg.argmax(noisy, axis=-1).numpy()) / COUNT
    np.testing.assert_allclose(found, [0.5, 0.3, 0.2], atol=0.015)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_numbers_stay_below_one(device, dtype):
    """Of a million draws in float32 a few hundred round to 1."""
    try:
        x = xg.random.Generator(1, device).uniform((1_000_000,), dtype=dtype)
    except xg.errors.DTypeError as error:
        pytest.skip(str(error))
    values = xg.astype(x, xg.float32).numpy()
    assert 0.99 < values.max() < 1.0
    assert values.min() >= 0.0
    assert abs(values.mean() - 0.5) < 0.01


@pytest.mark.parametrize(("axis", "error"), [("a", TypeError), (3, IndexError), (None, TypeError)])
def test_permutation_of_numbers_has_one_axis(axis, error):
    with pytest.raises(error, match="permutation: axis"):
        xg.random.Generator(0).permutation(5, axis=axis)


@pytest.mark.parametrize("name", ["permutation", "choice"])
def test_lists_are_to_be_made_arrays(name):
    with pytest.raises(xg.errors.ArgumentTypeError, match=r"Use xg\.asarray"):
        getattr(xg.random.Generator(0), name)([1.0, 2.0])


@pytest.mark.parametrize("name", ["normal", "uniform", "exponential", "gumbel", "truncated_normal"])
def test_bfloat16_on_numpy(name):
    pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    draw = getattr(xg.random.Generator(0), name)
    recorded = xg.function(lambda: draw((3,), dtype="bfloat16"))
    for x in (draw((3,), dtype="bfloat16"), recorded(), recorded()):
        assert str(x.dtype) == "bfloat16"


def test_choice_by_probabilities_of_16_bits():
    """The sums of them have more digits: of 3000 classes a tenth came up with bfloat16."""
    count = 3000
    p = xg.full((count,), 1 / count, dtype="float16")
    found = xg.random.Generator(0).choice(count, (100 * count,), p=p).numpy()
    assert np.bincount(found, minlength=count).std() < 15
