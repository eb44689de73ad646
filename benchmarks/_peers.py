"""The libraries under test, each behind the same few functions.

A peer says how to make an array, which of its own functions the workloads use (`ops`), how to take
a value with its gradients in its most direct eager way, and how to wait for a result. Where a
library leaves a choice, the cheaper one is taken: leaves and constants are plain arrays, never
variables. What is computed is decided in _workloads.py.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import numpy as np

Loss = Callable[..., Any]
Differentiated = Callable[..., tuple[Any, Sequence[Any]]]


def nothing_to_wait_for(result: object) -> None:
    """Libraries that compute at once have nothing to wait for."""


@dataclass(frozen=True)
class Peer:
    """A library as the workloads see it."""

    name: str
    version: str
    ops: SimpleNamespace
    array: Callable[[np.ndarray], Any]
    """A constant of the library with this value."""
    leaf: Callable[[np.ndarray], Any]
    """The same, but something that gradients are taken with respect to."""
    differentiate: Callable[[Loss, int], Differentiated]
    """From a loss of so many leaves, the function that gives its value and its gradients."""
    to_numpy: Callable[[Any], np.ndarray] = np.asarray
    wait: Callable[[Any], None] = nothing_to_wait_for
    recording: Callable[[Any], AbstractContextManager[Any]] | None = None
    """A context in which what is done to a leaf is recorded, where the library has one."""
    prepare: Callable[[Differentiated, Sequence[Any]], None] | None = None
    """What has to be done before the calls that are timed."""

    def bind(self, loss: Loss, leaves: Sequence[Any]) -> Callable[[], tuple[Any, Sequence[Any]]]:
        """Make a function of nothing that takes the value and gradients and waits for them."""
        both = self.differentiate(loss, len(leaves))
        if self.prepare is not None:
            self.prepare(both, leaves)

        def call() -> tuple[Any, Sequence[Any]]:
            result = both(*leaves)
            self.wait(result)
            return result

        return call


def load_xgrad(threads: int) -> Peer:
    """xgrad: a tape that watches plain Tensors."""
    xg = importlib.import_module("xgrad")

    def differentiate(loss: Loss, count: int) -> Differentiated:
        def both(*leaves: Any) -> tuple[Any, Sequence[Any]]:
            with xg.GradientTape() as tape:
                tape.watch(leaves)
                value = loss(*leaves)
            return value, tape.gradient(value, leaves)

        return both

    ops = SimpleNamespace(
        tanh=xg.tanh, exp=xg.exp, sin=xg.sin, log=xg.log, sum=xg.sum, mean=xg.mean,
        multiply=xg.multiply, matmul=xg.matmul,
        relu=lambda x: xg.maximum(x, 0.0),
        sum_last=lambda x: xg.sum(x, axis=-1, keepdims=True),
        max_last=lambda x: xg.max(x, axis=-1, keepdims=True),
    )  # fmt: skip
    return Peer(
        "xgrad", installed_version("xgrad"), ops, xg.asarray, xg.asarray, differentiate,
        to_numpy=lambda x: x.numpy(),
        recording=lambda leaf: _Watching(xg.GradientTape(), leaf),
    )  # fmt: skip


def load_xgrad_function(threads: int) -> Peer:
    """Load xgrad with the value and the gradients recorded by xg.function, without numba."""
    xg = importlib.import_module("xgrad")
    eager = load_xgrad(threads)

    def differentiate(loss: Loss, count: int) -> Differentiated:
        return xg.function(eager.differentiate(loss, count))  # type: ignore[no-any-return]

    def prepare(both: Differentiated, leaves: Sequence[Any]) -> None:
        with xg.set_jit(None):
            both(*leaves)

    return replace(
        eager, name="xgrad.function", differentiate=differentiate, recording=None, prepare=prepare
    )


def load_xgrad_numba(threads: int) -> Peer:
    """Load the same with what is small compiled by numba."""
    importlib.import_module("numba")
    xg = importlib.import_module("xgrad")
    recorded = load_xgrad_function(threads)

    def prepare(both: Differentiated, leaves: Sequence[Any]) -> None:
        with xg.set_jit(1):
            both(*leaves)
            both(*leaves)

    return replace(recorded, name="xgrad.function+numba", prepare=prepare)


def load_torch(threads: int) -> Peer:
    """PyTorch: leaves that require gradients, and torch.autograd.grad."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(threads)
    if torch.get_num_interop_threads() != threads:  # which may be set once only
        torch.set_num_interop_threads(threads)

    def leaf(x: np.ndarray) -> Any:
        return torch.tensor(x, requires_grad=True)

    def differentiate(loss: Loss, count: int) -> Differentiated:
        def both(*leaves: Any) -> tuple[Any, Sequence[Any]]:
            value = loss(*leaves)
            return value, torch.autograd.grad(value, leaves)

        return both

    ops = SimpleNamespace(
        tanh=torch.tanh, exp=torch.exp, sin=torch.sin, log=torch.log, sum=torch.sum, mean=torch.mean,
        multiply=torch.mul, matmul=torch.matmul, relu=torch.relu,
        sum_last=lambda x: torch.sum(x, -1, keepdim=True),
        max_last=lambda x: torch.amax(x, -1, keepdim=True),
    )  # fmt: skip
    return Peer(
        "torch", torch.__version__, ops, torch.tensor, leaf, differentiate,
        to_numpy=lambda x: x.detach().numpy(), recording=_RequiringGrad,
    )  # fmt: skip


def load_tensorflow(threads: int) -> Peer:
    """TensorFlow: its eager GradientTape over watched constants."""
    with silenced_stderr():  # it logs at import whatever its log level
        tf = importlib.import_module("tensorflow")
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)

    def differentiate(loss: Loss, count: int) -> Differentiated:
        def both(*leaves: Any) -> tuple[Any, Sequence[Any]]:
            with tf.GradientTape() as tape:
                tape.watch(leaves)
                value = loss(*leaves)
            return value, tape.gradient(value, leaves)

        return both

    ops = SimpleNamespace(
        tanh=tf.tanh, exp=tf.exp, sin=tf.sin, log=tf.math.log, sum=tf.reduce_sum, mean=tf.reduce_mean,
        multiply=tf.multiply, matmul=tf.matmul, relu=tf.nn.relu,
        sum_last=lambda x: tf.reduce_sum(x, -1, keepdims=True),
        max_last=lambda x: tf.reduce_max(x, -1, keepdims=True),
    )  # fmt: skip
    return Peer(
        "tensorflow", tf.__version__, ops, tf.constant, tf.constant, differentiate,
        to_numpy=lambda x: x.numpy(),
        recording=lambda leaf: _Watching(tf.GradientTape(), leaf),
    )  # fmt: skip


def load_tf_function(threads: int) -> Peer:
    """Load TensorFlow with the value and the gradients in one tf.function."""
    eager = load_tensorflow(threads)
    tf = importlib.import_module("tensorflow")

    def differentiate(loss: Loss, count: int) -> Differentiated:
        return tf.function(eager.differentiate(loss, count))  # type: ignore[no-any-return]

    return replace(eager, name="tf.function", differentiate=differentiate, recording=None)


def load_torch_compile(threads: int) -> Peer:
    """Load torch with the loss compiled, forward and backward, by torch.compile."""
    eager = load_torch(threads)
    torch = importlib.import_module("torch")

    def differentiate(loss: Loss, count: int) -> Differentiated:
        return eager.differentiate(torch.compile(loss), count)

    return replace(eager, name="torch.compile", differentiate=differentiate, recording=None)


def load_autograd(threads: int) -> Peer:
    """HIPS autograd: the tracer that works on numpy's own functions."""
    anp = importlib.import_module("autograd.numpy")
    autograd = importlib.import_module("autograd")

    def differentiate(loss: Loss, count: int) -> Differentiated:
        return autograd.value_and_grad(loss, tuple(range(count)))

    ops = SimpleNamespace(
        tanh=anp.tanh, exp=anp.exp, sin=anp.sin, log=anp.log, sum=anp.sum, mean=anp.mean,
        multiply=anp.multiply, matmul=anp.matmul, relu=lambda x: anp.maximum(x, 0.0),
        sum_last=lambda x: anp.sum(x, axis=-1, keepdims=True),
        max_last=lambda x: anp.max(x, axis=-1, keepdims=True),
    )  # fmt: skip
    version = installed_version("autograd")
    return Peer("autograd", version, ops, np.array, np.array, differentiate)


def load_jax(threads: int) -> Peer:
    """JAX without a compiler: each op dispatched on its own."""
    return _jax_peer("jax")


def load_jax_jit(threads: int) -> Peer:
    """JAX with the value and the gradients compiled into one function: for information."""
    return _jax_peer("jax.jit")


def _jax_peer(name: str) -> Peer:
    jax = importlib.import_module("jax")
    jnp = jax.numpy

    def differentiate(loss: Loss, count: int) -> Differentiated:
        both = jax.value_and_grad(loss, tuple(range(count)))
        return jax.jit(both) if name == "jax.jit" else both

    ops = SimpleNamespace(
        tanh=jnp.tanh, exp=jnp.exp, sin=jnp.sin, log=jnp.log, sum=jnp.sum, mean=jnp.mean,
        multiply=jnp.multiply, matmul=jnp.matmul, relu=lambda x: jnp.maximum(x, 0.0),
        sum_last=lambda x: jnp.sum(x, axis=-1, keepdims=True),
        max_last=lambda x: jnp.max(x, axis=-1, keepdims=True),
    )  # fmt: skip
    return Peer(
        name, jax.__version__, ops, jnp.asarray, jnp.asarray, differentiate,
        wait=jax.block_until_ready,
    )  # fmt: skip


def load_bare(threads: int) -> Peer:
    """Load the yardstick of _bare.py: it runs the chain only."""
    import _bare

    def differentiate(loss: Loss, count: int) -> Differentiated:
        if count != 1:
            raise NotImplementedError("the yardstick knows the chain only")
        return lambda leaf: _bare.value_and_gradient(loss, leaf)

    ops = SimpleNamespace(tanh=_bare.tanh, sum=_bare.total)
    return Peer("bare tape", "(yardstick)", ops, np.asarray, np.asarray, differentiate)


def installed_version(name: str) -> str:
    """Read a distribution's version; it has none when it runs from its source tree."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(source tree)"


@contextmanager
def silenced_stderr() -> Iterator[None]:
    """Keep what compiled code writes to the standard error stream off the screen."""
    kept = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(sink)
        os.close(kept)


class _Watching:
    """Enter a tape and watch one leaf."""

    def __init__(self, tape: Any, leaf: Any) -> None:
        self.tape, self.leaf = tape, leaf

    def __enter__(self) -> Any:
        self.tape.__enter__()
        self.tape.watch(self.leaf)
        return self.tape

    def __exit__(self, *raised: object) -> None:
        self.tape.__exit__(*raised)


class _RequiringGrad:
    """Let a tensor of torch require gradients for a while."""

    def __init__(self, leaf: Any) -> None:
        self.leaf = leaf

    def __enter__(self) -> Any:
        return self.leaf.requires_grad_(True)

    def __exit__(self, *raised: object) -> None:
        self.leaf.requires_grad_(False)


LOADERS: dict[str, Callable[[int], Peer]] = {
    "xgrad": load_xgrad,
    "torch": load_torch,
    "tensorflow": load_tensorflow,
    "autograd": load_autograd,
    "jax": load_jax,
    "jax.jit": load_jax_jit,
    "bare": load_bare,
    "xgrad.function": load_xgrad_function,
    "xgrad.function+numba": load_xgrad_numba,
    "tf.function": load_tf_function,
    "torch.compile": load_torch_compile,
}


def load_peers(names: Sequence[str], threads: int) -> dict[str, Peer]:
    """Import the named libraries; say which are absent and why, and go on without them."""
    peers = {}
    for name in names:
        try:
            peers[name] = LOADERS[name](threads)
        except (ImportError, AttributeError) as error:
            print(f"{name}: left out ({type(error).__name__}: {error})")
    return peers
