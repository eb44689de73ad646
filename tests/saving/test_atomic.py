"""A file is the old one or the new one, whatever happens while it is written."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xgrad as xg
from xgrad import _atomic
from xgrad._atomic import write_atomically

# XGRAD_TEST_KILLS=200 kills as often as issue 5 asks for.
SCRIPT = Path(__file__).with_name("killed.py")


@pytest.fixture(params=["nameless", "named"])
def way(request, monkeypatch):
    """Both ways of writing: Linux's files without names, and everybody's temporary ones."""
    if request.param == "named":
        monkeypatch.setattr(_atomic, "_NAMELESS", 0)
    elif not _atomic._NAMELESS:
        pytest.skip("this system has no files without names")
    return request.param


def killed(directory, rounds):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(directory), str(rounds)],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split(" saved")[0].split()[-1]) > rounds / 10  # it was in full swing
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_killed_at_random_moments_leaves_old_or_new(tmp_path):
    killed(tmp_path, int(os.environ.get("XGRAD_TEST_KILLS", "20")))


def test_a_file_comes_into_being_and_is_replaced(way, tmp_path):
    path = tmp_path / "x"
    for data in (b"one", b"", b"three" * 100_000):
        write_atomically(path, [data[:2], memoryview(data[2:])])
        assert path.read_bytes() == data
        assert list(tmp_path.iterdir()) == [path]


def test_data_is_on_the_disk_before_it_gets_the_name(way, tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor):
        calls.append("directory" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file")
        fsync(descriptor)

    def noted_replace(self, target):
        calls.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    write_atomically(tmp_path / "x", [b"data"])
    assert calls == ["file", "rename", "directory"]


def test_failure_leaves_the_old_file_alone(way, tmp_path, monkeypatch):
    path = tmp_path / "x.safetensors"
    xg.save(path, {"n": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        xg.save(path, {"n": 2, "w": np.ones(1000)})
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == [path]
    assert xg.load(path) == {"n": 1}


def test_limit_on_the_size_of_files_leaves_the_old_file_alone(way, tmp_path):
    path = tmp_path / "x.safetensors"
    xg.save(path, {"n": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        with pytest.raises(OSError, match="File too large"):
            xg.save(path, {"w": np.ones(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, former)
    assert list(tmp_path.iterdir()) == [path]
    assert xg.load(path) == {"n": 1}


def test_permissions_are_those_of_the_old_file_or_the_usual_ones(way, tmp_path):
    path = tmp_path / "x"
    former = os.umask(0o027)
    try:
        write_atomically(path, [b"1"])
        assert path.stat().st_mode & 0o777 == 0o640
        path.chmod(0o604)
        write_atomically(path, [b"2"])
        assert path.stat().st_mode & 0o777 == 0o604
    finally:
        os.umask(former)


def test_symbolic_links_stay(way, tmp_path):
    (tmp_path / "runs").mkdir()
    link, target = tmp_path / "latest", tmp_path / "runs" / "1"
    link.symlink_to(target)
    write_atomically(link, [b"1"])
    assert link.is_symlink()
    assert target.read_bytes() == b"1"


def test_missing_directory_is_a_file_not_found_error(way, tmp_path):
    with pytest.raises(FileNotFoundError):
        xg.save(tmp_path / "no" / "x", [1])


@pytest.mark.parametrize("path", ["/dev/null", "."])
def test_what_is_no_regular_file_is_refused(path):
    with pytest.raises(xg.errors.ArgumentError, match="no regular file"):
        xg.save(path, [1])
