"""Wheel and source archive: the same bytes from the same source, with what belongs in them."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from xgrad._speedups import COMPILED

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed"
)
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", "dist", "build", ".*cache*", "*.egg-info", "runs"
)


def build(folder, speedups):
    """Build both from a copy of the checkout, as a stranger with other clocks and rights would."""
    copy = folder / "checkout"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT, copy_function=shutil.copy)
    environment = {**os.environ, "TZ": f"UTC+{len(folder.name)}", "XGRAD_SPEEDUPS": speedups}
    environment.pop("SOURCE_DATE_EPOCH", None)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder / "out"],
        cwd=copy, env=environment, check=True, capture_output=True,
        umask=0o027 if folder.name == "first" else 0o022,
    )  # fmt: skip
    return sorted((folder / "out").iterdir())


def can_compile():
    """Whether this machine has what extension modules are built with."""
    if importlib.util.find_spec("setuptools") is None or sysconfig.get_config_var("CC") is None:
        return False
    compiler = shutil.which(sysconfig.get_config_var("CC").split()[0])
    return compiler is not None and (Path(sysconfig.get_path("include")) / "Python.h").exists()


@pytest.fixture(scope="module", params=["0", "1"], ids=["any-platform", "compiled"])
def builds(request, tmp_path_factory):
    if request.param == "1" and not can_compile():
        pytest.skip("no C compiler, or no headers of Python")
    top = tmp_path_factory.mktemp("builds")
    for name in ("first", "second-one"):
        (top / name).mkdir()
    return [build(top / name, request.param) for name in ("first", "second-one")]


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
    others = {name for name in names if name.startswith("xgrad/")} - sources - {"xgrad/py.typed"}
    if wheel.name.endswith("-py3-none-any.whl"):
        assert others == set()
    else:
        suffix = sysconfig.get_config_var("EXT_SUFFIX")
        modules = [name.removeprefix("xgrad.").replace(".", "/") for name in COMPILED]
        assert others == {f"xgrad/{name}{suffix}" for name in modules}


def test_the_tag_says_what_the_wheel_runs_on(builds, request):
    (wheel,) = (p for p in builds[0] if p.suffix == ".whl")
    for_any = "[any-platform]" in request.node.name
    assert wheel.name.endswith("-py3-none-any.whl") is for_any


def test_without_a_compiler_there_is_a_wheel_all_the_same(tmp_path):
    for name in ("wished", "insisted-on"):
        (tmp_path / name).mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CC", "false")
        found = build(tmp_path / "wished", "")
        assert any(path.name.endswith("-py3-none-any.whl") for path in found)
        with pytest.raises(subprocess.CalledProcessError):
            build(tmp_path / "insisted-on", "1")


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
    compiled = {path.relative_to(ROOT).as_posix() for path in (ROOT / "src").rglob("*.[ch]")}
    assert {"hatch_build.py", *compiled} <= names
    assert {"docker/Dockerfile", "benchmarks/eager.py", "docs/index.md"} <= names
    assert {"examples/tomography.py", "CONTRIBUTING.md", "SECURITY.md", "noxfile.py"} <= names
    assert owners == {(0, 0)}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no git checkout")
def test_the_source_archive_holds_all_that_git_tracks(builds):
    (archive,) = (p for p in builds[0] if p.name.endswith(".tar.gz"))
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    tracked = {name for name in listed.stdout.decode().split("\0") if (ROOT / name).is_file()}
    assert tracked - names == set()
