"""What a tape gives besides gradients: Jacobians, Hessians, Hessian-vector products.

Arguments are checked here, as for `gradient`; jacobian.py computes, imported with batching when first used. Second derivatives need the
first to be recorded, and the tape itself records it: no second tape, and no `persistent`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .._typing import Nest
from ..backends import quiet
from ..core.casting import dtype_kind
from ..core.observers import state
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, DTypeError, ShapeError
from ..ops.rule_namespace import rule_namespace
from ..tree import flatten, show, unflatten
from .arguments import UnconnectedGradients, as_option, check_chunk_size, fitted, take_apart
from .gradients import gradients
from .stack import pop, push
from .trace import Trace

__all__ = ["Matrices"]


class Matrices:
    """The methods of a tape that give matrices of derivatives."""

    persistent: bool
    _used_up: bool

    def jacobian(
        self,
        target: Nest,
        sources: Nest,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
        chunk_size: int | None = None,
    ) -> Nest:
        """Differentiate every element of the targets with respect to the sources.

        Parameters
        ----------
        target : Tensor, Variable or nest of them
            Of real dtype.
        sources : Tensor, Variable or nest of them
        unconnected_gradients : str or UnconnectedGradients
            For a source that does not lead to a target: ``"none"`` gives None, ``"zero"`` zeros,
            ``"raise"`` an error that explains why.
        chunk_size : int, optional
            How many elements of a target to differentiate at once, to bound memory. All of them
            by default.

        Returns
        -------
        nest
            In the structure of `target`, and for each target in that of `sources`: a Tensor of
            shape ``(*target.shape, *source.shape)`` and the source's dtype and device.

        Raises
        ------
        TapeError
            If a tape that is not persistent was used before.
        DTypeError
            If a target is complex.
        ArgumentTypeError, ArgumentError
            If a target or source is no Tensor or Variable, or chunk_size is not positive.
        UnconnectedGradientError
            On request.

        See Also
        --------
        batch_jacobian, hessian

        Examples
        --------
        >>> import xgrad as xg
        >>> x = xg.Variable([1.0, 2.0])
        >>> with xg.GradientTape() as tape:
        ...     y = x**3
        >>> tape.jacobian(y, x)
        xg.Tensor([[ 3.,  0.],
                   [ 0., 12.]], shape=(2, 2), dtype=float64, device=cpu)
        """
        option = as_option(unconnected_gradients)
        targets, outside = take_apart(target, "target", "jacobian")
        wanted, inside = take_apart(sources, "sources", "jacobian")
        check_chunk_size(chunk_size, "jacobian")
        from .jacobian import jacobian

        with self._differentiating() as trace:
            rows = [
                [
                    self._or_option(y, [t], x, option, (*t.shape, *x.shape))
                    for x, y in zip(wanted, jacobian(trace, t, wanted, chunk_size), strict=True)
                ]
                for t in targets
            ]
        return unflatten(outside, [unflatten(inside, row) for row in rows])

    def batch_jacobian(
        self,
        target: Tensor,
        source: Any,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
        chunk_size: int | None = None,
    ) -> Tensor | None:
        """Differentiate each example's target with respect to its own source.

        Parameters
        ----------
        target : Tensor
            Of shape ``(b, *y)``; ``target[i]`` must depend on ``source[i]`` alone, which is not
            checked.
        source : Tensor or Variable
            Of shape ``(b, *x)``.
        unconnected_gradients : str or UnconnectedGradients
            As for `jacobian`.
        chunk_size : int, optional
            As for `jacobian`, of the elements of one example's target.

        Returns
        -------
        Tensor or None
            Of shape ``(b, *y, *x)``.

        Raises
        ------
        ShapeError
            If one of them has less than two axes, or the numbers of examples differ.
        TapeError, DTypeError, ArgumentTypeError, ArgumentError, UnconnectedGradientError
            As for `jacobian`.

        Examples
        --------
        >>> import xgrad as xg
        >>> x = xg.Variable([[1.0, 2.0], [3.0, 4.0]])
        >>> with xg.GradientTape() as tape:
        ...     y = x * x
        >>> tape.batch_jacobian(y, x).shape
        (2, 2, 2)
        """
        option = as_option(unconnected_gradients)
        (y,) = _single(target, "target", "batch_jacobian")
        (x,) = _single(source, "source", "batch_jacobian")
        check_chunk_size(chunk_size, "batch_jacobian")
        from .jacobian import batch_jacobian

        with self._differentiating() as trace:
            shape = (*y.shape, *x.shape[1:])
            found = batch_jacobian(trace, y, x, chunk_size)
            return self._or_option(found, [y], x, option, shape)

    def hessian(self, target: Tensor, sources: Nest) -> Nest:
        """Differentiate a scalar twice with respect to the sources.

        Parameters
        ----------
        target : Tensor
            Real, of shape ().
        sources : Tensor, Variable or nest of them
            Real.

        Returns
        -------
        nest
            In the structure of `sources`, and for each in the same structure again: all blocks, of
            shape ``(*x1.shape, *x2.shape)``. Zeros where the second derivative vanishes.

        Raises
        ------
        ShapeError
            If the target is no scalar.
        TapeError, DTypeError, ArgumentTypeError
            As for `jacobian`.

        See Also
        --------
        hvp, jacobian

        Examples
        --------
        >>> import xgrad as xg
        >>> x = xg.Variable([1.0, 2.0])
        >>> with xg.GradientTape() as tape:
        ...     y = xg.prod(x) ** 2
        >>> tape.hessian(y, x)
        xg.Tensor([[8., 8.],
                   [8., 2.]], shape=(2, 2), dtype=float64, device=cpu)
        """
        from .jacobian import jacobian

        y = _scalar(target, "hessian")
        wanted, treedef = take_apart(sources, "sources", "hessian")
        with self._differentiating() as trace:
            slopes = self._recorded_gradients(trace, y, wanted)
            rows = []
            for slope, x in zip(slopes, wanted, strict=True):
                found: list[Tensor | None] = [None] * len(wanted)
                if slope is not None:
                    found = jacobian(trace, slope, wanted, None)
                shapes = [(*x.shape, *other.shape) for other in wanted]
                rows.append([_or_zeros(f, x, s) for f, s in zip(found, shapes, strict=True)])
        return unflatten(treedef, [unflatten(treedef, row) for row in rows])

    def hvp(self, target: Tensor, sources: Nest, vectors: Nest) -> Nest:
        """Multiply the Hessian of a scalar by vectors, without making the Hessian.

        Parameters
        ----------
        target : Tensor
            Real, of shape ().
        sources : Tensor, Variable or nest of them
        vectors : nest
            In the structure of `sources`, with an array of the same shape for each.

        Returns
        -------
        nest
            In the structure of `sources`; zeros where the second derivative vanishes.

        Raises
        ------
        ShapeError
            If the target is no scalar, or a vector has another shape than its source.
        ArgumentError
            If the structures differ.
        TapeError, DTypeError, ArgumentTypeError
            As for `jacobian`.

        References
        ----------
        Pearlmutter, "Fast Exact Multiplication by the Hessian" (Neural Computation, 1994).

        Examples
        --------
        >>> import xgrad as xg
        >>> x = xg.Variable([1.0, 2.0])
        >>> with xg.GradientTape() as tape:
        ...     y = xg.sum(x**3)
        >>> tape.hvp(y, x, [1.0, 1.0])
        xg.Tensor([ 6., 12.], shape=(2,), dtype=float64, device=cpu)
        """
        y = _scalar(target, "hvp")
        wanted, treedef = take_apart(sources, "sources", "hvp")
        directions = _vectors(vectors, wanted, treedef)
        with self._differentiating() as trace:
            slopes = self._recorded_gradients(trace, y, wanted)
            pairs = [(g, v) for g, v in zip(slopes, directions, strict=True) if g is not None]
            found = gradients(
                trace, [g for g, _ in pairs], [v for _, v in pairs], wanted, [], False
            )
        return unflatten(
            treedef, [_or_zeros(f, x, x.shape) for f, x in zip(found, wanted, strict=True)]
        )

    # -- inside --------------------------------------------------------------------------------

    @contextmanager
    def _differentiating(self) -> Iterator[Trace]:
        """Use the tape, up if it is not persistent."""
        self._check_thread()
        trace = self._trace_to_use()
        if not self.persistent:
            self._used_up = True
            pop(self)
        try:
            with quiet():
                yield trace
        finally:
            if not self.persistent:
                trace.finish()

    def _recorded_gradients(self, trace: Trace, y: Any, sources: list[Any]) -> list[Any]:
        """The first derivatives, recorded by this tape whether it is recording or not."""
        recording = self in state.observers
        if not recording:
            push(self)
        try:
            return gradients(trace, [y], [None], sources, [], False)
        finally:
            if not recording:
                pop(self)

    def _or_option(
        self,
        found: Tensor | None,
        targets: list[Any],
        x: Any,
        option: UnconnectedGradients,
        shape: tuple[int, ...],
    ) -> Tensor | None:
        """What was found, or what stands for a source that does not lead to the targets."""
        if found is not None or option is UnconnectedGradients.NONE:
            return found
        self._unconnected(targets, x, option)
        return _or_zeros(None, x, shape)

    def _check_thread(self) -> None:
        raise NotImplementedError

    def _trace_to_use(self) -> Trace:
        raise NotImplementedError

    def _unconnected(
        self, targets: list[Any], x: Any, option: UnconnectedGradients, held: Sequence[Any] = ()
    ) -> Tensor:
        raise NotImplementedError


def _single(nest: Any, name: str, caller: str) -> list[Any]:
    found, treedef = take_apart(nest, name, caller)
    if treedef.kind is not None:
        raise ArgumentError(
            f"{caller}: {name} must be one Tensor or Variable, but is {show(treedef)}. Use "
            "jacobian for nests, or one call for each."
        )
    return found


def _scalar(target: Any, caller: str) -> Any:
    (y,) = _single(target, "target", caller)
    if y.shape != ():
        raise ShapeError(
            f"{caller}: target {describe(y)} must be a scalar, of shape (). Use xg.sum, or jacobian "
            "of the gradient."
        )
    if dtype_kind(y.dtype) == "complex":
        raise DTypeError(f"{caller}: target {describe(y)} must be real. Use xg.real or xg.abs.")
    return y


def _vectors(vectors: Nest, wanted: list[Any], treedef: Any) -> list[Tensor]:
    if treedef.kind is None:
        return [fitted(vectors, wanted[0], "hvp: vectors", "source")]
    given, found = flatten(vectors, none_is_leaf=True, like=treedef)
    if found != treedef:
        raise ArgumentError(
            f"hvp: vectors must have the structure of sources: {show(treedef)} expected, "
            f"{show(found)} given. Use one array for each source."
        )
    return [
        fitted(v, x, f"hvp: vectors: leaf {i} of {len(given)}:", "source")
        for i, (v, x) in enumerate(zip(given, wanted, strict=True))
    ]


def _or_zeros(found: Tensor | None, x: Any, shape: tuple[int, ...]) -> Tensor:
    if found is not None:
        return found
    return rule_namespace.zeros(shape, dtype=x.dtype, device=x.device)  # type: ignore[no-any-return]
