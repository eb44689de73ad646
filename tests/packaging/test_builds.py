"""Wheel and source archive: the same bytes from the same source, with what belongs in them."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed"
)
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", "dist", "build", ".*cache*", "*.egg-info", "runs"
)


def build(folder):
    """Build both from a copy of the checkout, as a stranger with other clocks and rights would."""
    copy = folder / "checkout"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT, copy_function=shutil.copy)
    environment = {**os.environ, "TZ": f"UTC+{len(folder.name)}"}
    environment.pop("SOURCE_DATE_EPOCH", None)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder / "out"],
        cwd=copy, env=environment, check=True, capture_output=True,
        umask=0o027 if folder.name == "first" else 0o022,
    )  # fmt: skip
    return sorted((folder / "out").iterdir())


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    top = tmp_path_factory.mktemp("builds")
    for name in ("first", "second-one"):
        (top / name).mkdir()
    return [build(top / "first"), build(top / "second-one")]


def test_two_builds_are_the_same_to_the_last_byte(builds):
    first, second = (
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
        for found in builds
    )
    assert len(first) == 2
    assert first == second


def test_the_wheel_holds_the_package_and_nothing_else(builds):
    (wheel,) = (p for p in builds[0] if p.suffix == ".whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"xgrad", f"xgrad-{PROJECT['version']}.dist-info"}
    assert "xgrad/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    sources = {f"xgrad/{p.relative_to(ROOT / 'src/xgrad')}" for p in (ROOT / "src").rglob("*.py")}
    assert sources <= set(names)


def test_the_wheel_offers_every_extra(builds):
    (wheel,) = (p for p in builds[0] if p.suffix == ".whl")
    archive = zipfile.ZipFile(wheel)
    (name,) = (n for n in archive.namelist() if n.endswith("METADATA"))
    lines = archive.read(name).decode().splitlines()
    offered = {line.split(": ")[1] for line in lines if line.startswith("Provides-Extra")}
    assert offered == set(PROJECT["optional-dependencies"])
    for extra in ("cuda12", "cuda13"):
        wanted = f"Requires-Dist: cupy-{extra}x[ctk]<15,>=14; extra == '{extra}'"
        assert wanted in lines


def test_the_source_archive_can_be_tested(builds):
    (archive,) = (p for p in builds[0] if p.name.endswith(".tar.gz"))
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
        owners = {(member.uid, member.gid) for member in tar.getmembers()}
    assert {"pyproject.toml", "README.md", "LICENSE", "tests/conftest.py"} <= names
    assert {"docker/Dockerfile", "benchmarks/eager.py", "docs/index.md"} <= names
    assert owners == {(0, 0)}
