"""CUDA graphs: what a function starts, captured once and started by a single call from then on.

Addresses are frozen in a graph. So everything inside lives in a memory pool that nobody else takes
from, as long as the graph does; inputs are copied into arrays of it, and results out of it
into fresh ones. Capture, as cupy has it, refuses cuBLAS (cupy_products.py has our own), copies from and
to the host, and waiting; a refusal is an exception, and whoever asked then does without."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array, NativeDevice
from .captured import CaptureRefusedError
from .contraction import contract_by_matmul, layout_of
from .cupy_copies import Copies
from .cupy_functions import CupyFunctions, Own
from .cupy_memory import PER_THREAD
from .cupy_products import DTYPES, Products

__all__ = ["CupyCapturer"]

_SOLVER = "it calls cuSOLVER, which CuPy does not let into a captured graph"
_TRIANGULAR = "it calls cuBLAS's solver, which CuPy does not let into a captured graph"
_TRANSFORM = "the plans of cuFFT keep memory that other transforms use too"
_REFUSED = {
    **dict.fromkeys(
        ("cholesky", "cofactor", "det", "eig", "eigh", "eigvals", "eigvalsh", "expm", "inv", "lu",
         "pinv", "qr", "qr_complete", "slogdet", "solve", "svd", "svdvals"), _SOLVER
    ),
    "solve_triangular": _TRIANGULAR,
    **dict.fromkeys(("fftn", "ifftn", "irfftn", "rfftn"), _TRANSFORM),
    "to_device": "copies between devices do not belong to one graph",
}  # fmt: skip
_JOINED = 8  # arrays that cupy joins by a launch each
# How far results may be from those that kernel by kernel gives, as a share of the largest of them:
# products are other ones, and sums of repeated indices come in any order.
_TOLERANCE = {"e": 5e-2, "E": 5e-2, "f": 1e-2, "F": 1e-2, "d": 1e-6, "D": 1e-6}


class InGraphs(Own):
    """What may be captured instead of what may not: all products are ours."""

    def concat(xp: Any, arrays: Sequence[Array], *, axis: int | None = 0) -> Array:
        """cupy sends a table of the arrays' addresses where it joins more than eight at once."""
        while len(arrays) > _JOINED:
            arrays = [
                xp._namespace.concat(arrays[start : start + _JOINED], axis=axis)
                for start in range(0, len(arrays), _JOINED)
            ]
        return xp._namespace.concat(arrays, axis=axis)

    def stack(xp: Any, arrays: Sequence[Array], *, axis: int = 0) -> Array:
        return xp.concat([xp._namespace.expand_dims(x, axis=axis) for x in arrays], axis=axis)

    def matmul(xp: Any, x1: Array, x2: Array) -> Array:
        if np.result_type(x1.dtype, x2.dtype).char in DTYPES:
            return xp.products.matmul(x1, x2)
        return xp._namespace.matmul(x1, x2)  # whole numbers have kernels of cupy's own

    def contract(xp: Any, x1: Array, x2: Array, *, subscripts: str) -> Array:
        return contract_by_matmul(xp, x1, x2, layout_of(subscripts))

    def tensordot(xp: Any, x1: Array, x2: Array, *, axes: Any) -> Array:
        if isinstance(axes, int):
            axes = (range(x1.ndim - axes, x1.ndim), range(axes))
        summed = [[axis % x.ndim for axis in a] for a, x in zip(axes, (x1, x2), strict=True)]
        free = [
            [i for i in range(x.ndim) if i not in own]
            for own, x in zip(summed, (x1, x2), strict=True)
        ]
        rows, columns = ([x.shape[i] for i in own] for own, x in zip(free, (x1, x2), strict=True))
        inner = math.prod(x1.shape[i] for i in summed[0])
        left = x1.transpose(*free[0], *summed[0]).reshape(math.prod(rows), inner)
        right = x2.transpose(*summed[1], *free[1]).reshape(inner, math.prod(columns))
        return xp.matmul(left, right).reshape((*rows, *columns))

    def vecdot(xp: Any, x1: Array, x2: Array, *, axis: int = -1) -> Array:
        return xp.sum(xp._namespace.conj(x1) * x2, axis=axis)


class GraphFunctions(CupyFunctions):
    """Functions that may be captured; `products` belongs to the capture under way."""

    products: Products


class CupyCapturer:
    """Captures functions on one GPU, one after the other.

    Parameters
    ----------
    cupy, namespace : module
    native : cupy.cuda.Device
    alone : bool
        Whether there is no other GPU, so that it need not be made the current one.
    """

    def __init__(self, cupy: Any, namespace: Any, native: NativeDevice, alone: bool) -> None:
        self.xp = GraphFunctions(namespace, InGraphs)
        self._cupy = cupy
        self._place = contextlib.nullcontext() if alone else native
        self._lock = threading.Lock()

    def may_begin(self) -> bool:
        with self._place:
            return not self._cupy.cuda.get_current_stream().is_capturing()

    def refusal(self, name: str) -> str | None:
        return _REFUSED.get(name)

    def capture(
        self,
        run: Callable[[list[Array]], list[Array]],
        inputs: Sequence[Array],
        expected: Sequence[Array],
    ) -> CupyGraph:
        try:
            with self._lock, self._place:
                try:
                    graph = self._captured(run, inputs)
                finally:
                    self.xp.__dict__.pop("products", None)  # and the workspace of one that failed
                found = graph.run(inputs)
        except CaptureRefusedError:
            raise
        except Exception as error:
            text = str(error).splitlines()
            raise CaptureRefusedError(
                f"{type(error).__name__} while it was captured: {text[0] if text else 'no reason'}"
            ) from error
        assert found is not None, "may_begin said that nothing else is captured"
        for y, e in zip(found, expected, strict=True):
            if not _agree(y.get(), e.get()):
                raise CaptureRefusedError("its results were not those of the kernels one by one")
        return graph

    def _captured(
        self, run: Callable[[list[Array]], list[Array]], inputs: Sequence[Array]
    ) -> CupyGraph:
        """Warm up on a stream of its own, with memory of its own, and capture there."""
        cuda = self._cupy.cuda
        pool = cuda.MemoryPool()
        ready = cuda.get_current_stream().record()
        stream = cuda.Stream(non_blocking=True)
        with stream, cuda.using_allocator(pool.malloc):
            stream.wait_event(ready)
            static = [self._cupy.array(x, order="C") for x in inputs]
            self.xp.products = products = Products(self._cupy, stream)
            run(static)  # compiles and loads what it starts, and fills the pool
            stream.synchronize()
            stream.begin_capture()
            try:
                results = [self._cupy.ascontiguousarray(y).reshape(y.shape) for y in run(static)]
            except BaseException:
                _abandon(stream)
                raise
            graph = stream.end_capture()
        return CupyGraph(
            self._cupy, self._place, graph, static, results, (pool, products.workspace)
        )


def _abandon(stream: Any) -> None:
    """End a capture that failed, so that the stream's thread may go on."""
    with contextlib.suppress(Exception):  # it says once more that the capture failed
        stream.end_capture()


class CupyGraph:
    """A captured graph, with everything that its launches read and write.

    Launches go to the caller's current stream. One starts when the one before has been read,
    even on another stream, and two threads take turns."""

    def __init__(
        self,
        cupy: Any,
        place: Any,
        graph: Any,
        static: Sequence[Array],
        results: Sequence[Array],
        kept: tuple[Any, Any],
    ) -> None:
        self._cupy = cupy
        self._place = place
        self._graph = graph
        self._forms = [(y.shape, y.dtype) for y in results]
        self._copy_in = Copies(static, into_fixed=True)
        self._copy_out = Copies(results, into_fixed=False)
        self._kept = kept
        self.kept_bytes = int(kept[0].total_bytes())
        self._lock = threading.Lock()
        self._read = cupy.cuda.Event(disable_timing=True)  # the last launch's results were copied
        self._former: Any = None  # on this stream

    def run(self, inputs: Sequence[Array]) -> list[Array] | None:
        with self._place, self._lock:
            stream = self._cupy.cuda.get_current_stream()
            if stream.is_capturing():
                return None
            if self._former is not None and (self._former != stream or stream.ptr == PER_THREAD):
                stream.wait_event(self._read)
            self._copy_in.run(inputs)
            self._graph.launch()
            found = [self._cupy.empty(shape, dtype=dtype) for shape, dtype in self._forms]
            self._copy_out.run(found)
            stream.record(self._read)
            self._former = stream
            return found


def _agree(found: Any, expected: Any) -> bool:
    """Whether results are the same but for rounding; infinities and NaNs in the same places."""
    tolerance = _TOLERANCE.get(expected.dtype.char)
    if tolerance is None:
        return bool(np.array_equal(found, expected))
    if expected.dtype.char == "E":  # of which NumPy knows little
        found, expected = found.astype(np.float32), expected.astype(np.float32)
    finite = np.isfinite(expected)
    if not np.array_equal(finite, np.isfinite(found)):
        return False
    found, expected = found[finite], expected[finite]
    largest = np.max(np.abs(expected), initial=0.0)
    return bool(np.all(np.abs(found - expected) <= tolerance * largest))
