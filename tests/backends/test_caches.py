"""What the system tells of caches."""

from pathlib import Path

import pytest

from xgrad.backends import caches


@pytest.fixture
def found(monkeypatch, tmp_path):
    monkeypatch.setattr(caches, "_CACHES", tmp_path)
    caches.last_cache_bytes.cache_clear()
    yield tmp_path
    caches.last_cache_bytes.cache_clear()


def tell(folder: Path, *sizes: str) -> None:
    for i, size in enumerate(sizes):
        (folder / f"index{i}").mkdir()
        (folder / f"index{i}" / "size").write_text(size)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        (("32K\n", "32K\n", "1024K\n", "32768K\n"), 32 << 20),
        (("48K\n", "2M\n"), 2 << 20),
        (("unknown\n",), 16 << 20),
        ((), 16 << 20),
    ],
)
def test_the_largest_is_found(found, sizes, expected):
    tell(found, *sizes)
    assert caches.last_cache_bytes() == expected


def test_a_system_that_does_not_tell_has_the_usual(monkeypatch, tmp_path):
    monkeypatch.setattr(caches, "_CACHES", tmp_path / "nowhere")
    assert caches.last_cache_bytes.__wrapped__() == 16 << 20
