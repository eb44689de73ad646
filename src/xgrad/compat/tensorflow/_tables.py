"""Functions of TensorFlow that are functions of xgrad under another name, made from tables.

A line says ``name = function(tensors; options)``: TensorFlow's name, xgrad's function, TensorFlow's
names of the operands in xgrad's order, and its other arguments with their defaults, ``theirs>ours``
where xgrad calls them otherwise. They are made when somebody first asks for them."""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import xgrad as xg

from ...core.handle import Handle
from ._convert import as_tensors, static
from ._default_graph import follow
from ._replay import rely, relying

__all__ = ["Namespace", "Row", "followed", "no_name", "read_table"]

_LINE = re.compile(r"^(\w+) = ([\w.]+)\(([^;)]*)(?:;\s*(.*))?\)$")
# What TensorFlow 1 called arguments.
_FORMER = {"keep_dims": "keepdims", "reduction_indices": "axis"}

_NO_MODELS = "Use functions of tf.nn and tf.Variable."
_NO_CHECKPOINTS = "Use xg.save and xg.load, for nests of Variables."
_HINTS = {
    "Assert": "Use tf.debugging.assert_equal and its neighbours.",
    "Checkpoint": _NO_CHECKPOINTS,
    "CheckpointManager": _NO_CHECKPOINTS,
    "Dataset": "Use xg.data.Batches.",
    "Generator": "Use xg.random.Generator.",
    "Model": _NO_MODELS,
    "Module": _NO_MODELS,
    "Print": "Use tf.print.",
    "Saver": _NO_CHECKPOINTS,
    "Sequential": _NO_MODELS,
    "TensorArray": "Use a list, and tf.stack.",
    "TensorShape": "Use tuples of numbers.",
    "TensorSpec": "Use tf.function without: it records by the shapes and dtypes of what it is given.",
    "TestCase": "Use unittest or pytest, and xg.testing.check_gradients.",
    "activations": "Use functions of tf.nn.",
    "assert_equal": "Use tf.debugging.assert_equal.",
    "bessel_i0": "Use xg.special.i0.",
    "bessel_i1": "Use xg.special.i1.",
    "bincount": "Use np.bincount, which takes Tensors.",
    "case": "Use tf.cond, one in the other.",
    "categorical": "Use tf.argmax(logits + xg.random.gumbel(logits.shape), axis=-1).",
    "cholesky_solve": "Use tf.linalg.triangular_solve, twice.",
    "conv1d": "Use xg.nn.conv, along any number of axes.",
    "conv2d_transpose": "Use xg.nn.conv_transpose.",
    "conv3d": "Use xg.nn.conv, along any number of axes.",
    "cumulative_logsumexp": "Use np.logaddexp.accumulate, which takes Tensors.",
    "data": "Use xg.data.Batches.",
    "depthwise_conv2d": "Use xg.nn.conv with groups=.",
    "dtypes": "Use tf.float32 and its neighbours.",
    "dynamic_partition": "Use tf.boolean_mask.",
    "experimental": "Use NumPy's functions, which take Tensors.",
    "foldl": "Use xg.scan.",
    "histogram_fixed_width": "Use np.histogram, which takes Tensors.",
    "initializers": "Use xg.nn.initializers, or tf.random_normal_initializer and its neighbours.",
    "layers": _NO_MODELS,
    "legacy": "Use tf.keras.optimizers.",
    "losses": "Use xg.nn.mean_squared_error and its neighbours.",
    "merge": "Use tf.summary.scalar and its neighbours, which write at once.",
    "merge_all": "Use tf.summary.scalar and its neighbours, which write at once.",
    "metrics": "Use tf.reduce_mean, and a list of what it gave.",
    "models": _NO_MODELS,
    "nest": "Use xg.tree.",
    "numpy_function": "Use tf.custom_gradient, with .numpy() inside.",
    "placeholder": "Use tf.constant(first_value): feed_dict= takes every value that tf made.",
    "placeholder_with_default": "Use tf.constant(default): feed_dict= takes every value.",
    "polyval": "Use np.polyval, which takes Tensors.",
    "scan": "Use xg.scan.",
    "scatter_add": "Use the method of the tf.Variable.",
    "scatter_sub": "Use the method of the tf.Variable.",
    "scatter_update": "Use the method of the tf.Variable.",
    "segment_sum": "Use tf.zeros(shape).at[segments].add(x).",
    "signal": "Use xg.fft.",
    "stateless_normal": "Use xg.random.Generator(seed).normal.",
    "stateless_uniform": "Use xg.random.Generator(seed).uniform.",
    "switch_case": "Use tf.cond, one in the other.",
    "unsorted_segment_sum": "Use tf.zeros(shape).at[segments].add(x).",
    "variable_scope": "Use tf.get_variable with the whole name.",
}


class Row(NamedTuple):
    """One line of a table.

    Attributes
    ----------
    name : str
        TensorFlow's.
    target : str
        The place of xgrad's function below `xgrad`.
    tensors : tuple of str
        The operands, in xgrad's order, by TensorFlow's names.
    options : dict
        From TensorFlow's names of other arguments to xgrad's name and the default.
    """

    name: str
    target: str
    tensors: tuple[str, ...]
    options: dict[str, tuple[str, Any]]


def read_table(text: str) -> dict[str, Row]:
    """Read a table; an error says which line is none."""
    rows = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        found = _LINE.match(line)
        assert found is not None, line
        name, target, tensors, options = found.groups()
        operands = tuple([t.strip() for t in tensors.split(",")])
        rows[name] = Row(
            name,
            target,
            operands,
            dict(map(_read_option, filter(None, (options or "").split(", ")))),
        )
    return rows


def _read_option(text: str) -> tuple[str, tuple[str, Any]]:
    names, _, default = text.partition("=")
    theirs, _, ours = names.partition(">")
    return theirs, (ours or theirs, ast.literal_eval(default))


class Namespace:
    """The functions of one of TensorFlow's modules that come from a table.

    Parameters
    ----------
    module : str
        The module's name, for messages and for the functions that are made.
    table : str
    """

    def __init__(self, module: str, table: str) -> None:
        self._module = module
        self.rows = read_table(table)

    def get(self, name: str, home: dict[str, Any]) -> Any:
        """Make the function of a name, and put it where the module's names are."""
        row = self.rows.get(name)
        if row is None:
            raise no_name(self._module, name)
        home[name] = made = _make(row, self._module)
        return made

    def names(self, home: dict[str, Any]) -> list[str]:
        """List the module's names: those of the table, and those that it lists itself."""
        return sorted({*self.rows, *home["__all__"]})


def no_name(module: str, name: str) -> AttributeError:
    """What to raise for a name that there is not."""
    place = "tf" + module.removeprefix("xgrad.compat.tensorflow")
    hint = _HINTS.get(
        name, f"Use a name that dir({place}) lists, or a function of xgrad's: both mix."
    )
    return AttributeError(f"xgrad.compat.tensorflow has no {place}.{name}. {hint}")


def _make(row: Row, module: str) -> Callable[..., Any]:
    """Make a function with TensorFlow's signature that calls xgrad's."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [
        inspect.Parameter(
            n, kind, default=row.options[n][1] if n in row.options else inspect.Parameter.empty
        )
        for n in (*row.tensors, *row.options)
    ]
    signature = inspect.Signature([*parameters, inspect.Parameter("name", kind, default=None)])

    target: Any = functools.reduce(getattr, row.target.split("."), xg)

    def function(*args: Any, **kwargs: Any) -> Any:
        for former in _FORMER.keys() & kwargs.keys():
            kwargs[_FORMER[former]] = kwargs.pop(former)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        operands = as_tensors([given[t] for t in row.tensors])

        def compute() -> Any:
            options = {ours: static(given[theirs]) for theirs, (ours, _) in row.options.items()}
            return target(*operands, **options)

        return _follow_all(*relying(compute))

    function.__name__ = function.__qualname__ = row.name
    function.__module__ = module
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__doc__ = (
        f"Do what TensorFlow's `{row.name}` does; `xgrad.{row.target}` computes it.\n\n"
        "Numbers and lists become float32 or int32, or of the dtype of the first Tensor. `name` "
        "has no meaning."
    )
    return function


def followed(f: Callable[..., Any]) -> Callable[..., Any]:
    """Let the default graph follow what a function returns; a decorator."""

    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        return _follow_all(*relying(f, *args, **kwargs))

    return function


def _follow_all(result: Any, settled: list[Any]) -> Any:
    def one(x: Any) -> Any:
        x = follow(x)
        if settled and isinstance(x, Handle):
            rely(x, settled)
        return x

    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*map(one, result))
    if isinstance(result, (list, tuple)):
        return type(result)(map(one, result))
    return one(result)
