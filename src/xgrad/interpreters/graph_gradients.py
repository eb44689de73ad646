"""gradients and hessians: TensorFlow 1's way to ask, of whatever recorded the values.

They need no tape to be named: the outermost open Graph is asked, which saw most, or else a tape.
What they give is recorded by everybody who is open, like any other computation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._typing import Nest
from ..backends import quiet
from ..core.casting import to_array
from ..core.handle import Handle
from ..core.node import Break, Cut
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import TapeError, UnconnectedGradientError
from ..ops.rule_namespace import rule_namespace
from .arguments import SeedNames, UnconnectedGradients, as_option, seeds_of, take_apart
from .gradients import gradients as walk_back
from .graph_trace import GraphTrace
from .jacobian import jacobian
from .trace import Trace, active_traces

__all__ = ["gradients", "hessians"]

_NAMES = SeedNames("gradients", "grad_ys", "ys")


def gradients(
    ys: Nest,
    xs: Nest,
    grad_ys: Nest = None,
    stop_gradients: Nest = None,
    unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
) -> list[Any]:
    """Differentiate the sum of ys with respect to each of xs, inside a Graph or an open tape.

    Parameters
    ----------
    ys : Tensor, Variable or nest of them
        All elements of all of them are summed.
    xs : Tensor, Variable or nest of them
    grad_ys : nest, optional
        One array of the shape of each of ys, in their structure, instead of ones; None in it means
        ones.
    stop_gradients : Tensor, Variable or nest of them, optional
        Held constant: no gradient passes through them.
    unconnected_gradients : str or UnconnectedGradients
        For one of xs that ys do not depend on: ``"none"`` gives None, ``"zero"`` zeros,
        ``"raise"`` an error that explains why.

    Returns
    -------
    list of Tensor or None
        One for each of xs, of its shape, dtype and device; recorded, so that it can be
        differentiated again. For complex xs, the direction of steepest ascent.

    Raises
    ------
    TapeError
        If no open Graph or tape has recorded ys.
    ArgumentTypeError
        If one of ys or xs is no Tensor or Variable.
    ArgumentError, ShapeError, DTypeError
        If `grad_ys` does not fit ys, or one of ys is complex and `grad_ys` is missing.
    UnconnectedGradientError
        On request.

    See Also
    --------
    Graph, hessians, GradientTape

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.Graph():
    ...     a, b = xg.constant(2.0), xg.constant(5.0)
    ...     c = a * b
    ...     print(*xg.gradients(a + c, [a, c]))
    ...     print(*xg.gradients(a + c, [a, c], stop_gradients=[a, c]))
    xg.Tensor(6., ...) xg.Tensor(1., ...)
    xg.Tensor(1., ...) xg.Tensor(1., ...)
    """
    option = as_option(unconnected_gradients)
    targets, _ = take_apart(ys, "ys", "gradients")
    sources, _ = take_apart(xs, "xs", "gradients")
    held = [] if stop_gradients is None else take_apart(stop_gradients, "stop_gradients")[0]
    given = seeds_of(targets, ys, _unpacked(grad_ys, ys), _NAMES)
    trace = _trace_of(targets, "gradients")
    with quiet():
        found = walk_back(trace, targets, given, sources, held, False, sparse=True)
    return [
        _unconnected(trace, targets, x, option, held) if g is None else g
        for g, x in zip(found, sources, strict=True)
    ]


def hessians(ys: Nest, xs: Nest) -> list[Tensor]:
    """Differentiate the sum of ys twice with respect to each of xs, inside a Graph or an open tape.

    Parameters
    ----------
    ys : Tensor, Variable or nest of them
        Real; all elements of all of them are summed.
    xs : Tensor, Variable or nest of them
        Real.

    Returns
    -------
    list of Tensor
        One for each of xs, of shape ``x.shape + x.shape``: the blocks on the diagonal. Zeros where
        the second derivative vanishes.

    Raises
    ------
    TapeError
        If no open Graph or tape has recorded ys.
    ArgumentTypeError, DTypeError
        If one of ys or xs is no Tensor or Variable, or complex.

    See Also
    --------
    Graph, gradients, GradientTape.hessian

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.Graph():
    ...     x = xg.constant([1.0, 2.0])
    ...     (h,) = xg.hessians(xg.prod(x) ** 2, x)
    >>> h
    xg.Tensor([[8., 8.],
               [8., 2.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    targets, _ = take_apart(ys, "ys", "hessians")
    sources, _ = take_apart(xs, "xs", "hessians")
    given = seeds_of(targets, ys, None, _NAMES._replace(caller="hessians"))
    trace = _trace_of(targets, "hessians")
    with quiet():
        slopes = walk_back(trace, targets, given, sources, [], False)
        return [
            _second_derivative(trace, slope, x) for slope, x in zip(slopes, sources, strict=True)
        ]


def _second_derivative(trace: Trace, slope: Any, x: Any) -> Tensor:
    found = None if slope is None else jacobian(trace, slope, [x], None)[0]
    if found is not None:
        return found
    return rule_namespace.zeros((*x.shape, *x.shape), dtype=x.dtype, device=x.device)  # type: ignore[no-any-return]


def _unpacked(grad_ys: Nest, ys: Nest) -> Nest:
    """Accept what TensorFlow does: a list of one for a single target, and the other way round."""
    if isinstance(ys, (Tensor, Variable)):
        if type(grad_ys) in (list, tuple) and len(grad_ys) == 1:
            (g,) = grad_ys
            if g is None or getattr(g, "shape", None) == ys.shape or _shape_of(g) == ys.shape:
                return g
    elif type(ys) in (list, tuple) and all(isinstance(y, Handle) for y in ys):
        seeds = [grad_ys] if hasattr(grad_ys, "shape") else grad_ys
        if type(seeds) in (list, tuple) and len(seeds) == len(ys):
            return type(ys)([_as_leaf(g) for g in seeds])
    return grad_ys


def _as_leaf(g: Any) -> Any:
    """A list of numbers as one array."""
    return Tensor(to_array(g)) if type(g) in (list, tuple) else g


def _shape_of(g: Any) -> tuple[int, ...]:
    return tuple(to_array(g).shape)


def _trace_of(targets: Sequence[Any], caller: str) -> Trace:
    """Find the recording that knows most of the targets' past, among those that are open."""
    traces = [trace for trace in active_traces() if isinstance(trace, Trace)]
    graphs = [trace for trace in traces if isinstance(trace, GraphTrace)]
    for trace in (*graphs, *traces):
        if any(x.node is not None and trace.follows(x.node) for x in targets):
            return trace
    if graphs:
        return graphs[0]
    if traces and any(_is_cut(x) for x in targets):
        return traces[0]
    where = "no Graph or tape is open" if not traces else "no tape that is open recorded ys"
    raise TapeError(
        f"{caller}: {where}, so it is not known what ys were computed from. Use a Graph around "
        f"the whole computation:\n\n    with xg.Graph():\n        y = f(x)\n        "
        f"dy_dx = xg.{caller}(y, x)\n\nor GradientTape, whose gradient method may come after its "
        "`with` block."
    )


def _is_cut(x: Any) -> bool:
    """Whether a path was recorded up to an operation without a derivative."""
    return type(x.node) is Cut and x.node.why is Break.NO_DERIVATIVE


def _unconnected(
    trace: Trace,
    targets: list[Any],
    x: Any,
    option: UnconnectedGradients,
    held: Sequence[Any],
) -> Tensor | None:
    if option is UnconnectedGradients.NONE:
        return None
    if option is UnconnectedGradients.ZERO:
        return rule_namespace.zeros_like(x)  # type: ignore[no-any-return]
    from .explain import explain

    raise UnconnectedGradientError(str(explain(trace, targets, x, held)))
