"""The generator, with the distributions over whole numbers: integers, permutations, choices, coins.

What is drawn is a constant. Rows of an array that are chosen or permuted stay connected to it."""

from __future__ import annotations

import math
import operator

from .._arguments import as_flag
from .._typing import SCALAR_TYPES, ArrayLike, ShapeLike
from ..backends import is_array
from ..backends.base import dtype_name
from ..core.casting import dtype_kind
from ..core.handle import Handle
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from ..ops._arguments import as_axis, as_shape
from ..ops.data_types import widened
from ..ops.rule_namespace import rule_namespace as xp
from .continuous import Continuous
from .source import as_count

__all__ = ["Generator"]


class Generator(Continuous):
    """A stream of random numbers, which begins the same way for the same seed.

    Parameters
    ----------
    seed : int, list of int or None
        Where the stream begins. None takes it from the operating system, each time another.
    device : Device or str, optional
        Where the numbers are drawn; the default device by default. On ``cpu`` it is NumPy's
        ``default_rng(seed)``, on ``cuda`` CuPy's Philox. For every other library numbers are drawn
        as on ``cpu`` and moved to the device.

    Attributes
    ----------
    device : Device
    state : dict
        Everything that later draws depend on; can be read and set.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If the seed is no such number.

    See Also
    --------
    default_generator

    Notes
    -----
    Can be pickled and copied: a copy draws the same numbers. Threads may share one. `recompute_grad`
    finds the generators that a function draws from and restores their states for the second run.
    Inside `vmap` every example has draws of its own, as in a loop; what is drawn outside is shared.
    float32 numbers are drawn as such, so a stream of them is not that of float64 rounded.

    Examples
    --------
    >>> import xgrad as xg
    >>> rng = xg.random.Generator(0)
    >>> rng.normal((2,))
    xg.Tensor([ 0.12573022, -0.13210486], shape=(2,), dtype=float64, device=cpu)
    """

    def bernoulli(self, p: ArrayLike, shape: ShapeLike = ()) -> Tensor:
        """Draw booleans that are true with a probability.

        Parameters
        ----------
        p : Tensor, Variable, array or Python number
            From 0 to 1.
        shape : int or tuple of int

        Returns
        -------
        Tensor
            Of dtype bool and of the shape that both broadcast to.

        Raises
        ------
        ShapeError
            If shapes do not broadcast.

        See Also
        --------
        choice, xgrad.nn.dropout

        Examples
        --------
        >>> import xgrad as xg
        >>> xg.random.Generator(0).bernoulli(0.5, (4,))
        xg.Tensor([False,  True,  True,  True], shape=(4,), dtype=bool, device=cpu)
        """
        p = self._as_parameter("bernoulli", p)
        if type(p) in SCALAR_TYPES and not 0 <= p <= 1:
            raise ArgumentError(f"bernoulli: p must be between 0 and 1, but is {p}. Use 0.5.")
        if type(p) not in SCALAR_TYPES and dtype_name(p.dtype) in ("float16", "bfloat16"):
            p = xp.astype(p, "float32")  # a narrow u would be rounded over p
        u, (p,) = self._draw_floating("uniform", shape, None, p)
        return u < p  # type: ignore[no-any-return]

    def integers(self, low: int, high: int, shape: ShapeLike = ()) -> Tensor:
        """Draw whole numbers.

        Parameters
        ----------
        low, high : int
            The bounds; the upper one is left out.
        shape : int or tuple of int

        Returns
        -------
        Tensor
            Of dtype int64.

        Raises
        ------
        ArgumentError, ArgumentTypeError
            If there is no number between the bounds, or one is no int.

        See Also
        --------
        permutation, choice

        Examples
        --------
        >>> import xgrad as xg
        >>> xg.random.Generator(0).integers(0, 10, (5,))
        xg.Tensor([8, 6, 5, 2, 3], shape=(5,), dtype=int64, device=cpu)
        """
        try:
            first, end = operator.index(low), operator.index(high)
        except TypeError:
            raise ArgumentTypeError(
                f"integers: low and high must be ints, but are {low!r} and {high!r}. Use int(...)."
            ) from None
        if not -(2**63) <= first < end <= 2**63:
            raise ArgumentError(
                f"integers: there is no int64 between low {first} and high {end}, which is left "
                "out. Use a high above low."
            )
        return self._draw("integers", as_shape(shape, "integers"), low=first, high=end)

    def permutation(self, n_or_array: ArrayLike, axis: int = 0) -> Tensor:
        """Draw the numbers below n in random order, or the rows of an array.

        Parameters
        ----------
        n_or_array : int, Tensor, Variable or array
        axis : int
            Which slices of an array are permuted; its rows by default.

        Returns
        -------
        Tensor
            Of dtype int64 and shape ``(n,)``, or of the array's dtype and shape and connected to
            it.

        Raises
        ------
        ArgumentError, ArgumentTypeError
            If n is negative, or neither an int nor an array.
        AxisError
            If there is no such axis.

        See Also
        --------
        choice

        Examples
        --------
        >>> import xgrad as xg
        >>> xg.random.Generator(0).permutation(5)
        xg.Tensor([2, 4, 3, 0, 1], shape=(5,), dtype=int64, device=cpu)
        """
        if isinstance(n_or_array, Handle) or (is_array(n_or_array) and n_or_array.ndim):
            x = xp.asarray(n_or_array)
            place = as_axis(axis, x.ndim, "permutation")
            return xp.take(x, self._draw("permutation", (x.shape[place],)), axis=place)  # type: ignore[no-any-return]
        n = as_count(n_or_array, "permutation", "n_or_array")
        as_axis(axis, 1, "permutation")
        return self._draw("permutation", (n,))

    def choice(
        self,
        n_or_array: ArrayLike,
        shape: ShapeLike = (),
        replace: bool = True,
        p: ArrayLike | None = None,
    ) -> Tensor:
        """Draw from the numbers below n, or from the rows of an array.

        Parameters
        ----------
        n_or_array : int, Tensor, Variable or array
        shape : int or tuple of int
            How many.
        replace : bool
            Whether the same may be drawn more than once.
        p : Tensor or array, optional
            The probability of each, up to a common factor; all equal by default.

        Returns
        -------
        Tensor
            Of dtype int64 and this shape, or rows of the array and connected to it.

        Raises
        ------
        ArgumentError
            If there is nothing to draw from, or not enough.
        ShapeError
            If p has another length.

        See Also
        --------
        integers, permutation, bernoulli

        Notes
        -----
        Without replacement and with p, numbers are drawn one after the other from what is left, all
        at once by the largest of ``log(p) + gumbel``.

        Examples
        --------
        >>> import xgrad as xg
        >>> xg.random.Generator(0).choice(10, (3,), replace=False)
        xg.Tensor([4, 6, 2], shape=(3,), dtype=int64, device=cpu)
        """
        x = None
        if isinstance(n_or_array, Handle) or (is_array(n_or_array) and n_or_array.ndim):
            x = xp.asarray(n_or_array)
            if x.ndim == 0:
                raise ShapeError(f"choice: {describe(x)} has no rows. Use an int or an array.")
            n = x.shape[0]
        else:
            n = as_count(n_or_array, "choice", "n_or_array")
        wanted = as_shape(shape, "choice")
        count = math.prod(wanted)
        if count and (n == 0 or (count > n and not replace)):
            raise ArgumentError(
                f"choice: {count} cannot be drawn from {n} with replace={replace}. Use "
                "replace=True, or fewer."
            )
        chosen = xp.reshape(self._chosen(n, count, replace, p), wanted)
        if x is None:
            return chosen  # type: ignore[no-any-return]
        rows = xp.take(x, xp.reshape(chosen, (count,)), axis=0)
        return xp.reshape(rows, (*wanted, *x.shape[1:]))  # type: ignore[no-any-return]

    def _chosen(self, n: int, count: int, replace: bool, p: ArrayLike | None) -> Tensor:
        """Draw `count` of the numbers below n."""
        if p is None:
            if as_flag(replace, "choice", "replace"):
                return self._draw("integers", (count,), low=0, high=max(n, 1))
            return self._draw("permutation", (n,))[:count]
        p = xp.asarray(p, device=None if isinstance(p, Handle) or is_array(p) else self._device)
        if dtype_kind(p.dtype) != "floating" or p.shape != (n,):
            error = ShapeError if p.shape != (n,) else DTypeError
            raise error(
                f"choice: p {describe(p)} must be floating and have one entry for each of {n}. Use "
                "the probabilities along one axis."
            )
        p = xp.stop_gradient(widened(p))  # sums of many need more digits than 16 bits have
        if not replace:
            scores = self.gumbel((n,), xp.log(p))
            return xp.argsort(scores, descending=True)[:count]  # type: ignore[no-any-return]
        total = xp.cumulative_sum(p)
        u = self.uniform((count,), dtype=p.dtype)
        return xp.searchsorted(total / total[-1], u, side="right")  # type: ignore[no-any-return]
