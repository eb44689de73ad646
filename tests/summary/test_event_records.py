"""Records of event files, against tensorboardX's."""

import io

import pytest
from tensorboardX.record_writer import masked_crc32c

from xgrad._event_records import checksum, record


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 8, 63, 1000, 100_003])
def test_checksum_is_tensorboardxs(size, rng):
    data = rng.bytes(size)
    assert checksum(data) == masked_crc32c(data)


def test_checksum_of_the_standards_example():
    crc = (checksum(b"123456789") - 0xA282EAD8) & 0xFFFFFFFF
    assert (crc >> 17 | crc << 15) & 0xFFFFFFFF == 0xE3069283


def test_record_is_tensorboardxs(rng):
    from tensorboardX.record_writer import RecordWriter

    data = rng.bytes(77)
    writer = RecordWriter.__new__(RecordWriter)
    writer._writer = io.BytesIO()
    writer.write(data)
    assert record(data) == writer._writer.getvalue()
