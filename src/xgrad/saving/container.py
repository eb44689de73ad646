"""Named arrays and a text in one safetensors file, checked on the way back.

The format knows neither complex numbers of double precision nor damage inside an array, so complex
arrays are stored as pairs of floats, and a checksum of everything goes with the text."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

from .._atomic import write_atomically
from .._typing import Array, Shape
from ..backends import host
from ..backends.base import dtype_name
from ..errors import BackendUnavailableError, CheckpointError
from .layout import DTYPES, decode_header, encode_header

__all__ = ["File", "Stored", "checksum", "host_dtype", "opened", "write"]

_KEY = "xgrad"
_VERSION = "1"
_FOREIGN = {
    b"PK\x03\x04": "it is a zip archive, such as .npz, .keras and .pt files",
    b"\x93NUMPY": "it is a file of numpy.save",
    b"\x89HDF\r\n": "it is an HDF5 file",
    b"\x80\x02": "it is a pickle",
    b"\x80\x03": "it is a pickle",
    b"\x80\x04": "it is a pickle",
    b"\x80\x05": "it is a pickle",
}


class Stored(NamedTuple):
    """What the text says of an array, to check what is read and to put it where it was.

    Attributes
    ----------
    dtype : str
    shape : tuple of int
    device : str
    checksum : int
        CRC-32 of the array's bytes.
    """

    dtype: str
    shape: Shape
    device: str
    checksum: int


def checksum(array: Array) -> int:
    """Compute the CRC-32 of the bytes of a contiguous array in host memory."""
    return zlib.crc32(_bytes_of(array))


def write(path: str | os.PathLike[str], arrays: dict[str, Array], text: str) -> None:
    """Write contiguous arrays in host memory and a text, atomically."""
    stored = {name: _without_complex(array) for name, array in arrays.items()}
    sealed = f"{_VERSION}:{zlib.crc32(text.encode()):08x}:{text}"
    header, order = encode_header(stored, {_KEY: sealed})
    write_atomically(path, [header, *(_bytes_of(stored[name]) for name in order)])


class File:
    """A safetensors file that is being read.

    Attributes
    ----------
    path : str
    text : str or None
        None in files that `write` has not written.
    """

    def __init__(self, path: str, file: BufferedReader) -> None:
        self.path = path
        self._file = file
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        try:
            self._places, metadata = decode_header(file, size)
        except ValueError as error:
            file.seek(0)
            reason = _foreign(file.read(8)) or str(error)
            raise CheckpointError(
                f"{path} is no safetensors file, or is damaged: {reason}. Use a file of xg.save."
            ) from error
        self.text = self._unsealed(metadata[_KEY]) if _KEY in metadata else None

    def names(self) -> list[str]:
        """List the arrays."""
        return sorted(self._places)

    def raw(self, name: str) -> Array:
        """Read an array as it is stored."""
        place = self._places.get(name)
        if place is None:
            raise CheckpointError(f"{self.path} is damaged: the array {name!r} is missing.")
        if place.dtype not in DTYPES:
            raise CheckpointError(
                f"{self.path}: the array {name!r} is {place.dtype}, which xgrad does not have. Use "
                "a program that has it to store it as another dtype."
            )
        dtype = host_dtype(place.dtype, f"{self.path}: the array {name!r}")
        found: Array = host().namespace.empty(place.shape, dtype=dtype)
        self._file.seek(place.begin)
        if self._file.readinto(_bytes_of(found)) != found.nbytes:
            raise CheckpointError(f"{self.path} became shorter while it was read. Load it again.")
        return found

    def array(self, name: str, stored: Stored) -> Array:
        """Read an array that `write` has written, and compare it with what was said of it."""
        found = self.raw(name)
        if stored.dtype.startswith("complex"):
            pairs = found.reshape(found.shape or (1,))
            if pairs.shape[-1] == 2 and dtype_name(pairs.dtype) in ("float32", "float64"):
                found = pairs.view(f"complex{16 * pairs.dtype.itemsize}").reshape(pairs.shape[:-1])
        if (dtype_name(found.dtype), found.shape) != stored[:2]:
            raise CheckpointError(
                f"{self.path} is damaged: the array {name!r} is {dtype_name(found.dtype)} "
                f"{found.shape}, but should be {stored.dtype} {stored.shape}."
            )
        if checksum(found) != stored.checksum:
            raise CheckpointError(
                f"{self.path} is damaged: the array {name!r} ({stored.dtype} {stored.shape}) is not "
                "what was written, by its checksum. Use an older copy."
            )
        return found

    def _unsealed(self, sealed: str) -> str:
        version, _, rest = sealed.partition(":")
        seal, _, text = rest.partition(":")
        if version != _VERSION and version.isdecimal():
            raise CheckpointError(
                f"{self.path} has version {version} of the format, and this xgrad reads version "
                f"{_VERSION}. Use a newer xgrad."
            )
        if version != _VERSION or f"{zlib.crc32(text.encode()):08x}" != seal:
            raise CheckpointError(
                f"{self.path} is damaged: its structure is not what was written, by its checksum. "
                "Use an older copy."
            )
        return text


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[File]:
    """Open a safetensors file.

    Raises
    ------
    OSError
        If it cannot be read.
    CheckpointError
        If it is something else, or damaged.
    """
    with Path(path).open("rb") as file:
        yield File(os.fspath(path), file)


def host_dtype(name: str, whose: str) -> Any:
    """Find the host's dtype of a name; bfloat16 is that of ml_dtypes."""
    if name == "bfloat16":
        try:
            import ml_dtypes  # noqa: F401 - which tells the host of it
        except ImportError as error:
            raise BackendUnavailableError(
                f"{whose} is bfloat16, which NumPy has from ml_dtypes, and that is not installed. "
                'Use pip install ".[bfloat16]" in a checkout of xgrad, or pip install ml_dtypes.'
            ) from error
    return host().dtype(name)


def _foreign(head: bytes) -> str:
    """Say what another file is, where its first bytes show it."""
    return next((what for magic, what in _FOREIGN.items() if head.startswith(magic)), "")


def _bytes_of(array: Array) -> memoryview:
    return memoryview(array.reshape(-1).view("uint8"))


def _without_complex(array: Array) -> Array:
    """See complex numbers as pairs of floats, along one more axis."""
    if array.dtype.kind != "c":
        return array
    part = f"float{4 * array.dtype.itemsize}"
    return array.reshape((*array.shape, 1)).view(part)
