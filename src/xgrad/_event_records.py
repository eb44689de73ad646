"""Records of event files: a length (8 bytes), its checksum (4), data, their checksum (4).

The checksum is CRC-32C, which the standard library does not have, turned and shifted. It takes four
bytes at a time, from four tables: with two larger ones, which leave the caches between records, it
is twice as fast in a loop of its own and slower in training."""

from __future__ import annotations

import array
import functools
import struct
import sys

__all__ = ["checksum", "record"]

_POLYNOMIAL = 0x82F63B78  # of Castagnoli, reflected (RFC 3720, appendix B.4)
_DELTA = 0xA282EAD8
_MASK = 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """Put data between their length and their checksum."""
    head = struct.pack("<Q", len(data))
    return b"".join(
        [head, struct.pack("<I", checksum(head)), data, struct.pack("<I", checksum(data))]
    )


def checksum(data: bytes) -> int:
    """Compute the masked CRC-32C of data."""
    first, second, third, fourth = _tables()
    whole = len(data) & ~3
    words = array.array("I", data[:whole])
    if sys.byteorder == "big":
        words.byteswap()
    crc = _MASK
    for word in words:
        crc ^= word
        crc = (
            fourth[crc & 0xFF]
            ^ third[crc >> 8 & 0xFF]
            ^ second[crc >> 16 & 0xFF]
            ^ first[crc >> 24]
        )
    for byte in data[whole:]:
        crc = first[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= _MASK
    return ((crc >> 15 | crc << 17) + _DELTA) & _MASK


@functools.cache
def _tables() -> list[list[int]]:
    """Find what a byte does to a checksum of zero, followed by no, one, two or three zeros."""
    first = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        first.append(crc)
    tables = [first]
    for _ in range(3):
        tables.append([first[crc & 0xFF] ^ crc >> 8 for crc in tables[-1]])
    return tables
