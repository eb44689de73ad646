"""NumPy's methods: ``(x**2).sum()``, ``x.reshape(2, -1)``, ``x.sort()``, with NumPy's arguments.

They are the functions of those names in ops/numpy_functions, found when they are first called. What
writes in place rebinds this handle, as item assignment does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .handle import Handle
from .protocols import protocols

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["ArrayMethods"]


class ArrayMethods(Handle):
    """The methods and attributes of NumPy's arrays that Tensors and Variables have."""

    __slots__ = ()

    @property
    def real(self) -> Tensor:
        """The real part."""
        return protocols.method("real")(self)  # type: ignore[no-any-return]

    @property
    def imag(self) -> Tensor:
        """The imaginary part; zeros for real numbers."""
        return protocols.method("imag")(self)  # type: ignore[no-any-return]

    @property
    def flat(self) -> Any:
        """The elements one after the other: an iterator that takes an index and an assignment."""
        return protocols.method("flat")(self)

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return protocols.method("itemsize")(self)  # type: ignore[no-any-return]

    @property
    def nbytes(self) -> int:
        """The bytes of all elements."""
        return protocols.method("nbytes")(self)  # type: ignore[no-any-return]

    def all(self, *args: Any, **kwargs: Any) -> Tensor:
        """Whether all elements are true."""
        return protocols.method("all")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def any(self, *args: Any, **kwargs: Any) -> Tensor:
        """Whether any element is true."""
        return protocols.method("any")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def argmax(self, *args: Any, **kwargs: Any) -> Tensor:
        """Where the first of the largest elements is."""
        return protocols.method("argmax")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def argmin(self, *args: Any, **kwargs: Any) -> Tensor:
        """Where the first of the smallest elements is."""
        return protocols.method("argmin")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def argpartition(self, *args: Any, **kwargs: Any) -> Tensor:
        """The indices that sort."""
        return protocols.method("argpartition")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def argsort(self, *args: Any, **kwargs: Any) -> Tensor:
        """The indices that sort along an axis."""
        return protocols.method("argsort")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def choose(self, *args: Any, **kwargs: Any) -> Tensor:
        """Element by element, the choice of that number."""
        return protocols.method("choose")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def clip(self, *args: Any, **kwargs: Any) -> Tensor:
        """Between two bounds."""
        return protocols.method("clip")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def compress(self, *args: Any, **kwargs: Any) -> Tensor:
        """The slices along an axis where a condition holds."""
        return protocols.method("compress")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def conj(self, *args: Any, **kwargs: Any) -> Tensor:
        """The complex conjugate."""
        return protocols.method("conj")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def conjugate(self, *args: Any, **kwargs: Any) -> Tensor:
        """The complex conjugate."""
        return protocols.method("conjugate")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def copy(self, *args: Any, **kwargs: Any) -> Tensor:
        """A fresh value, connected to this one."""
        return protocols.method("copy")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def cumprod(self, *args: Any, **kwargs: Any) -> Tensor:
        """Products of the first elements."""
        return protocols.method("cumprod")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def cumsum(self, *args: Any, **kwargs: Any) -> Tensor:
        """Sums of the first elements."""
        return protocols.method("cumsum")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def diagonal(self, *args: Any, **kwargs: Any) -> Tensor:
        """The diagonal of two axes."""
        return protocols.method("diagonal")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def dot(self, *args: Any, **kwargs: Any) -> Tensor:
        """The last axis with the second last of another."""
        return protocols.method("dot")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def flatten(self, *args: Any, **kwargs: Any) -> Tensor:
        """One axis."""
        return protocols.method("flatten")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def max(self, *args: Any, **kwargs: Any) -> Tensor:
        """The largest element."""
        return protocols.method("max")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def mean(self, *args: Any, **kwargs: Any) -> Tensor:
        """The mean."""
        return protocols.method("mean")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def min(self, *args: Any, **kwargs: Any) -> Tensor:
        """The smallest element."""
        return protocols.method("min")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def nonzero(self, *args: Any, **kwargs: Any) -> Any:
        """The indices of the elements that are not zero."""
        return protocols.method("nonzero")(self, *args, **kwargs)

    def prod(self, *args: Any, **kwargs: Any) -> Tensor:
        """The product."""
        return protocols.method("prod")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def ravel(self, *args: Any, **kwargs: Any) -> Tensor:
        """One axis."""
        return protocols.method("ravel")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def repeat(self, *args: Any, **kwargs: Any) -> Tensor:
        """Each element several times."""
        return protocols.method("repeat")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def reshape(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same elements with other axes."""
        return protocols.method("reshape")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def round(self, *args: Any, **kwargs: Any) -> Tensor:
        """Rounded to a number of decimals: a constant."""
        return protocols.method("round")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def searchsorted(self, *args: Any, **kwargs: Any) -> Tensor:
        """Where to insert values so that the order is kept."""
        return protocols.method("searchsorted")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def squeeze(self, *args: Any, **kwargs: Any) -> Tensor:
        """Without axes of size 1."""
        return protocols.method("squeeze")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def std(self, *args: Any, **kwargs: Any) -> Tensor:
        """The standard deviation."""
        return protocols.method("std")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def sum(self, *args: Any, **kwargs: Any) -> Tensor:
        """The sum."""
        return protocols.method("sum")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def swapaxes(self, *args: Any, **kwargs: Any) -> Tensor:
        """Two axes exchanged."""
        return protocols.method("swapaxes")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def take(self, *args: Any, **kwargs: Any) -> Tensor:
        """Slices along an axis."""
        return protocols.method("take")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def trace(self, *args: Any, **kwargs: Any) -> Tensor:
        """The sum of a diagonal."""
        return protocols.method("trace")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def transpose(self, *args: Any, **kwargs: Any) -> Tensor:
        """The axes in another order."""
        return protocols.method("transpose")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def var(self, *args: Any, **kwargs: Any) -> Tensor:
        """The variance."""
        return protocols.method("var")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def view(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same values as another dtype: real pairs for complex numbers and back."""
        return protocols.method("view")(self, *args, **kwargs)  # type: ignore[no-any-return]

    def fill(self, *args: Any, **kwargs: Any) -> None:
        """Give every element one value."""
        protocols.method("fill")(self, *args, **kwargs)

    def partition(self, *args: Any, **kwargs: Any) -> None:
        """Sort."""
        protocols.method("partition")(self, *args, **kwargs)

    def put(self, *args: Any, **kwargs: Any) -> None:
        """Write values at places of the flattened array."""
        protocols.method("put")(self, *args, **kwargs)

    def sort(self, *args: Any, **kwargs: Any) -> None:
        """Sort along an axis."""
        protocols.method("sort")(self, *args, **kwargs)
