"""Mini-batches: the rows of some arrays, a few at a time, in an order that depends on a seed.

The order of an epoch is made from the seed and the epoch's number alone. So a place is three
numbers, which are saved with a run, and going on there is going on exactly."""

from __future__ import annotations

import operator
import secrets
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from .._arguments import as_flag
from .._typing import Array, Nest
from ..backends import Device, as_device, backend_of, host, is_array, place_of
from ..core.casting import dtype_kind, to_array
from ..core.handle import Handle
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, ArgumentTypeError, ShapeError
from ..random import Generator
from ..tree import flatten, unflatten
from .ahead import Ahead

__all__ = ["Batches"]

_STATE = ("epoch", "row", "rows", "seed", "shuffle")
_AHEAD = 2  # one that is being moved while another waits


class Batches:
    """Mini-batches of arrays, shuffled anew in every epoch.

    A loop over it goes through the rest of the current epoch: the whole of it, or, if a loop was
    left or a state was loaded, what is missing.

    Parameters
    ----------
    arrays : nest of Tensors and arrays
        All with the same number of rows, which are the elements along axis 0. Not copied.
    batch_size : int
    shuffle : bool
        Otherwise rows come in order.
    seed : int, list of int or None
        What the order of rows depends on, besides the number of the epoch. None takes one from the
        operating system.
    drop_remainder : bool
        Whether to leave out the last rows of an epoch where they are too few for a batch. With
        `shuffle` these are others in every epoch.
    device : Device or str, optional
        Where batches go; where the arrays are by default.
    prefetch : int, optional
        How many batches to make in a thread before they are asked for: 2 by default where batches
        go to another device than that of the arrays, else 0.

    Attributes
    ----------
    epochs_done : int
        How many epochs are complete, which they are when their last batch is handed out.
    rows : int
    batch_size : int

    Raises
    ------
    ArgumentError, ArgumentTypeError, DTypeError, ShapeError
        If there are no rows, not the same number in all arrays, or not enough for one batch.

    See Also
    --------
    xgrad.save, xgrad.random.Generator

    Notes
    -----
    Batches are constants: Tensors in the structure of `arrays`, of memory of their own. Objects can
    be in the nest that `xgrad.save` writes: the state is the seed and the place, not the arrays.
    What was made ahead and not handed out does not count.

    Examples
    --------
    >>> import xgrad as xg
    >>> x, y = xg.reshape(xg.arange(10.0), (5, 2)), xg.arange(5)
    >>> batches = xg.data.Batches((x, y), 2, seed=0)
    >>> len(batches)
    3
    >>> for x_batch, y_batch in batches:
    ...     print(x_batch.shape, y_batch.tolist())
    (2, 2) [2, 4]
    (2, 2) [3, 0]
    (1, 2) [1]
    >>> while batches.epochs_done < 3:
    ...     for x_batch, y_batch in batches:
    ...         pass
    """

    def __init__(
        self,
        arrays: Nest,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int | list[int] | None = None,
        drop_remainder: bool = False,
        device: Device | str | None = None,
        prefetch: int | None = None,
    ) -> None:
        leaves, self._structure = flatten(arrays)
        self._arrays = [_as_rows(leaf) for leaf in leaves]
        self.rows = _common_length(self._arrays)
        self.batch_size = _as_number(batch_size, "batch_size", 1)
        self._shuffle = as_flag(shuffle, "Batches", "shuffle")
        drop_remainder = as_flag(drop_remainder, "Batches", "drop_remainder")
        self._seed = _as_seed(secrets.randbits(64) if seed is None else seed)
        self._end = self.rows - self.rows % self.batch_size if drop_remainder else self.rows
        if not self._end:
            raise ArgumentError(
                f"Batches: {self.rows} rows make no batch of {self.batch_size}. Use a smaller "
                "batch_size, or drop_remainder=False."
            )
        self._device = None if device is None else as_device(device)
        self._prefetch = self._depth() if prefetch is None else _as_number(prefetch, "prefetch", 0)
        self._epoch = 0
        self._row = 0  # of the epoch's order, where the next batch begins

    def __repr__(self) -> str:
        return (
            f"xg.data.Batches({self.rows} rows, batch_size={self.batch_size}, "
            f"epochs_done={self._epoch}, row={self._row})"
        )

    @property
    def epochs_done(self) -> int:
        """How many epochs are complete."""
        return self._epoch

    def __len__(self) -> int:
        """How many batches a whole epoch has."""
        return (self._end + self.batch_size - 1) // self.batch_size

    def __iter__(self) -> Iterator[Any]:
        """Go through what is left of the current epoch."""
        # One place for all loops: what load_state_dict or another loop changes holds here too.
        epoch = self._seed, self._epoch
        order = self._order()
        home = self._device or place_of(self._arrays[0])
        alongside = home.backend.alongside(home.native)  # a GPU's work has an order within a stream

        def make(row: int) -> Any:
            with nullcontext() if alongside is None else alongside():
                return self._cut(order[row : min(row + self.batch_size, self._end)])

        with Ahead(make, self._following, self._prefetch if alongside else 0) as ahead:
            while (self._seed, self._epoch) == epoch:
                batch = ahead.value(self._row)
                following = self._following(self._row)
                if following is None:
                    self._epoch, self._row = self._epoch + 1, 0
                else:
                    self._row = following
                yield batch

    def state_dict(self) -> dict[str, Any]:
        """Give the place and what the order depends on, as plain values.

        Returns
        -------
        dict

        Examples
        --------
        >>> import xgrad as xg
        >>> batches = xg.data.Batches(xg.arange(5), 2, seed=0)
        >>> first = next(iter(batches))
        >>> batches.state_dict()
        {'epoch': 0, 'row': 2, 'rows': 5, 'seed': 0, 'shuffle': True}
        """
        values = self._epoch, self._row, self.rows, self._seed, self._shuffle
        return dict(zip(_STATE, values, strict=True))

    def load_state_dict(self, state: Any) -> None:
        """Go on where another one was, of the same rows; the batches may have another size.

        Parameters
        ----------
        state : dict
            Of `state_dict`.

        Raises
        ------
        ArgumentError
            If it is none, or one of another number of rows or another order.
        """
        if not isinstance(state, dict) or sorted(state) != sorted(_STATE):
            found = sorted(state) if isinstance(state, dict) else type(state).__name__
            raise ArgumentError(
                f"load_state_dict: the state must have {list(_STATE)}, but is {found}. Use "
                "state_dict() of Batches."
            )
        mine = {"rows": self.rows, "shuffle": self._shuffle}
        given = {name: state[name] for name in mine}
        if given != mine:
            raise ArgumentError(
                f"load_state_dict: the state is of {given}, but these Batches have {mine}. Use the "
                "same arrays and the same shuffle."
            )
        epoch, row = (_as_number(state[name], name, 0) for name in ("epoch", "row"))
        seed = _as_seed(state["seed"])
        if row >= self._end:  # within the rows that this batch_size leaves out
            epoch, row = epoch + 1, 0
        self._seed, self._epoch, self._row = seed, epoch, row

    def _order(self) -> Array:
        """Find the order of the rows in this epoch, on the host."""
        if not self._shuffle:
            return host().namespace.arange(self.rows)
        seed = self._seed if isinstance(self._seed, list) else [self._seed]
        return Generator([*seed, self._epoch], "cpu").permutation(self.rows).raw

    def _following(self, row: int) -> int | None:
        return row + self.batch_size if row + self.batch_size < self._end else None

    def _cut(self, rows: Array) -> Any:
        """Take some rows of every array, to where they are wanted."""
        batch = []
        for array in self._arrays:
            backend, home = backend_of(array), place_of(array)
            indices = to_array(rows, device=home)
            y = backend.xp.take(array, indices, axis=0)
            batch.append(Tensor(to_array(y, device=self._device)))
        return unflatten(self._structure, batch)

    def _depth(self) -> int:
        homes = {place_of(array) for array in self._arrays}
        return 0 if self._device is None or homes == {self._device} else _AHEAD


def _as_rows(leaf: Any) -> Array:
    array = leaf.raw if isinstance(leaf, Handle) else leaf
    if not is_array(array):
        raise ArgumentTypeError(
            f"Batches: arrays must be Tensors or arrays, in a nest, but one is a "
            f"{type(leaf).__name__}. Use xg.asarray to make a Tensor of it."
        )
    dtype_kind(array.dtype)
    return array


def _common_length(arrays: list[Array]) -> int:
    shapes = [tuple(array.shape) for array in arrays]
    if not shapes or () in shapes or len({shape[0] for shape in shapes}) > 1:
        shown = ", ".join(map(describe, arrays)) or "no arrays"
        raise ShapeError(
            f"Batches: arrays must have the same number of rows along axis 0, but there are {shown}. "
            "Use arrays of one example per row."
        )
    return int(shapes[0][0])


def _as_seed(seed: Any) -> int | list[int]:
    Generator(seed, "cpu")  # refuses what is none
    return [int(n) for n in seed] if isinstance(seed, (list, tuple)) else int(seed)


def _as_number(value: Any, name: str, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise ArgumentTypeError(
            f"Batches: {name} must be an int, but is {value!r} ({type(value).__name__}). Use int(...)."
        ) from None
    if number < least:
        raise ArgumentError(f"Batches: {name} must be at least {least}, but is {number}.")
    return number
