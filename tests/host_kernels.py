"""CUDA source run on the CPU: compiled by the host's C++ compiler, one thread per CUDA thread.

The same source text that NVRTC would be given, with its keywords defined away. Blocks run one after
the other, so `__shared__` is `static`; threads of a block are real ones, so a missing
`__syncthreads()` shows. What it cannot show: warps in lockstep, memory coalescing, speed."""

import ctypes
import functools
import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

__all__ = ["COMPILER", "PRELUDE", "library", "run_elementwise", "run_raw"]

COMPILER = shutil.which("g++") or shutil.which("clang++")
_FOLDER = tempfile.TemporaryDirectory(prefix="xgrad-kernels-")

# The names that cupy's kernels know, by numpy's characters.
C_TYPES = {
    "?": "bool",
    "b": "signed char",
    "B": "unsigned char",
    "h": "short",
    "H": "unsigned short",
    "i": "int",
    "I": "unsigned int",
    "l": "long",
    "L": "unsigned long",
    "q": "long long",
    "Q": "unsigned long long",
    "e": "_Float16",
    "E": "bfloat16",
    "f": "float",
    "d": "double",
    "F": "complex<float>",
    "D": "complex<double>",
}
_NAMED = {"int32": "int", "int64": "long long", "uint32": "unsigned int", "bool": "bool"}
_NAMED |= {"uint64": "unsigned long long", "float32": "float", "float64": "double"}

PRELUDE = """
#include <cmath>
#include <cstddef>
#include <cstdint>
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
using std::isfinite; using std::isnan; using std::isinf;
typedef _Float16 float16;
struct bfloat16 {  // as cupy/bfloat16.cuh: rounded to nearest, ties to even
    unsigned short bits;
    bfloat16() {}
    bfloat16(float v) {
        unsigned word;
        __builtin_memcpy(&word, &v, 4);
        bits = v != v ? 0x7fc0 : (word + 0x7fff + (word >> 16 & 1)) >> 16;
    }
    explicit bfloat16(int v) : bfloat16(float(v)) {}
    explicit bfloat16(double v) : bfloat16(float(v)) {}
    operator float() const {
        const unsigned word = (unsigned)bits << 16;
        float v;
        __builtin_memcpy(&v, &word, 4);
        return v;
    }
};
"""

_THREADS = """
#include <barrier>
#include <thread>
#include <vector>
#define __global__
#define __grid_constant__
#define __align__(n) alignas(n)
#define __shared__ static
struct Index { unsigned x, y, z; };
static thread_local Index threadIdx;
static Index blockIdx, blockDim, gridDim;
static std::barrier<>* block_barrier;
static void __syncthreads() { block_barrier->arrive_and_wait(); }
"""


_FLAGS = ["-std=c++20", "-O0", "-fPIC", "-pthread", "-w", "-ffp-contract=off"]


@functools.cache
def _header(text):
    """A file to include whose contents are compiled once for all."""
    path = Path(_FOLDER.name) / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.h"
    path.write_text(text)
    command = [COMPILER, *_FLAGS, "-x", "c++-header", path, "-o", f"{path}.gch"]
    subprocess.run(command, check=True, capture_output=True)
    return path


@functools.cache
def library(source, header=""):
    """A shared library from source, compiled once; what comes before it is compiled for all."""
    name = hashlib.sha256(source.encode()).hexdigest()[:16]
    path = Path(_FOLDER.name) / f"{name}.cpp"
    complex_too = "#include <complex>\nusing std::complex;\n" if "complex<" in source else ""
    path.write_text(complex_too + source)
    target = path.with_suffix(".so")
    before = ["-include", _header(header)] if header else []
    command = [COMPILER, *_FLAGS, "-shared", *before, "-o", target, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr[:4000]}\n{source}"
    return ctypes.CDLL(str(target))


def _pointers(values):
    """A C array of pointers to the values of arrays, and what keeps them alive."""
    held = [np.atleast_1d(v) if np.ndim(v) == 0 else v for v in values]
    return (ctypes.c_void_p * len(held))(*[v.ctypes.data for v in held]), held


# -- one element per thread ------------------------------------------------------------------------


def _parameters(text):
    """``raw T x, int64 n`` as (raw, type, name)."""
    for part in filter(None, (p.strip() for p in text.split(","))):
        *raw, kind, name = part.split()
        yield bool(raw), kind, name


def run_elementwise(inputs, outputs, operation, preamble, arguments, size=None):
    """What cupy.ElementwiseKernel does, on numpy arrays: the results, new or those given.

    The rules for template types and broadcasting are cupy's (docs/user_guide/kernel.rst)."""
    ins, outs = list(_parameters(inputs)), list(_parameters(outputs))
    types = {}
    for (_, kind, _), value in zip([*ins, *outs], arguments, strict=False):
        if kind not in _NAMED and isinstance(value, np.ndarray):
            assert types.setdefault(kind, value.dtype) == value.dtype, f"{kind} is two types"
    for (_, kind, _), value in zip(ins, arguments, strict=False):
        if kind not in _NAMED:
            types.setdefault(kind, np.asarray(value).dtype)
    dtypes = [np.dtype(kind) if kind in _NAMED else types[kind] for _, kind, _ in [*ins, *outs]]
    looped = [v for (raw, _, _), v in zip([*ins, *outs], arguments, strict=False) if not raw]
    shape = np.broadcast_shapes(*(np.shape(v) for v in looped)) if size is None else (size,)
    values = []
    for (raw, _, _), dtype, given in zip([*ins, *outs], dtypes, arguments, strict=False):
        value = np.asarray(given, dtype)
        values.append(np.ascontiguousarray(value if raw else np.broadcast_to(value, shape)))
    given = arguments[len(ins) :]
    values[len(ins) :] = [
        np.empty(shape, d) if i >= len(given) else np.ascontiguousarray(given[i])
        for i, d in enumerate(dtypes[len(ins) :])
    ]
    source = _elementwise_source([*ins, *outs], dtypes, types, len(ins), operation, preamble)
    pointers, held = _pointers(values)
    count = int(np.prod(shape, dtype=int))
    library(source, PRELUDE + _THREADS).run(ctypes.c_longlong(count), pointers)
    results = []
    for i, (raw, _, _) in enumerate(outs):
        made = held[len(ins) + i].reshape(given[i].shape if raw else shape)
        if i < len(given):
            given[i][...] = made
        results.append(given[i] if i < len(given) else made)
    return results[0] if len(results) == 1 else tuple(results)


def _elementwise_source(parameters, dtypes, types, inputs, operation, preamble):
    aliases = [f"typedef {C_TYPES[d.char]} {k};" for k, d in types.items()]
    setup, body = [], []
    for place, ((raw, _, name), dtype) in enumerate(zip(parameters, dtypes, strict=True)):
        kind = C_TYPES[dtype.char]
        const = "const " if place < inputs else ""
        setup.append(f"{kind}* p{place} = ({kind}*)a[{place}];")
        if raw:
            setup.append(f"{const}{kind}* {name} = p{place};")
        else:
            body.append(f"{const}{kind}{'' if place < inputs else '&'} {name} = p{place}[i];")
    return "\n".join(
        [
            *(*aliases, preamble, 'extern "C" void run(long long n_, void** a) {'),
            *(*setup, "for (ptrdiff_t i = 0; i < n_; ++i) {", *body, operation, ";}}"),
        ]
    )


# -- blocks of threads -----------------------------------------------------------------------------


def run_raw(code, name, grid, block, arguments):
    """What cupy.RawKernel does, on numpy arrays and scalars, which are written in place."""
    found = re.search(rf"void\s+{name}\s*\(([^)]*)\)", code)
    assert found, f"there is no kernel {name}"
    kinds = [re.sub(r"\b__restrict__\b|\w+$", "", p.strip()) for p in found.group(1).split(",")]
    kinds = [re.sub(r"\w+$", "", k.strip()) if k.strip().endswith("__") else k for k in kinds]
    assert len(kinds) == len(arguments), f"{name} takes {len(kinds)} arguments"
    call = []
    for i, kind in enumerate(kinds):
        call.append(f"({kind})a[{i}]" if "*" in kind else f"*({kind}*)a[{i}]")
    start = f"threadIdx = {{t, 0, 0}}; {name}({', '.join(call)});"
    if "__syncthreads" in code:
        block_of_threads = f"""
            std::barrier<> barrier(block);
            block_barrier = &barrier;
            std::vector<std::thread> threads;
            for (unsigned t = 0; t < block; ++t) threads.emplace_back([=] {{ {start} }});
            for (auto& thread : threads) thread.join();"""
    else:  # they do not meet, so one may come after the other
        block_of_threads = f"for (unsigned t = 0; t < block; ++t) {{ {start} }}"
    launch = f"""
    extern "C" void launch(void** a, unsigned grid, unsigned block) {{
        gridDim = {{grid, 1, 1}}; blockDim = {{block, 1, 1}};
        for (unsigned b = 0; b < grid; ++b) {{
            blockIdx = {{b, 0, 0}};
            {block_of_threads}
        }}
    }}"""
    names = re.findall(r"(\w+)\s*(?:,|$)", found.group(1))
    for own, array in zip(names, arguments, strict=True):
        told = own.startswith("a") and f"t{own[1:]}_0" in names  # of the strides of this array
        assert told or not isinstance(array, np.ndarray) or array.flags.c_contiguous
    pointers, _held = _pointers(arguments)
    compiled = library(code + launch, PRELUDE + _THREADS)
    compiled.launch(pointers, ctypes.c_uint(grid), ctypes.c_uint(block))
