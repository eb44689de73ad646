"""Wrong arguments fail at once, with an error of xgrad's that names the function and the argument."""

import array_api_strict
import numpy as np
import pytest

import xgrad as xg

E = xg.errors
X = np.linspace(0.1, 0.9, 9).reshape(3, 3)
OPTIMIZERS = xg.optimizers
SCHEDULES = OPTIMIZERS.schedules


def variable():
    return xg.Variable(X, name="w")


def square(x):
    return xg.sum(x * x)


def scoped(name):
    with xg.summary.name_scope(name):
        pass


VALUES = {
    # numbers
    "arange of a word": (lambda: xg.arange("a"), "arange: start must be a real number"),
    "arange of a complex number": (lambda: xg.arange(1j), "arange: start must be a real number"),
    "arange without end": (
        lambda: xg.arange(0, np.inf),
        "arange: start, stop and step must be fin",
    ),
    "linspace": (lambda: xg.linspace("a", 1, 3), "linspace: start must be a real number"),
    "var": (lambda: xg.var(X, correction="a"), "var: correction must be a real number"),
    "std": (lambda: xg.std(X, correction=1j), "std: correction must be a real number"),
    "fftfreq n": (lambda: xg.fft.fftfreq(1.5), "fftfreq: n must be an int"),
    "fftfreq d": (lambda: xg.fft.fftfreq(5, d=0), "fftfreq: d must not be 0"),
    "epsilon": (
        lambda: xg.nn.layer_norm(X, epsilon=-1.0),
        r"nn.layer_norm: epsilon must be at least",
    ),
    "epsilon of NaN": (lambda: xg.nn.rms_norm(X, epsilon=np.nan), "nn.rms_norm: epsilon must be"),
    "alpha of elu": (lambda: xg.nn.elu(X, 1j), "nn.elu: alpha must be real"),
    "slope": (lambda: xg.nn.leaky_relu(X, None), "leaky_relu: negative_slope must be a Tensor"),
    "ignore_label": (
        lambda: xg.nn.sparse_softmax_cross_entropy(X, np.array([0, 1, 2]), ignore_label=0.5),
        "sparse_softmax_cross_entropy: ignore_label must be an int",
    ),
    "groups": (lambda: xg.nn.group_norm(X, "a"), "nn.group_norm: groups must be an int"),
    "multigammaln": (lambda: xg.special.multigammaln(X, 1.5), "multigammaln: d must be an int"),
    "momentum": (
        lambda: xg.nn.batch_norm(X, momentum="a"),
        "nn.batch_norm: momentum must be a real number",
    ),
    "delta": (lambda: xg.nn.huber(X, X, delta=-1.0), "nn.huber: delta must be at least 0"),
    "clip": (lambda: xg.clip(X, 0.0, 1j), r"clip: max 1j \(complex\) must be real"),
    "nan_to_num": (lambda: xg.nan_to_num(X, 1j), "nan_to_num: nan 1j .* cannot become float64"),
    "ord": (
        lambda: xg.linalg.vector_norm(X, ord=np.nan),
        "vector_norm: ord nan must be a real num",
    ),
    "pinv": (lambda: xg.linalg.pinv(X, rtol=-1.0), "pinv: rtol must be at least 0"),
    "matrix_rank": (lambda: xg.linalg.matrix_rank(X, rtol=1j), "matrix_rank: rtol must be real"),
    "words": (lambda: xg.real(np.array(["a"])), "real: x: the dtype str32 holds no num"),
    "objects": (lambda: xg.isin(X, np.array([None])), "isin: x2: the dtype object holds no"),
    "words in a sum": (lambda: xg.sum(np.array(["a"]), axis=0), "sum: x: the dtype str32 holds no"),
    "dtype": (
        lambda: xg.zeros(2, dtype=xg.ones(2)),
        "numpy has no dtype that is a Tensor. Use one",
    ),
    # flags
    "sum over True": (lambda: xg.sum(X, axis=True), "sum: axis must be an int, but is True"),
    "ones of True": (lambda: xg.ones((True, 2)), "ones: shape must be ints"),
    "descending": (lambda: xg.sort(X, descending="no"), "sort: descending must be True or False"),
    "upper": (lambda: xg.linalg.cholesky(X, upper="lower"), "cholesky: upper must be True or Fal"),
    "approximate": (lambda: xg.nn.gelu(X, approximate="none"), "nn.gelu: approximate must be True"),
    "training": (lambda: xg.nn.dropout(X, 0.5, training="no"), "nn.dropout: training must be True"),
    "persistent": (lambda: xg.GradientTape("cpu"), "GradientTape: persistent must be True or Fal"),
    "trainable": (lambda: xg.Variable(X, "w"), "Variable: trainable must be True or False"),
    "has_aux": (lambda: xg.grad(square, has_aux="a")(X), "grad: has_aux must be True or False"),
    "nesterov": (lambda: OPTIMIZERS.SGD(nesterov=X), "SGD: nesterov must be True or False"),
    "shuffle": (lambda: xg.data.Batches([X], 2, shuffle=None), "Batches: shuffle must be True or"),
    # words
    "norm": (lambda: xg.fft.fft(X, norm=["ortho"]), "fft: norm must be one of 'backward'"),
    "reduction": (lambda: xg.nn.hinge(X, X, X), "nn.hinge: reduction must be one of 'mean'"),
    "layers": (
        lambda: OPTIMIZERS.Muon(exclude_layers="head"),
        "Muon: exclude_layers must be a tuple",
    ),
    "name_scope": (lambda: scoped(None), "a scope's name must be a str, but is a NoneType"),
    # sequences
    "expand_dims": (lambda: xg.expand_dims(X, None), "expand_dims: axis must be an int"),
    "permute_dims": (lambda: xg.permute_dims(X, 1), "permute_dims: axes must be a tuple or list"),
    "concat": (lambda: xg.concat(1), "concat: arrays must be a tuple or list of arrays"),
    "tensordot": (lambda: xg.tensordot(X, X, axes=None), "tensordot: axes must be a tuple or list"),
    "fftn": (lambda: xg.fft.fftn(X, s=3), "fftn: s must be a tuple or list of ints"),
    "reshape": (lambda: xg.reshape(X, (-9,)), "reshape: shape .* must hold sizes"),
    "broadcast_shapes": (
        lambda: xg.broadcast_shapes((1.5,)),
        r"broadcast_shapes: shapes\[0\] must",
    ),
    # dtypes
    "isdtype of a Tensor": (
        lambda: xg.isdtype(xg.asarray(X), "real floating"),
        r"isdtype: dtype must be a dtype, but is a Tensor, \(3, 3\)",
    ),
    "isdtype of None": (
        lambda: xg.isdtype(None, "numeric"),
        "isdtype: dtype must be a dtype, but is",
    ),
    "isdtype of an array": (
        lambda: xg.isdtype(X, "numeric"),
        "isdtype: dtype must be a dtype, but",
    ),
    "isdtype of a list": (lambda: xg.isdtype([], "numeric"), "isdtype: dtype must be a dtype, but"),
    "kind of isdtype": (
        lambda: xg.isdtype(X.dtype, 1.5),
        "isdtype: kind must be a dtype, but is a",
    ),
    "can_cast of a number": (
        lambda: xg.can_cast(1.5, "float32"),
        "can_cast: from_ must be a dtype",
    ),
    "copy": (lambda: xg.asarray(X, copy="never"), "asarray: copy must be True or False"),
    "copy of a Tensor": (lambda: xg.asarray(xg.ones(2), copy="a"), "asarray: copy must be True"),
    "cond": (lambda: xg.linalg.cond(X, p=X), "cond: p must be one of None, 'fro'"),
    "use_norm": (
        lambda: xg.clip_by_global_norm([X], 1.0, use_norm=-1.0),
        "clip_by_global_norm: use_norm must not be negative",
    ),
    "clip_by_value": (lambda: xg.clip_by_value(X, 0.0, 1j), "clip_by_value: hi must be real"),
    "length": (
        lambda: xg.scan(lambda c, x: (c, c), 0.0, length=-1),
        "scan: length must not be negative",
    ),
    # functions
    "static_argnames": (
        lambda: xg.function(square, static_argnames=3),
        "function: static_argnames must be a tuple or list of str",
    ),
    "backend": (lambda: xg.function(square, backend=3), "function: backend must be a str"),
    "function": (lambda: xg.function(3), "function: f must be a function, but is a int"),
    "derivative": (
        lambda: xg.testing.approximate_derivative(3, 1.0),
        "approximate_derivative: f must be a function",
    ),
    "derivative step": (
        lambda: xg.testing.approximate_derivative(square, 1.0, eps=0),
        "approximate_derivative: eps must be greater than 0",
    ),
    "gradient step": (
        lambda: xg.testing.approximate_gradient(square, 1.0, eps=np.nan),
        "approximate_gradient: eps must be greater than 0",
    ),
    "check_gradients": (
        lambda: xg.testing.check_gradients(square, [X], order=1.5),
        "check_gradients: order must be an int",
    ),
    "check_gradients of nothing": (
        lambda: xg.testing.check_gradients(None, [X]),
        "check_gradients: f must be a function",
    ),
    # optimizers
    "learning_rate": (lambda: OPTIMIZERS.SGD(X), "learning_rate must be a number or a function"),
    "tape": (
        lambda: OPTIMIZERS.SGD().minimize(square, [variable()], tape="a"),
        "minimize: tape must be a GradientTape, but is a str",
    ),
    "state": (
        lambda: OPTIMIZERS.Adam().update(X, {}, X),
        r"update: state has no \['iterations'\]",
    ),
    "a rate of 0": (
        lambda: OPTIMIZERS.Ftrl(0.0).apply_gradients([(xg.ones((3, 3)), variable())]),
        "Ftrl: the learning rate is 0, and steps divide by it",
    ),
    "no config": (lambda: OPTIMIZERS.deserialize(None), "deserialize: config must be a dict"),
    "config without a class": (
        lambda: OPTIMIZERS.deserialize({"config": {}}),
        r"deserialize: config must have the keys .* but has \['config'\]",
    ),
    "config without arguments": (
        lambda: SCHEDULES.deserialize({"class_name": "CosineDecay"}),
        "deserialize: config must have the keys",
    ),
    "unknown schedule": (
        lambda: SCHEDULES.deserialize({"class_name": "Cosine", "config": {}}),
        "deserialize: there is no schedule 'Cosine'. Use one of CosineDecay,",
    ),
    "unknown schedule inside": (
        lambda: OPTIMIZERS.Adam.from_config({"learning_rate": {"class_name": "C", "config": {}}}),
        "there is no schedule 'C'",
    ),
    "unknown argument": (
        lambda: SCHEDULES.CosineDecay.from_config({"steps": 3}),
        r"CosineDecay: config has \['steps'\], which are no arguments",
    ),
    "serialize": (lambda: OPTIMIZERS.serialize(3), "serialize: optimizer must be an optimizer"),
    "boundaries": (
        lambda: SCHEDULES.PiecewiseConstantDecay(3, [0.1]),
        "PiecewiseConstantDecay: boundaries must be a tuple or list of numbers",
    ),
    "line_search": (lambda: OPTIMIZERS.LBFGS(line_search=X), "LBFGS: line_search must be 'strong_"),
    "name": (lambda: OPTIMIZERS.SGD(name=3), "SGD: name must be a str"),
    # draws
    "stddev": (lambda: xg.random.normal(stddev=-1.0), "normal: stddev must be at least 0"),
    "scale": (lambda: xg.random.exponential(scale=np.nan), "exponential: scale must be at least 0"),
    "alpha": (lambda: xg.random.gamma(-1.0), "gamma: alpha must be at least 0"),
    "alpha elsewhere": (
        lambda: xg.random.gamma(xg.ones(3, device="array_api_strict:device1")),
        r"gamma: alpha \(3,\) float64 on array_api_strict:device1 must be where .* on cpu",
    ),
    # summaries and nests
    "histogram": (
        lambda: xg.summary.histogram("x", X, buckets="a"),
        "histogram: buckets must be an",
    ),
    "max_outputs": (
        lambda: xg.summary.image("x", X, max_outputs=1.5),
        "image: max_outputs must be",
    ),
    "hparams": (lambda: xg.summary.hparams(None), "hparams: hparams must be a dict"),
    "logdir": (lambda: xg.summary.create_file_writer(None), "create_file_writer: logdir must be a"),
    "flush": (lambda: xg.summary.flush("a"), "flush: writer must be a summary writer"),
    "close": (lambda: xg.summary.close("a"), "close: writer must be a summary writer"),
    "every": (
        lambda: xg.summary.GradientWatcher(every=1.5),
        "GradientWatcher: every must be an int",
    ),
    "tree.map": (lambda: xg.tree.map(None, [X]), "tree.map: function must be a function"),
    "unflatten": (lambda: xg.tree.unflatten([X], [X]), "unflatten: treedef must be a structure"),
    "reverse": (
        lambda: xg.scan(lambda c, x: (c, x), 0.0, X, reverse="a"),
        "scan: reverse must be True or False",
    ),
    # NumPy's methods
    "swapaxes": (lambda: xg.asarray(X).swapaxes(0, 5), "numpy.swapaxes: axis 5 is out of range"),
    "partition": (lambda: np.partition(xg.asarray(X), 3), "numpy.partition: kth 3 is out of range"),
    "round": (lambda: np.round(xg.asarray(X), "a"), "numpy.round: decimals must be an int"),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_wrong_argument_is_named(name):
    call, told = VALUES[name]
    with pytest.raises(E.XgradError, match=told):
        call()


def test_a_step_between_two_steps_is_refused(tmp_path):
    writer = xg.summary.create_file_writer(tmp_path)
    with writer.as_default(), pytest.raises(E.ArgumentTypeError, match=r"step .* is 1\.5"):
        xg.summary.scalar("loss", 0.5, step=1.5)
    with writer.as_default(), pytest.raises(E.ArgumentTypeError, match=r"description of .*'loss'"):
        xg.summary.scalar("loss", 0.5, step=1, description=3)
    writer.close()


MEMORY = {
    "normal": lambda: xg.random.normal((10**15,)),
    "zeros": lambda: xg.zeros(10**15),
    "full": lambda: xg.full((10**15,), 1.0),
}


@pytest.mark.parametrize("name", MEMORY)
def test_new_arrays_too_large_for_memory_are_explained(name):
    with pytest.raises(E.OutOfMemoryError, match=f"{name} .*on cpu: .*allocate .* Use smaller"):
        MEMORY[name]()


def test_new_arrays_too_large_for_the_library_are_explained():
    with pytest.raises(E.ArgumentError, match="arange: no array on cpu can be made of 0, 1e"):
        xg.arange(1e20)


@pytest.mark.parametrize("name", ["scatter_add", "scatter_sub", "scatter_update"])
def test_rows_of_variables_are_checked(name):
    write = getattr(variable(), name)
    with pytest.raises(E.OutOfRangeError, match=rf"{name}: indices \(1,\) .* must be rows of w"):
        write([3], X[:1])
    elsewhere = array_api_strict.ones((1, 3), device=array_api_strict.Device("device1"))
    with pytest.raises(E.DeviceMismatchError, match=rf"{name}: updates .* must be where w"):
        write([0], elsewhere)


ROWS = {
    "an index outside": (7, 1.0, E.OutOfRangeError, r"setitem: x \(3, 3\) float64 on cpu .* key=7"),
    "too many indices": ((0, 0, 0), 1.0, E.OutOfRangeError, r"setitem: x \(3, 3\)"),
    "a shape": (0, X[:2], E.ShapeError, r"setitem: x \(3, 3\) .* and value \(2, 3\)"),
    "a device": (
        0,
        xg.ones(3, device="array_api_strict:device1"),
        E.DeviceMismatchError,
        r"setitem: value .* must be where w \(3, 3\)",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_item_assignment_of_variables_is_checked(name):
    key, value, kind, told = ROWS[name]
    w = variable()
    with pytest.raises(kind, match=told):
        w[key] = value
    np.testing.assert_array_equal(w.numpy(), X)


def test_the_characteristic_polynomial_of_nothing_is_1():
    assert np.poly(xg.zeros(0)) == np.poly(np.zeros(0)) == 1.0


def test_short_names_of_dtypes_are_numpys():
    assert xg.ones(2).astype("f4").dtype == np.float32
    assert xg.ones(2).astype("d").dtype == np.float64


@pytest.mark.parametrize("flag", [True, np.True_, 1])
def test_what_equals_true_is_a_flag(flag):
    assert xg.sort(xg.asarray([1, 2]), descending=flag).tolist() == [2, 1]
