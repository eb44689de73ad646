#!/usr/bin/env python
"""Compile every CUDA kernel of xgrad without a GPU, and write what each needs: docs/gpu/kernels.md.

Takes cupy (for its headers) and NVRTC, which need no driver: pip install cupy-cuda13x nvidia-cuda-nvrtc
nvidia-cuda-runtime. Kernels that cupy wraps are wrapped as it does it, for contiguous arrays.

    python scripts/kernel_report.py            # writes the page
    python scripts/kernel_report.py --check    # compiles, and prints the table only"""

from __future__ import annotations

import argparse
import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import numpy as np

import xgrad as xg
from xgrad.backends import host
from xgrad.backends.cupy_access import access_of
from xgrad.backends.cupy_activations import COMPUTED, KERNELS
from xgrad.backends.cupy_activations import source_of as activation_source
from xgrad.backends.cupy_bundles import together_text
from xgrad.backends.cupy_copies import COPY
from xgrad.backends.cupy_cross_entropy import INDICES
from xgrad.backends.cupy_cross_entropy import NAMES as CROSS_ENTROPIES
from xgrad.backends.cupy_cross_entropy import source_of as cross_entropy_source
from xgrad.backends.cupy_elementwise import source_of as elementwise_source
from xgrad.backends.cupy_fusion import can_fuse
from xgrad.backends.cupy_kernels import SOURCES
from xgrad.backends.cupy_pointwise import source_of as pointwise_source
from xgrad.backends.cupy_raw import OPTIONS
from xgrad.backends.cupy_reduction_text import finish_source
from xgrad.backends.cupy_reduction_text import source_of as reduction_source
from xgrad.backends.cupy_rows import NAMES, TYPES
from xgrad.backends.cupy_rows import source_of as row_source
from xgrad.backends.cupy_together import Form
from xgrad.backends.cupy_together import source_of as together_source
from xgrad.compile.bundles import Bundle, bundled, singles
from xgrad.compile.fusion import Group, schedule
from xgrad.compile.kernels import describe, ends_kernel
from xgrad.optimizers.together import step_arrays

PAGE = ROOT / "docs" / "gpu" / "kernels.md"
ARCHITECTURES = ("sm_80", "sm_90")
_C = {"int64": "long long", "int32": "int", "float32": "float", "float64": "double"}


class Kernel(NamedTuple):
    """One source, ready for NVRTC."""

    name: str
    dtype: str
    text: str


class Needs(NamedTuple):
    """What the compiler reports of a kernel on one architecture."""

    registers: int
    shared: int
    spilled: int
    size: int


def kernels() -> Iterator[Kernel]:
    """Give all sources that the backend may ask for; of generated ones a few."""
    for name, parts in SOURCES.items():
        guard = name == "xgrad_zero_where_zero"
        for kind in ("float", "double", "complex<double>", *(("float16", "bfloat16") * guard)):
            if "complex" in kind and name.endswith(("max", "min")):
                continue
            yield Kernel(name, kind, wrapped(name, parts, kind))
    for name in NAMES:
        for character, kind in TYPES.items():
            yield Kernel(f"xgrad_{name}", kind, row_source(name, character))
    for name in CROSS_ENTROPIES:
        for index in INDICES if name.startswith("sparse") else ("int64",):
            more = f", {index}" if name.startswith("sparse") else ""
            for character, kind in TYPES.items():
                text = cross_entropy_source(name, character, index)
                yield Kernel(f"xgrad_{name}{more}", kind, text)
    for sort, function in KERNELS:
        for character, computed in COMPUTED.items():
            kind = {"e": "float16", "E": "bfloat16"}.get(character, computed)
            name = f"xgrad_{sort}_{function}"
            text = wrapped(name, activation_source(sort, function, computed), kind)
            yield Kernel(name, kind, text)
    yield Kernel("xgrad_copies", "bytes", COPY)
    for title, optimizer in optimizers().items():
        for kind, dtype in (("float", np.float32), ("double", np.float64)):
            step, count, numbers = step_of(optimizer, np.dtype(dtype))
            parts = elementwise_source(step, np.dtype(dtype), count, numbers)
            assert parts is not None, optimizer
            yield Kernel(f"step of {title}", kind, wrapped("xgrad_replaced", parts, kind))
            shared = tuple([(name, False) for name in numbers])
            text = together_source(step, Form(np.dtype(dtype), count, shared, ("clip",)))
            assert text is not None, optimizer
            yield Kernel(f"step of {title}, many variables", kind, text)
    for title, f in functions().items():
        for kind, dtype in (("float", np.float32), ("double", np.float64)):
            yield from fused_kernels(title, f, dtype, kind)
    for kind, dtype in (("float", np.float32), ("double", np.float64)):
        yield Kernel("recorded step of Adam, many variables", kind, bundle_source(dtype))


def optimizers() -> dict[str, Any]:
    """Give the optimizers whose steps are compiled."""
    made = xg.optimizers
    return {
        "SGD(momentum=0.9)": made.SGD(momentum=0.9),
        "Adam": made.Adam(),
        "AdamW": made.AdamW(),
        "RMSprop": made.RMSprop(),
        "Lion": made.Lion(),
    }


def step_of(optimizer: Any, dtype: np.dtype[Any]) -> tuple[Any, int, tuple[str, ...]]:
    """Give a whole step as a function of arrays, how many it takes, and the names of numbers."""
    names = tuple(optimizer.slot_names)
    weight = xg.Variable(np.ones(2, dtype))
    slots = optimizer.make_slots(weight.read_value(), "w")
    numbers = list(optimizer.coefficients(np, 0.1, 1))
    numbers += ["decay"] if optimizer.weight_decay else []
    step = functools.partial(step_arrays, optimizer, names, False)
    return step, 2 + len(slots), tuple(numbers)


def functions() -> dict[str, Any]:
    """Give functions of two arrays, the second a row, whose recorded forms are compiled."""
    gelu = lambda x, b: xg.nn.gelu(x + b)
    entropy = lambda x, b: xg.nn.softmax_cross_entropy(x + b, xg.nn.softmax(b * xg.ones_like(x)))
    return {
        "gelu(x + b)": gelu,
        "its gradient": xg.grad(lambda x, b: xg.sum(gelu(x, b)), (0, 1)),
        "the gradient of layer_norm": xg.grad(lambda x, b: xg.sum(xg.nn.layer_norm(x, b) ** 2)),
        "the gradient of softmax_cross_entropy": xg.grad(entropy),
        "the mean of tanh(x + b) ** 2 and its gradients": xg.value_and_grad(
            lambda x, b: xg.mean(xg.tanh(x + b) ** 2), (0, 1)
        ),
        "the sum of exp(x) ** 2": lambda x, b: xg.sum(xg.exp(x) ** 2),
        "rows of exp(x - b), their sum, largest and smallest": lambda x, b: (
            xg.exp(x - b),
            xg.sum(xg.exp(x - b), axis=1),
            xg.max(x - b, axis=1),
            xg.min(x - b, axis=1),
        ),
    }


def scheduled(f: Any, *arguments: Any) -> tuple[Any, list[Any]]:
    """Record a function as on CUDA, where gradients are steps: its program, and its groups."""
    recorded, backend = xg.function(f), host()
    wholes, backend.wholes = backend.wholes, frozenset()
    try:
        recorded(*arguments)
    finally:
        backend.wholes = wholes
    program = recorded._last().program

    def is_fusable(i: Any) -> bool:
        dtypes = [getattr(program.specs.get(x), "dtype", None) for x in i.operands]
        return len(i.results) == 1 and can_fuse(
            i.primitive.name, dtypes, program.specs[i.results[0]].dtype
        )

    order = schedule(program, is_fusable, smallest=1, may_end=ends_kernel)
    return program, order


def fused_kernels(title: str, f: Any, dtype: Any, kind: str) -> Iterator[Kernel]:
    """Give the kernels of each group of instructions of a recorded function."""
    program, order = scheduled(f, xg.asarray(np.ones((2, 4), dtype)), xg.asarray(np.ones(4, dtype)))
    for number, item in enumerate([i for i in order if isinstance(i, Group)], 1):
        others = {n for other in order if other is not item for n in other.reads()}
        group = describe(program, item, others | set(program.outputs()))
        given = [np.ones(program.specs[n].shape, group.dtypes[n]) for n in group.inputs]
        found = access_of(group, [x.shape for x in given], [x.strides for x in given], 16)
        assert found is not None
        name = f"kernel {number} of {title}"
        if not group.reductions:
            yield Kernel(name, kind, pointwise_source(group, found[0]))
            continue
        text = finish_source(group, group.reductions)
        yield Kernel(name, kind, reduction_source(group, found[0]))
        yield Kernel(f"{name}, its parts", kind, text)


def bundle_source(dtype: Any) -> str:
    """Give the source of the updates of all variables in a recorded step."""
    optimizer = xg.optimizers.Adam()
    params = [xg.asarray(np.ones(n, dtype)) for n in (2, 3, 4)]
    program, order = scheduled(optimizer.update, params, optimizer.init(params), params)
    (bundle,) = [item for item in bundled(program, order) if isinstance(item, Bundle)]
    group = bundle.groups[0]
    single = singles(program, group)
    assert single is not None
    return together_text(describe(program, group, program.outputs()), single)


def wrapped(name: str, parts: tuple[str, str, str], kind: str) -> str:
    """Write an elementwise kernel as cupy does, for contiguous arrays."""
    inputs, outputs, operation = parts
    parameters, loads = [], []
    for text, const in ((inputs, "const "), (outputs, "")):
        for part in text.split(", "):
            *raw, written, own = part.split()
            c = _C.get(written, written)
            if raw or written in _C:
                array = f"CArray<{c}, 1, true, true>" if raw else f"const {c}"
                parameters.append(f"{array} {own}")
            elif re.fullmatch(r"c\d+", own):  # a number of a step
                parameters.append(f"const {c} {own}")
            else:
                parameters.append(f"CArray<{c}, 1, true, true> _raw_{own}")
                loads.append(f"{const}{c} &{own}(_raw_{own}[_ind.get()]);")
    return "\n".join(
        [
            "#include <cupy/complex.cuh>",
            "#include <cupy/carray.cuh>",
            *[f"#include <cupy/{kind}.cuh>" for _ in range(kind.endswith("16"))],
            f"typedef {kind} T; typedef {kind} G;",
            f'extern "C" __global__ void {name}({", ".join(parameters)}, CIndexer<1> _ind) {{',
            "#pragma unroll 1",
            "CUPY_FOR(i, _ind.size()) { _ind.set(i);",
            *loads,
            operation,
            ";}}",
        ]
    )


@functools.cache
def options() -> tuple[str, ...]:
    """Find the include paths that cupy hands to NVRTC."""
    from cupy._core import core

    return tuple(core.assemble_cupy_compiler_options(()))


def compile_kernel(kernel: Kernel, architecture: str) -> Needs:
    """Compile to a cubin and read the compiler's report."""
    from cupy.cuda import nvrtc

    program = nvrtc.createProgram(kernel.text, "xgrad.cu", [], [])
    flags = [f"--gpu-architecture={architecture}", "--ptxas-options=-v", "-default-device"]
    flags += [*OPTIONS, *(o for o in options() if not o.startswith("--std"))]
    try:
        nvrtc.compileProgram(program, flags)
    except nvrtc.NVRTCError as error:
        log = nvrtc.getProgramLog(program)
        raise SystemExit(f"{kernel.name}, {kernel.dtype}: {error}\n{log}\n{kernel.text}") from error
    log = nvrtc.getProgramLog(program)
    registers = re.search(r"Used (\d+) registers", log)
    shared = re.search(r"(\d+) bytes smem", log)
    spilled = sum(map(int, re.findall(r"(\d+) bytes spill", log)))
    assert registers, log
    size = len(nvrtc.getCUBIN(program))
    return Needs(int(registers[1]), int(shared[1]) if shared else 0, spilled, size)


HEAD = """\
# What the kernels need

Written by `scripts/kernel_report.py`, which compiles every kernel of `src/xgrad/backends/cupy_*.py` with NVRTC {version}, without a GPU.
Registers per thread, bytes of shared memory per block, bytes spilled to local memory (stores and loads), bytes of the binary.
CuPy's elementwise kernels run in blocks of 128 threads, rows in blocks of 256, those of groups in blocks of 32 to 256. What they compute
is tested on the CPU, where `tests/host_kernels.py` runs the same sources, against the compositions that serve other libraries.

| kernel | dtype | architecture | registers | shared | spilled | binary |
| --- | --- | --- | --- | --- | --- | --- |
"""


def main() -> int:
    """Compile everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write no page")
    arguments = parser.parse_args()
    from cupy.cuda import nvrtc

    rows = [
        f"| `{k.name}` | {k.dtype} | {a} | " + " | ".join(map(str, compile_kernel(k, a))) + " |"
        for k in kernels()
        for a in ARCHITECTURES
    ]
    version = ".".join(map(str, nvrtc.getVersion()))
    text = HEAD.format(version=version) + "\n".join(rows) + "\n"
    if arguments.check:
        print(text)
        return 0
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
