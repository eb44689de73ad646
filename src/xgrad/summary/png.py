"""Pixels as PNG files, by the standard library alone (ISO/IEC 15948)."""

from __future__ import annotations

import struct
import zlib

__all__ = ["COLOURS", "png"]

# By the number of channels: grey, grey with opacity, red-green-blue, the same with opacity.
COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}


def png(pixels: bytes, height: int, width: int, channels: int) -> bytes:
    """Encode rows of pixels, a byte per channel."""
    size = width * channels
    rows = b"".join([b"\0" + pixels[i * size : (i + 1) * size] for i in range(height)])
    header = struct.pack(">IIBBBBB", width, height, 8, COLOURS[channels], 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(rows)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
