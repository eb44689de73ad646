"""Files that are there whole or not at all, whatever happens while they are written.

The bytes go to a file without a name, to the disk, and only then into the place of the old file. A
process that is killed leaves the old file or the new one; so does a machine that loses power."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from .errors import ArgumentError

__all__ = ["write_atomically"]

_Bytes = bytes | memoryview

_NAMELESS = getattr(os, "O_TMPFILE", 0)  # Linux has it, on most file systems
_OPEN_FILES = Path("/proc/self/fd")


def write_atomically(path: str | os.PathLike[str], parts: Sequence[_Bytes]) -> None:
    """Make `parts`, one after another, the contents of a file, or leave everything as it is.

    Parameters
    ----------
    path : str or path
        A symbolic link keeps pointing where it does. An old file gives its permissions to the new
        one.
    parts : sequence of bytes or memoryview

    Raises
    ------
    OSError
        If the directory is missing, the disk is full, ...
    ArgumentError
        If the path is a directory, a device or the like.
    """
    target = Path(os.path.realpath(path))
    try:
        old = target.stat()
    except FileNotFoundError:
        mode = None
    else:
        mode = stat.S_IMODE(old.st_mode)
        if not stat.S_ISREG(old.st_mode):
            raise ArgumentError(f"{path} is no regular file. Use the name of a file.")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if not _write_nameless(beside, parts, mode):
            _write_named(beside, parts, mode)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    _sync_directory(target.parent)


def _write_nameless(place: Path, parts: Sequence[_Bytes], mode: int | None) -> bool:
    """Write a file that gets its name when it is whole; False where there is no such thing."""
    if not _NAMELESS or not _OPEN_FILES.exists():
        return False
    try:
        descriptor = os.open(place.parent, _NAMELESS | os.O_WRONLY, 0o666)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without them; another reason shows in the named way too
        return False
    with os.fdopen(descriptor, "wb") as file:
        _write(file, parts, mode)
        try:
            # A directory, though the path is absolute: without one Python does not follow the link.
            os.link(_OPEN_FILES / str(descriptor), place, src_dir_fd=descriptor)
        except OSError:
            return False
    return True


def _write_named(place: Path, parts: Sequence[_Bytes], mode: int | None) -> None:
    with place.open("xb") as file:
        _write(file, parts, mode)


def _write(file: BinaryIO, parts: Sequence[_Bytes], mode: int | None) -> None:
    """Write everything, and wait until the disk has it."""
    file.writelines(parts)
    file.flush()
    if mode is not None and hasattr(os, "fchmod"):
        os.fchmod(file.fileno(), mode)
    os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    """Wait until the disk knows the new name, where directories can be opened."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
