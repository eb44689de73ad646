"""What has no counterpart, and what to use in its place.

Every function of NumPy's that asks Tensors is either in tables.py or here; a test compares both
with NumPy's own list."""

from __future__ import annotations

from ...errors import ArgumentTypeError

__all__ = ["REFUSED", "is_refused", "no_counterpart"]

_ON_PURPOSE = "Use .numpy() to leave xgrad on purpose, or xg functions."
_DATES = "Dates and times are no numbers with a derivative. Use NumPy arrays for them."
_TEXT = "Text is no number. Use NumPy arrays for it."
_FIELDS = "Tensors have no fields. Use a dict of Tensors, which tapes take as a nest."
_BITS = "Packed bits have no derivative. " + _ON_PURPOSE
_FILES = "Use the function without like=, and xg.asarray on its result."
_REAL = "Its dtype depends on the values. Use the function of the same name in numpy, after astype to complex where numbers may be negative."

_GROUPS = {
    _DATES: "busday_count busday_offset datetime_as_string is_busday isnat",
    _FILES: "frombuffer fromfile fromiter fromstring genfromtxt loadtxt fromfunction",
    _BITS: "packbits unpackbits",
}

REFUSED: dict[str, str] = {
    **{f"numpy.{name}": reason for reason, names in _GROUPS.items() for name in names.split()},
}

# Every function of these modules.
_MODULES = {
    "numpy.char": _TEXT,
    "numpy.lib.recfunctions": _FIELDS,
    "numpy.lib.scimath": _REAL,
    "numpy.lib._scimath_impl": _REAL,
    "numpy.polynomial.polynomial": "Use np.polyval, or arithmetic with powers of x.",
    "numpy.strings": _TEXT,
}


def is_refused(name: str) -> bool:
    """Whether a function has no counterpart on purpose."""
    return name in REFUSED or name.rpartition(".")[0] in _MODULES


def reason(name: str) -> str:
    """What to do instead of a function, given by its qualified name and perhaps an argument."""
    module = name.split(" ", 1)[0].rpartition(".")[0]
    return REFUSED.get(name) or _MODULES.get(module) or _ON_PURPOSE


def no_counterpart(name: str) -> ArgumentTypeError:
    """The error for a function, or for one with an argument: ``numpy.interp with period=``."""
    return ArgumentTypeError(
        f"{name} has no counterpart in xgrad, and computing it in NumPy would silently lose the "
        f"gradient. {reason(name)}"
    )
