"""What the arithmetic of GPUs may do: switches for all threads.

They stand in backends/options.py, where the backend reads them."""

from __future__ import annotations

from .._arguments import as_choice
from ..backends.options import options
from ..backends.registry import loaded
from ..core.switch import Restore
from ..errors import ArgumentError, ArgumentTypeError

__all__ = [
    "check_indices",
    "graphs",
    "is_deterministic",
    "matmul_precision",
    "set_deterministic",
    "set_graphs",
    "set_matmul_precision",
]

_PRECISIONS = ("highest", "high")
_GRAPHS = ("auto", "always", "never")


def set_matmul_precision(precision: str) -> Restore:
    """Choose how exactly products of float32 matrices are computed on GPUs, for all threads.

    Parameters
    ----------
    precision : str
        ``"highest"``: as float32. ``"high"``: the factors are rounded to TF32 (10 bits) where the
        GPU has it (compute capability 8.0 and later), which is up to seven times as fast; sums are
        float32. Without a choice CuPy decides, by the environment variable ``CUPY_TF32``. Other
        dtypes and devices are not concerned.

    Returns
    -------
    context manager
        Leaving its block restores the former choice; not entering it is fine.

    Raises
    ------
    ArgumentError
        If it is neither.

    See Also
    --------
    matmul_precision

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.set_matmul_precision("high"):
    ...     xg.cuda.matmul_precision()
    'high'
    """
    as_choice(precision, tuple(_PRECISIONS), "set_matmul_precision", "precision")
    former = options.matmul_precision
    _choose(precision)
    return Restore(lambda: _choose(former))


def _choose(precision: str | None) -> None:
    options.matmul_precision = precision
    for backend in loaded():
        backend.set_matmul_precision(precision)


def matmul_precision() -> str | None:
    """Tell what was chosen with `set_matmul_precision`.

    Returns
    -------
    str or None
        None where nobody has chosen.

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.set_matmul_precision("highest"):
    ...     xg.cuda.matmul_precision()
    'highest'
    """
    return options.matmul_precision


def set_graphs(when: str) -> Restore:
    """Choose when a program of `xg.function` is replayed as one CUDA graph, for all threads.

    A graph starts hundreds of kernels in the time of a few, but keeps memory of its own for everything
    inside a program, and copies arguments, Variables and results.

    Parameters
    ----------
    when : str
        ``"auto"``, the default: where starting kernels is what takes the time, by an estimate that
        ``f.stats().replay`` tells. ``"always"``: wherever it can be. ``"never"``: kernel by kernel,
        graphs that were captured before included.

    Returns
    -------
    context manager
        Leaving its block restores the former choice; not entering it is fine.

    Raises
    ------
    ArgumentError
        If it is none of these.

    See Also
    --------
    graphs

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.cuda.set_graphs("never"):
    ...     xg.cuda.graphs()
    'never'
    """
    if when not in _GRAPHS:
        raise ArgumentError(
            f"set_graphs: when must be one of {', '.join(map(repr, _GRAPHS))}, not {when!r}."
        )
    former = options.graphs
    options.graphs = when
    return Restore(lambda: setattr(options, "graphs", former))


def graphs() -> str:
    """Tell what was chosen with `set_graphs`.

    Returns
    -------
    str

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cuda.graphs()
    'auto'
    """
    return options.graphs


def set_deterministic(on: bool = True) -> Restore:
    """Let sums over repeated indices come out the same to the last bit in every run, on GPUs.

    The gradients of `take`, of indexing and of the like add what was read twice. By default threads
    add in whatever order they come; with this, indices are sorted first, which costs a sort and a
    launch or two more. What CuPy's own libraries compute (products, reductions) repeats itself on
    the same machine and versions in either case.

    Parameters
    ----------
    on : bool

    Returns
    -------
    context manager
        Leaving its block restores the former setting; not entering it is fine.

    See Also
    --------
    is_deterministic

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.cuda.set_deterministic():
    ...     xg.cuda.is_deterministic()
    True
    """
    former = options.deterministic
    options.deterministic = _as_bool(on, "set_deterministic")
    return Restore(lambda: setattr(options, "deterministic", former))


def is_deterministic() -> bool:
    """Tell whether `set_deterministic` is on.

    Returns
    -------
    bool

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cuda.is_deterministic()
    False
    """
    return options.deterministic


def check_indices(on: bool = True) -> Restore:
    """Refuse index arrays that are out of range on GPUs, as everywhere else; for debugging.

    CuPy takes indices modulo the size of their axis, so a wrong label gives a wrong number and no
    error. Looking at them waits for the device every time.

    Parameters
    ----------
    on : bool

    Returns
    -------
    context manager
        Leaving its block restores the former setting; not entering it is fine.

    Raises
    ------
    ArgumentTypeError
        If `on` is no bool.

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.cuda.check_indices():
    ...     xg.take(xg.asarray([1.0, 2.0]), xg.asarray([1, 0])).tolist()
    [2.0, 1.0]
    """
    former = options.check_indices
    options.check_indices = _as_bool(on, "check_indices")
    return Restore(lambda: setattr(options, "check_indices", former))


def _as_bool(on: bool, name: str) -> bool:
    if not isinstance(on, bool):
        raise ArgumentTypeError(f"{name}: on must be True or False, not {on!r}.")
    return on
