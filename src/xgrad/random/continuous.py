"""The continuous distributions: a draw from a standard form, and arithmetic that is differentiable.

A value drawn is a constant; what a user gives as mean, deviation, bound or scale enters by
arithmetic (the reparameterisation trick), so gradients flow through it. Where there is no such form,
as for the shape of the gamma distribution, the draw is one operation with a rule of its own."""

from __future__ import annotations

from typing import Any

from .._typing import ArrayLike, DType, ShapeLike
from ..backends.base import dtype_name
from ..core.dispatch import apply
from ..core.handle import Handle
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import DeviceMismatchError
from ..ops.rule_namespace import rule_namespace as xp
from ..rules import special  # noqa: F401 - gives the rule of gamma_draw, and of what that names
from .source import Source

__all__ = ["Continuous"]

_GAMMA_DRAW = primitive("gamma_draw")


class Continuous(Source):
    """The distributions over the real numbers."""

    def normal(
        self,
        shape: ShapeLike = (),
        mean: ArrayLike = 0.0,
        stddev: ArrayLike = 1.0,
        dtype: DType = None,
    ) -> Tensor:
        """Draw from normal distributions.

        Parameters
        ----------
        shape : int or tuple of int
        mean, stddev : Tensor, Variable, array or Python number
            Where they have more axes, so has the result.
        dtype : dtype, optional
            That of mean and stddev, or the default dtype.

        Returns
        -------
        Tensor
            Of the shape that all of them broadcast to, every element drawn for itself; ``mean +
            stddev * z``, differentiable in both.

        Raises
        ------
        DTypeError
            If the dtype is not real floating.
        ShapeError
            If shapes do not broadcast.

        See Also
        --------
        truncated_normal

        Examples
        --------
        >>> import xgrad as xg
        >>> xg.random.Generator(0).normal((2,), mean=10.0)
        xg.Tensor([10.12573022,  9.86789514], shape=(2,), dtype=float64, device=cpu)
        """
        self._check_scale("normal", "stddev", stddev)
        z, (mean, stddev) = self._draw_floating("normal", shape, dtype, mean, stddev)
        return _moved(_scaled(z, stddev), mean)

    def truncated_normal(
        self,
        shape: ShapeLike = (),
        mean: ArrayLike = 0.0,
        stddev: ArrayLike = 1.0,
        dtype: DType = None,
    ) -> Tensor:
        """Draw from normal distributions without what is beyond two standard deviations.

        Parameters
        ----------
        shape : int or tuple of int
        mean, stddev : Tensor, Variable, array or Python number
            Of the distribution before it is cut off; what is left has 0.88 of its deviation.
        dtype : dtype, optional
            That of mean and stddev, or the default dtype.

        Returns
        -------
        Tensor
            Of the shape that all of them broadcast to, differentiable in mean and stddev.

        Raises
        ------
        DTypeError
            If the dtype is not real floating.
        ShapeError
            If shapes do not broadcast.

        See Also
        --------
        normal, xgrad.nn.initializers

        Examples
        --------
        >>> import xgrad as xg
        >>> x = xg.random.Generator(0).truncated_normal((1000,))
        >>> float(xg.max(xg.abs(x))) <= 2
        True
        """
        self._check_scale("truncated_normal", "stddev", stddev)
        z, (mean, stddev) = self._draw_floating("truncated_normal", shape, dtype, mean, stddev)
        return _moved(_scaled(z, stddev), mean)

    def uniform(
        self,
        shape: ShapeLike = (),
        minval: ArrayLike = 0.0,
        maxval: ArrayLike = 1.0,
        dtype: DType = None,
    ) -> Tensor:
        """Draw from uniform distributions.

        Parameters
        ----------
        shape : int or tuple of int
        minval, maxval : Tensor, Variable, array or Python number
            The bounds; the upper one is left out, but for rounding.
        dtype : dtype, optional
            That of the bounds, or the default dtype.

        Returns
        -------
        Tensor
            Of the shape that all of them broadcast to; ``minval + (maxval - minval) * u``,
            differentiable in both.

        Raises
        ------
        DTypeError
            If the dtype is not real floating: for integers use `integers`.
        ShapeError
            If shapes do not broadcast.

        See Also
        --------
        integers

        Examples
        --------
        >>> import xgrad as xg
        >>> xg.random.Generator(0).uniform((2,), 1.0, 3.0)
        xg.Tensor([2.27392337, 1.53957343], shape=(2,), dtype=float64, device=cpu)
        """
        u, (minval, maxval) = self._draw_floating("uniform", shape, dtype, minval, maxval)
        return _moved(_scaled(u, maxval - minval), minval)

    def exponential(
        self, shape: ShapeLike = (), scale: ArrayLike = 1.0, dtype: DType = None
    ) -> Tensor:
        """Draw from exponential distributions.

        Parameters
        ----------
        shape : int or tuple of int
        scale : Tensor, Variable, array or Python number
            The mean, one over the rate.
        dtype : dtype, optional
            That of scale, or the default dtype.

        Returns
        -------
        Tensor
            Of the shape that both broadcast to, differentiable in scale.

        Raises
        ------
        DTypeError
            If the dtype is not real floating.
        ShapeError
            If shapes do not broadcast.

        See Also
        --------
        gamma

        Examples
        --------
        >>> import xgrad as xg
        >>> xg.random.Generator(0).exponential((2,))
        xg.Tensor([0.6799319, 1.0195971], shape=(2,), dtype=float64, device=cpu)
        """
        self._check_scale("exponential", "scale", scale)
        x, (scale,) = self._draw_floating("exponential", shape, dtype, scale)
        return _scaled(x, scale)

    def gumbel(
        self,
        shape: ShapeLike = (),
        loc: ArrayLike = 0.0,
        scale: ArrayLike = 1.0,
        dtype: DType = None,
    ) -> Tensor:
        """Draw from Gumbel distributions: ``loc - scale * log(e)`` with e exponential.

        The largest of ``logits + gumbel`` is at i with the probability ``softmax(logits)[i]``.

        Parameters
        ----------
        shape : int or tuple of int
        loc, scale : Tensor, Variable, array or Python number
        dtype : dtype, optional
            That of loc and scale, or the default dtype.

        Returns
        -------
        Tensor
            Of the shape that all of them broadcast to, differentiable in loc and scale.

        Raises
        ------
        DTypeError
            If the dtype is not real floating.
        ShapeError
            If shapes do not broadcast.

        See Also
        --------
        choice

        References
        ----------
        C. Maddison, D. Tarlow, T. Minka, "A* sampling", NeurIPS 2014.

        Examples
        --------
        >>> import xgrad as xg
        >>> xg.random.Generator(0).gumbel((2,))
        xg.Tensor([ 0.38576263, -0.01940755], shape=(2,), dtype=float64, device=cpu)
        """
        self._check_scale("gumbel", "scale", scale)
        e, (loc, scale) = self._draw_floating("exponential", shape, dtype, loc, scale)
        tiny = float(xp.finfo(e.dtype).smallest_normal)  # a zero is possible, and has no logarithm
        return _moved(_scaled(-xp.log(xp.maximum(e, tiny)), scale), loc)

    def gamma(
        self,
        alpha: ArrayLike,
        shape: ShapeLike = (),
        scale: ArrayLike = 1.0,
        dtype: DType = None,
    ) -> Tensor:
        """Draw from gamma distributions, differentiable in both parameters.

        Parameters
        ----------
        alpha : Tensor, Variable, array or Python number
            The shape of the distribution, positive.
        shape : int or tuple of int
        scale : Tensor, Variable, array or Python number
            One over the rate.
        dtype : dtype, optional
            That of the parameters, or the default dtype.

        Returns
        -------
        Tensor
            Of the shape that all of them broadcast to.

        Raises
        ------
        DTypeError
            If the dtype is not real floating.
        ShapeError
            If shapes do not broadcast.
        BackendUnavailableError
            When a gradient with respect to alpha is computed on numpy and SciPy is missing.

        See Also
        --------
        xgrad.special.gammaincinv

        Notes
        -----
        The gradient with respect to alpha is that of a draw which keeps its place in the
        distribution, ``P(alpha, x) = const``, so ``dx/dalpha = -(dP/dalpha) / (dP/dx)`` (implicit
        reparameterisation), of any order.

        References
        ----------
        M. Figurnov, S. Mohamed, A. Mnih, "Implicit reparameterization gradients", NeurIPS 2018.

        Examples
        --------
        >>> import xgrad as xg
        >>> alpha = xg.Variable(3.0)
        >>> with xg.GradientTape() as tape:
        ...     x = xg.mean(xg.random.Generator(0).gamma(alpha, (10000,)))
        >>> round(tape.gradient(x, alpha), 1)  # the mean of the distribution is alpha
        xg.Tensor(1., shape=(), dtype=float64, device=cpu)
        """
        self._check_scale("gamma", "alpha", alpha)
        self._check_scale("gamma", "scale", scale)
        given = tuple([self._as_parameter("gamma", x) for x in (alpha, scale)])
        wanted = self._floating("gamma", dtype, given)
        full = self._full_shape("gamma", shape, given)
        alpha, scale = given
        a = xp.asarray(
            alpha, dtype=wanted, device=None if isinstance(alpha, Handle) else self._device
        )
        if a.device != self._device:
            raise DeviceMismatchError(
                f"gamma: alpha {describe(a)} must be where the generator draws, on {self._device}. "
                "Use .to_device(...)."
            )
        a = xp.broadcast_to(a, full)
        x = self._draw("gamma", full, a, dtype=dtype_name(wanted))
        return _scaled(apply(_GAMMA_DRAW, (a, x)), self._in_dtype(scale, wanted))


def _scaled(x: Tensor, factor: Any) -> Tensor:
    """Multiply, unless by the number 1."""
    return x if type(factor) in (int, float) and factor == 1 else x * factor


def _moved(x: Tensor, by: Any) -> Tensor:
    """Add, unless the number 0."""
    return x if type(by) in (int, float) and by == 0 else x + by
