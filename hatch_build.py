"""Compile the hot paths where there is a compiler; everything works, slower, where there is none.

XGRAD_SPEEDUPS=0 builds the wheel for every platform, without them; XGRAD_SPEEDUPS=1 makes it an
error if they cannot be built. docs/decisions/0036-compiled-hot-paths.md says why."""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SOURCES = [
    "xgrad/backends/_convolutions.c",
    "xgrad/backends/_loops.c",
    "xgrad/backends/_memory.c",
    "xgrad/backends/_rows.c",
    "xgrad/backends/_ufuncs.c",
    "xgrad/backends/_windows.c",
    "xgrad/compile/_record.c",
    "xgrad/compile/_replay.c",
    "xgrad/core/_dispatch.c",
    "xgrad/interpreters/_follow.c",
]
HEADERS = ["xgrad/backends/_vectors.h", "xgrad/core/_node.h", "xgrad/core/_speedups.h"]
# Choices need no branches where nobody asks what they raised, and digits are the same in every lane and on
# every processor. Loops that compare without choosing are slower so.
OPTIONS = {
    "xgrad/backends/_rows.c": ["-fno-math-errno", "-fno-trapping-math"],
    "xgrad/backends/_ufuncs.c": ["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"],
}


class SpeedupsHook(BuildHookInterface[Any]):
    """Hatchling's hook, which pyproject.toml names."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before a wheel is put together; an editable one uses what lies in `src`."""
        wish = os.environ.get("XGRAD_SPEEDUPS", "")
        if wish == "0":
            return
        place = ROOT / "src"
        if version != "editable":
            self._scratch = tempfile.TemporaryDirectory()
            place = Path(self._scratch.name)
        try:
            built = compile_speedups(place)
        except Exception as error:
            if wish == "1":
                raise
            self.app.display_warning(f"xgrad: the hot paths stay in Python: {error}")
            return
        if version != "editable":
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
            build_data["force_include"].update({str(place / name): name for name in built})

    def finalize(self, *_: Any) -> None:
        """Leave nothing behind."""
        if hasattr(self, "_scratch"):
            self._scratch.cleanup()


def source_of(name: str) -> str:
    """Sum up what a module is compiled from, so that tests can see whether it is still that."""
    contents = [(ROOT / "src" / part).read_bytes() for part in (name, *HEADERS)]
    return hashlib.sha256(b"".join(contents)).hexdigest()[:16]


def compile_speedups(place: Path) -> list[str]:
    """Compile every module into a folder.

    Returns
    -------
    list of str
        The files, as paths below the folder.

    Raises
    ------
    Exception
        Whatever stands in the way: no compiler, no headers of Python, no NumPy or setuptools.
    """
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise RuntimeError("they are for CPython with its global lock")
    import numpy as np
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    # No debugging symbols: they hold paths, and two builds must give the same bytes.
    options = ["-O3", "-g0", "-fno-strict-aliasing", "-Werror=implicit-function-declaration"]
    modules = [
        Extension(
            name.removesuffix(".c").replace("/", "."),
            [str(Path("src", name))],
            include_dirs=[np.get_include()],
            define_macros=[("XGRAD_SOURCE", f'"{source_of(name)}"')],
            extra_compile_args=[] if sys.platform == "win32" else options + OPTIONS.get(name, []),
        )
        for name in SOURCES
    ]
    command = build_ext(Distribution({"name": "xgrad", "ext_modules": modules}))
    former = Path.cwd()
    os.chdir(ROOT)  # the compiler is told relative paths, the same ones everywhere
    try:
        with tempfile.TemporaryDirectory() as temporary:
            command.build_lib = str(place)
            command.build_temp = temporary
            command.force = True
            command.ensure_finalized()
            command.run()
    finally:
        os.chdir(former)
    return [str(Path(command.get_ext_filename(module.name)).as_posix()) for module in modules]
