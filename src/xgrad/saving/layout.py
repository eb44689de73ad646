"""The safetensors format: a length, a header in JSON, and the bytes of the arrays behind it.

The format fits on a page, so it is written and read here, without a copy of everything and without
a library to install. Nothing of a header is believed before it was checked. What arrays and texts
mean is the business of container.py."""

from __future__ import annotations

import json
import math
from typing import Any, BinaryIO, NamedTuple

from .._typing import Array, Shape
from ..backends.base import dtype_name
from ..errors import ArgumentError

__all__ = ["DTYPES", "Place", "decode_header", "encode_header"]

# The format's name and the number of bytes of a dtype.
DTYPES = {
    "bool": ("BOOL", 1),
    "bfloat16": ("BF16", 2),
    "float16": ("F16", 2),
    "float32": ("F32", 4),
    "float64": ("F64", 8),
    **{f"int{8 * size}": (f"I{8 * size}", size) for size in (1, 2, 4, 8)},
    **{f"uint{8 * size}": (f"U{8 * size}", size) for size in (1, 2, 4, 8)},
}
_NAMES = {code: (name, size) for name, (code, size) in DTYPES.items()}
_METADATA = "__metadata__"
_LARGEST_HEADER = 100_000_000  # the format's own limit
_ALIGNMENT = 8


class Place(NamedTuple):
    """Where in a file an array is.

    Attributes
    ----------
    dtype : str
        xgrad's name, or the format's for what xgrad does not have.
    shape : tuple of int
    begin, end : int
        Positions in the file.
    """

    dtype: str
    shape: Shape
    begin: int
    end: int


def encode_header(arrays: dict[str, Array], metadata: dict[str, str]) -> tuple[bytes, list[str]]:
    """Describe arrays.

    Returns
    -------
    header : bytes
        With its length in front.
    order : list of str
        In which the arrays follow it: wide elements first, so that all of them are aligned.

    Raises
    ------
    ArgumentError
        If the format has no room for so long a text.
    """
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    entries: dict[str, Any] = {_METADATA: metadata}
    end = 0
    for name in order:
        array = arrays[name]
        begin, end = end, end + array.nbytes
        entries[name] = {
            "dtype": DTYPES[dtype_name(array.dtype)][0],
            "shape": array.shape,
            "data_offsets": (begin, end),
        }
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    if len(text) > _LARGEST_HEADER:
        raise ArgumentError(
            f"save: names and plain values take {len(text)} bytes, and the format has room for "
            f"{_LARGEST_HEADER}. Use arrays for long lists of numbers."
        )
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text, order


def decode_header(data: BinaryIO, size: int) -> tuple[dict[str, Place], dict[str, str]]:
    """Read where the arrays of a file are.

    Parameters
    ----------
    data : binary file
        At its beginning.
    size : int
        Of the whole file in bytes.

    Returns
    -------
    places : dict of Place
    metadata : dict of str

    Raises
    ------
    ValueError
        With the reason, if it is no such file or does not hold what its header says.
    """
    start = data.read(8)
    if len(start) < 8:
        raise ValueError(f"it has {size} bytes" if size else "it is empty")
    length = int.from_bytes(start, "little")
    if length > _LARGEST_HEADER:
        raise ValueError("it does not begin with the length of a header")
    if 8 + length > size:
        raise ValueError(f"it ends after {size} bytes, within its header of {length} bytes")
    try:
        entries = json.loads(data.read(length))
        metadata = entries.pop(_METADATA, {})
        places = {name: _place(entry, 8 + length) for name, entry in entries.items()}
        if not all(isinstance(text, str) for text in metadata.values()):
            raise ValueError("its metadata is no text")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"its header cannot be read ({error})") from error
    _check_that_all_bytes_are_used(places, 8 + length, size)
    return places, metadata


def _place(entry: dict[str, Any], start: int) -> Place:
    code, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    name, size = _NAMES.get(code, (code, None))
    if not all(type(n) is int and n >= 0 for n in (*shape, begin, end)):
        raise ValueError(f"shape {shape} and data_offsets {[begin, end]} must not be negative")
    if size is not None and end - begin != size * math.prod(shape):
        raise ValueError(f"{end - begin} bytes for {code} of shape {shape}")
    return Place(str(name), tuple(shape), start + begin, start + end)


def _check_that_all_bytes_are_used(places: dict[str, Place], start: int, size: int) -> None:
    end = start
    for name, place in sorted(places.items(), key=lambda item: item[1][2:]):
        if place.begin != end or place.end < place.begin:
            raise ValueError(f"there is a gap before the array {name!r}, or another array")
        end = place.end
    if end != size:
        raise ValueError(f"it has {size} bytes, but its header describes {end}")
