"""What a tape tells about itself: why a gradient is None, what is kept, and how it looks."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from .._typing import Nest
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError
from .arguments import take_apart
from .trace import Trace

if TYPE_CHECKING:
    from .explain import Explanation
    from .graph import TapeGraph
    from .stats import TapeStats

__all__ = ["Seeing"]


class Seeing:
    """The part of a tape that answers questions; what answers is imported when it is asked."""

    _trace: Trace | None

    def explain(self, target: Nest, source: Tensor | Variable) -> Explanation:
        """Say how the target depends on the source, or why it does not.

        Parameters
        ----------
        target : Tensor, Variable or nest of them
        source : Tensor or Variable

        Returns
        -------
        Explanation
            Prints as a short text: the path, or where and why it breaks, and what to do.

        Examples
        --------
        >>> import xgrad as xg
        >>> x, w = xg.Variable(1.0, name="x"), xg.Variable(2.0)
        >>> with xg.GradientTape() as tape:
        ...     y = xg.stop_gradient(x) * w
        >>> tape.explain(y, x).cause
        'the path is cut by stop_gradient at ...: it cuts the path on purpose'
        """
        from .explain import explain

        targets, _ = take_apart(target, "target", "explain")
        found, _ = take_apart(source, "source", "explain")
        if len(found) != 1:
            raise ArgumentError(
                f"explain: source must be one Tensor or Variable, but holds {len(found)}. Use "
                "explain for each of them."
            )
        return explain(self._trace, targets, found[0])

    def stats(self) -> TapeStats:
        """Count the operations on the tape and the arrays that it keeps for their gradients.

        Returns
        -------
        TapeStats
            Prints as a table, by operation, and by the user's line under
            ``xg.record_locations(True)``. What is kept only grows while the tape records, apart
            from results that are dropped, and only falls in `gradient`: so before that is the peak.

        Examples
        --------
        >>> import xgrad as xg
        >>> x = xg.Variable([1.0, 2.0, 3.0])
        >>> with xg.GradientTape() as tape:
        ...     y = xg.sum(xg.exp(x) * 2.0)
        >>> tape.stats().by_op["exp"]
        Share(operations=1, arrays=1, bytes=24)
        """
        from .stats import stats_of

        return stats_of(self._trace)

    def graph(self, target: Nest = None) -> TapeGraph:
        """Describe what is on the tape as plain data.

        Parameters
        ----------
        target : Tensor, Variable or nest of them, optional
            What it was computed from; everything by default.

        Returns
        -------
        TapeGraph
            Its `nodes` have operation, shape, dtype, line and inputs.

        Examples
        --------
        >>> import xgrad as xg
        >>> x = xg.Variable([1.0, 2.0], name="x")
        >>> with xg.GradientTape() as tape:
        ...     y = xg.exp(x)
        >>> [node.name for node in tape.graph(y).nodes]
        ['x', 'exp']
        """
        return self._graph(target, "graph")

    def draw(
        self,
        target: Nest = None,
        format: str | None = None,
        file: str | os.PathLike[str] | IO[str] | None = None,
        max_nodes: int = 100,
    ) -> str:
        r"""Draw what is on the tape.

        Parameters
        ----------
        target : Tensor, Variable or nest of them, optional
            What it was computed from; everything by default.
        format : {"mermaid", "dot", "svg"}, optional
            Text for Mermaid (which GitHub and Jupyter show), text for Graphviz, or an SVG picture,
            for which the program `dot` must be installed. By default what the suffix of `file`
            says (``.mmd``, ``.dot``, ``.gv``, ``.svg``), or Mermaid.
        file : str, path or text file, optional
            Where to write it as well.
        max_nodes : int
            Of a longer graph the middle is folded into one node.

        Returns
        -------
        str
            The text of the drawing.

        Raises
        ------
        BackendUnavailableError
            If SVG is asked for and Graphviz is not installed.
        ArgumentError
            If the format is not known.

        Examples
        --------
        >>> import xgrad as xg
        >>> x = xg.Variable([1.0, 2.0], name="x")
        >>> with xg.GradientTape() as tape:
        ...     y = xg.exp(x)
        >>> print(tape.draw(y, format="dot"))
        digraph tape {
          ...
          n... [label="x\nfloat64 (2,)...", ...];
          n... [label="exp\nfloat64 (2,)", shape=box, penwidth=3];
          n... -> n...;
        }
        """
        from .drawing import draw

        return draw(self._graph(target, "draw"), format, file, max_nodes)

    def _graph(self, target: Nest, caller: str) -> TapeGraph:
        from .graph import graph_of

        targets = None if target is None else take_apart(target, "target", caller)[0]
        return graph_of(self._trace, targets)
