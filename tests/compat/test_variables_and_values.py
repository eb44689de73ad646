"""tf.Variable, get_variable and initializers; default dtypes; devices; assertions; random numbers."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

import xgrad as xg
import xgrad.compat.tensorflow as tf
from xgrad.compat.tensorflow._tables import _HINTS as HINTS

# -- dtypes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.0, "float32"),
        ([1, 2.5], "float32"),
        (3, "int32"),
        (2**40, "int64"),
        (True, "bool"),
        (1j, "complex128"),
        ([], "float32"),
        (np.ones(2), "float64"),
        (np.float16(1.0), "float16"),
    ],
    ids=str,
)
def test_constants_have_tensorflow_s_dtypes(value, dtype):
    assert tf.constant(value).numpy().dtype == dtype


def test_numbers_take_the_dtype_of_the_tensor_next_to_them():
    x = tf.constant([1.0], dtype=tf.float64)
    assert tf.add(x, 1).dtype == tf.float64
    assert tf.multiply(2.5, x).dtype == tf.float64


def test_a_tensor_of_another_dtype_is_refused():
    with pytest.raises(TypeError, match=r"Use tf\.cast"):
        tf.convert_to_tensor(tf.constant(1.0), dtype=tf.int32)


def test_the_default_dtype_of_xgrad_itself_is_left_alone():
    tf.constant(1.0)
    assert xg.asarray(1.0).dtype == xg.float64


# -- Variables -------------------------------------------------------------------------------------


def test_a_variable_s_name_ends_as_tensorflow_s():
    assert tf.Variable(1.0).name == "Variable:0"
    assert tf.Variable(1.0, name="w").name == "w:0"


def test_a_variable_may_begin_with_a_function():
    v = tf.Variable(lambda: tf.ones([2]), dtype=tf.float64)
    assert v.dtype == tf.float64
    assert v.get_shape() == (2,)


def test_a_variable_needs_a_value_of_the_shape_that_is_asked_for():
    with pytest.raises(ValueError, match="must be given"):
        tf.Variable()
    with pytest.raises(ValueError, match=r"has shape \(2,\), but shape=\[3\]"):
        tf.Variable([1.0, 2.0], shape=[3])


def test_assignments_at_once():
    v = tf.Variable([1.0, 2.0])
    assert v.assign([3.0, 4.0]) is v
    v.assign_add([1.0, 1.0])
    v.assign_sub([0.0, 5.0])
    np.testing.assert_array_equal(v.numpy(), [4.0, 0.0])
    np.testing.assert_array_equal(v.initialized_value().numpy(), [1.0, 2.0])


@pytest.mark.parametrize("trainable", [True, False])
def test_trainable_variables_are_watched(trainable):
    v = tf.Variable(2.0, trainable=trainable)
    with tf.GradientTape() as tape:
        y = v * v
    assert (tape.gradient(y, v) is not None) == trainable


def test_lists_are_operands_next_to_a_variable():
    w = tf.Variable([[1.0], [2.0]])
    with tf.GradientTape() as tape:
        y = ([[1.0, 10.0]] @ w) * (w - [[0.0], [1.0]])
    assert y.numpy().tolist() == [[21.0], [21.0]]
    assert tape.gradient(y, w).numpy().tolist() == [[23.0], [41.0]]


def test_pickles_keep_what_a_variable_is():
    v = pickle.loads(pickle.dumps(tf.Variable([1.0, 2.0], trainable=False, name="w")))
    assert type(v) is tf.Variable
    assert (v.name, v.trainable, v.numpy().tolist()) == ("w:0", False, [1.0, 2.0])


def test_get_variable_makes_a_value_of_a_shape():
    v = tf.get_variable("w", [2, 3])
    assert (v.name, v.shape, v.dtype) == ("w:0", (2, 3), tf.float32)
    assert (abs(v.numpy()) <= np.sqrt(6 / 5)).all()
    assert v.numpy().std() > 0.0
    assert tf.get_variable("n", [2], dtype=tf.int32).numpy().tolist() == [0, 0]
    assert tf.get_variable("c", initializer=[1.0, 2.0]).shape == (2,)


def test_get_variable_without_a_shape_is_an_error():
    with pytest.raises(ValueError, match="w needs a shape"):
        tf.get_variable("w")


@pytest.mark.parametrize(
    ("initializer", "expected"),
    [
        (tf.zeros_initializer, 0.0),
        (tf.ones_initializer(), 1.0),
        (tf.constant_initializer(2.5), 2.5),
    ],
    ids=["zeros", "ones", "constant"],
)
def test_initializers_of_constants(initializer, expected):
    v = tf.get_variable("v", [2, 2], initializer=initializer)
    np.testing.assert_array_equal(v.numpy(), np.full((2, 2), expected, "float32"))


@pytest.mark.parametrize(
    ("initializer", "mean", "deviation", "bound"),
    [
        (tf.random_normal_initializer(1.0, 0.5, seed=1), 1.0, 0.5, np.inf),
        (tf.truncated_normal_initializer(0.0, 1.0, seed=1), 0.0, 0.8796, 2.0),
        (tf.random_uniform_initializer(-1.0, 1.0, seed=1), 0.0, 1 / np.sqrt(3), 1.0),
    ],
    ids=["normal", "truncated", "uniform"],
)
def test_random_initializers(initializer, mean, deviation, bound):
    found = initializer([10_000]).numpy()
    assert found.dtype == np.float32
    np.testing.assert_allclose([found.mean(), found.std()], [mean, deviation], atol=0.03)
    assert abs(found - mean).max() <= bound


# -- random numbers --------------------------------------------------------------------------------


def test_a_seed_makes_streams_repeat():
    tf.random.set_seed(7)
    first = tf.random.normal([3]).numpy()
    tf.random.set_seed(7)
    np.testing.assert_array_equal(tf.random.normal([3]).numpy(), first)
    assert first.dtype == np.float32


def test_random_integers_need_a_bound():
    found = tf.random.uniform([100], 2, 5, dtype=tf.int32)
    assert set(found.numpy()) == {2, 3, 4}
    with pytest.raises(ValueError, match="maxval"):
        tf.random.uniform([2], dtype=tf.int32)


def test_shuffling_is_differentiable():
    x = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = tf.random.shuffle(x, seed=3)
    assert sorted(y.numpy()) == [1.0, 2.0, 3.0]
    assert tape.gradient(y, x).numpy().tolist() == [1.0, 1.0, 1.0]


# -- places ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["/cpu:0", "/device:CPU:0", "CPU:0", "cpu", "/job:w/device:CPU:0"])
def test_names_of_the_cpu(name):
    with tf.device(name) as device:
        assert tf.constant(1.0).device == device == xg.device("cpu")


def test_a_gpu_that_is_not_there_is_an_error():
    if not tf.test.is_gpu_available():
        with pytest.raises(xg.errors.BackendUnavailableError), tf.device("/GPU:0"):
            pass


def test_devices_are_listed():
    assert tf.config.list_physical_devices("CPU")[0].device_type == "CPU"
    assert len(tf.config.list_physical_devices("GPU")) == sum(
        str(d).startswith("cuda") for d in xg.devices()
    )


# -- looking and checking --------------------------------------------------------------------------


def test_assertions():
    tf.debugging.assert_equal([1, 2], [1, 2])
    tf.debugging.assert_near(1.0, 1.0 + 1e-7)
    tf.debugging.assert_less([1.0], 2.0)
    with pytest.raises(ValueError, match="too large: x < y does not hold"):
        tf.debugging.assert_less([1.0, 3.0], 2.0, message="too large")
    with pytest.raises(ValueError, match="x != y"):
        tf.debugging.assert_none_equal([1, 2], [3, 2])
    with pytest.raises(ValueError, match="not close"):
        tf.debugging.assert_near(1.0, 1.1)


def test_the_first_nan_is_an_error():
    with pytest.raises(FloatingPointError, match="here"):
        tf.debugging.check_numerics(tf.constant(float("nan")), "here")


def test_gradients_are_compared_with_differences():
    theoretical, numerical = tf.test.compute_gradient(lambda x: x**2, [[1.0, 2.0]])
    np.testing.assert_array_equal(theoretical[0], [[2.0, 0.0], [0.0, 4.0]])
    np.testing.assert_allclose(numerical[0], theoretical[0], atol=1e-3)
    with pytest.raises(ValueError, match="must be a list or tuple"):
        tf.test.compute_gradient(lambda x: x, 1.0)


def test_dropout_keeps_the_mean():
    x = tf.ones([10_000])
    y = tf.nn.dropout(x, rate=0.25, seed=1).numpy()
    assert set(np.round(y, 5)) == {0.0, np.float32(1.33333)}
    np.testing.assert_allclose(y.mean(), 1.0, atol=0.02)


def test_tensors_are_printed_as_numbers(capsys):
    tf.print("x is", tf.constant([1.0, 2.0]))
    assert capsys.readouterr().out == "x is [1. 2.]\n"


# -- names -----------------------------------------------------------------------------------------


def test_a_placeholder_is_a_constant():
    with pytest.raises(AttributeError, match=r"no tf\.placeholder\. Use tf\.constant"):
        _ = tf.placeholder


PLACES = ["autodiff", "config", "debugging", "keras", "linalg", "math", "nn", "random"]
PLACES += ["summary", "test", "train"]


@pytest.mark.parametrize("place", ["tf", *[f"tf.{name}" for name in PLACES]])
def test_a_name_that_there_is_not_says_where_to_look(place):
    with pytest.raises(AttributeError, match=rf"no {place}\.no_such_name\. .* dir\({place}\)"):
        eval(f"{place}.no_such_name", {"tf": tf})


@pytest.mark.parametrize(
    "module", [tf.autodiff, tf.config, tf.debugging, tf.random, tf.test, tf.train]
)
def test_names_are_listed_without_what_the_module_imports(module):
    assert dir(module) == sorted(module.__all__)


@pytest.mark.parametrize("name", HINTS)
def test_what_a_hint_names_is_there(name):
    with pytest.raises(AttributeError, match=rf"no tf\.{name}\. Use "):
        getattr(tf, name)
    for place in re.findall(r"\b(?:tf|xg)\.[\w.]*\w", HINTS[name]):
        assert eval(place, {"tf": tf, "xg": xg}) is not None


@pytest.mark.parametrize("place", ["train.Saver", "train.Checkpoint", "test.TestCase"])
def test_a_class_that_there_is_not_has_a_hint(place):
    with pytest.raises(AttributeError, match=rf"no tf\.{place}\. Use "):
        eval(f"tf.{place}", {"tf": tf})


def test_both_versions_are_this_one():
    assert tf.compat.v1 is tf
    assert tf.compat.v2 is tf


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: tf.sort([1.0], direction="UP"), "direction"),
        (lambda: tf.split(tf.ones([5]), 2), "5 along axis 0 cannot be divided"),
        (lambda: tf.random.uniform([1], dtype=tf.int64), "maxval"),
        (lambda: tf.reduce_sum([1.0], axs=0), "axs"),
        (lambda: tf.nn.dropout(tf.ones([2]), 0.5, noise_shape=[1]), "noise_shape"),
    ],
    ids=["direction", "parts", "bound", "misspelt", "noise_shape"],
)
def test_bad_arguments_are_named(call, argument):
    with pytest.raises((ValueError, TypeError), match=argument):
        call()


def test_channels_may_come_first():
    rng = np.random.default_rng(0)
    images, kernel = rng.normal(size=(2, 5, 6, 3)), rng.normal(size=(2, 3, 3, 4))
    first = np.moveaxis(images, -1, 1)
    for function, arguments in [
        (tf.nn.conv2d, {"filters": kernel, "strides": [1, 1, 2, 1], "padding": "SAME"}),
        (tf.nn.max_pool2d, {"ksize": [1, 2, 3, 1], "strides": 1, "padding": "VALID"}),
        (tf.nn.avg_pool2d, {"ksize": 2, "strides": [1, 2, 1, 1], "padding": "SAME"}),
    ]:
        last = function(images, **arguments)
        for name in ("ksize", "strides"):
            if isinstance(arguments.get(name), list):
                n, height, width, c = arguments[name]
                arguments[name] = [n, c, height, width]
        found = function(first, data_format="NCHW", **arguments)
        np.testing.assert_allclose(np.moveaxis(found.numpy(), 1, -1), last.numpy(), atol=1e-12)
    with pytest.raises(ValueError, match="'NHWC' or 'NCHW'"):
        tf.nn.conv2d(images, kernel, 1, "SAME", data_format="CHWN")


@pytest.mark.parametrize("mode", ["add", "sub", "update", "max", "min"])
@pytest.mark.parametrize(
    ("indices", "updates"),
    [
        ([[1], [3], [1]], [[9.0, 0.0], [1.0, 1.0], [0.5, 2.5]]),
        ([[1, 0], [3, 1], [1, 0]], [9.0, 1.0, 0.5]),
        ([[[0], [2]]], [[[1.0, 2.0], [3.0, 4.0]]]),
    ],
    ids=["rows", "elements", "grid"],
)
def test_scatters_at_coordinates_are_those_of_tensorflow(mode, indices, updates):
    original = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    start = np.arange(8.0, dtype="float32").reshape(4, 2)
    values = []
    for library in (tf, original):
        v = library.Variable(start)
        returned = getattr(v, f"scatter_nd_{mode}")(indices, updates)
        values += [v.numpy(), returned.numpy()]
    np.testing.assert_array_equal(values[:2], values[2:])


def test_scatters_at_coordinates_outside_are_refused():
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(xg.errors.OutOfRangeError):
        v.scatter_nd_add([[0, 2]], [5.0])
    with pytest.raises(xg.errors.ShapeError, match="must have the shape"):
        v.scatter_nd_add([[0, 1]], [[5.0]])
    assert v.numpy().tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_rows_and_elements_of_variables_have_gradients():
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v.sparse_read([1, 1]) ** 2) + tf.reduce_sum(v.gather_nd([[0, 1]]))
    np.testing.assert_array_equal(xg.asarray(tape.gradient(y, v)).numpy(), [[0, 1], [12, 16]])


def test_silu_has_its_limits():
    x = tf.constant([np.inf, -np.inf, 0.5])
    np.testing.assert_allclose(tf.nn.silu(x).numpy(), [np.inf, 0, 0.31122968], rtol=1e-6)
    slope = xg.grad(lambda x: tf.reduce_sum(tf.nn.silu(x)))(x)
    np.testing.assert_allclose(slope.numpy(), [1, 0, 0.7399612], rtol=1e-6)
