"""A stand-in for cupy: numpy's arithmetic on two GPUs that are not there.

It has the functions, with the signatures, that cupy 14.2 has (backends/cupy_api.json, written from the
real one), and refuses what cupy refuses or gets wrong, harder than it: arrays of a device that is
not the current one, numpy's arrays, functions and arguments that cupy does not know, the dtypes
that its scatter does not take. Kernels are compiled by the host's compiler (host_kernels.py).

    with stand_in():
        xg.device("cuda:1")"""

import contextlib
import importlib
import inspect
import json
import sys
import threading
import types
from pathlib import Path

import captured_launches
import cupy_random
import host_cublas
import host_kernels
import numpy as np
import scipy.linalg
import scipy.special
from captured_launches import current, launched, refuse

from xgrad.backends import registry
from xgrad.core.instructions import PRIMITIVES

__all__ = ["Host", "Memory", "product", "stand_in"]

API = json.loads((Path(__file__).parent / "backends" / "cupy_api.json").read_text())
GIB = 2**30
# The functions that keep kernels, which are those of one cupy.
KERNELS = (
    ("cupy_kernels", "kernel"),
    ("cupy_activations", "_kernel"),
    ("cupy_copies", "_kernel"),
    ("cupy_cross_entropy", "_kernel"),
    ("cupy_elementwise", "_kernel"),
    ("cupy_raw", "raw_kernel"),
    ("cupy_rows", "_kernel"),
    ("cupy_products", "_function"),
    ("cupy_products", "_handle"),
)


class _Current(threading.local):
    device = 0


_current = _Current()


class Device:
    """As cupy's: a context manager, equal by number, without a hash."""

    __hash__ = None

    def __init__(self, device=None):
        self.id = _current.device if device is None else int(device)
        self._former = []

    def __eq__(self, other):
        return isinstance(other, Device) and self.id == other.id

    def __repr__(self):
        return f"<CUDA Device {self.id}>"

    def __enter__(self):
        self._former.append(_current.device)
        _current.device = self.id
        return self

    def __exit__(self, *error):
        _current.device = self._former.pop()

    compute_capability = "90"
    mem_info = (60 * GIB, 80 * GIB)

    def synchronize(self):
        pass


Device.__module__ = "cupy.cuda.device"


class OutOfMemoryError(MemoryError):
    """As cupy.cuda.memory's."""


class Host:
    """How often values were read by the host, and how many functions and kernels were started."""

    reads = 0
    launches = 0


def _read():
    """Count a value that the host reads, which no capture allows."""
    Host.reads += 1
    captured_launches.read()
    refuse("the current stream is capturing, so synchronous API calls are disallowed")


class Memory:
    """Bytes in use by device, and how many there may be."""

    limit = None
    held = 0


class _Pool:
    def used_bytes(self):
        return 1000 * (_current.device + 1)

    def total_bytes(self):
        return 2000 * (_current.device + 1)

    def free_all_blocks(self):
        Memory.held = 0


def _check(array):
    if array._id != _current.device:
        raise AssertionError(
            f"an array of cuda:{array._id} is used while cuda:{_current.device} is current"
        )
    return array._value


def _lower(value):
    """What numpy computes with, for what cupy was given."""
    if isinstance(value, ndarray):
        return _check(value)
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(map(_lower, value))
    return value


def _lift(value):
    """What cupy returns, for what numpy computed: arrays where numpy has scalars."""
    if isinstance(value, (np.ndarray, np.generic)):
        return ndarray(np.asarray(value), _current.device)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(_lift, value))
    if isinstance(value, (list, tuple)):
        return type(value)(map(_lift, value))
    return value


def _start(compute):
    """What cupy returns for a launch: computed now, and again by every launch of a captured graph."""
    with np.errstate(all="ignore"):
        lifted = _lift(compute())
    targets = [a._value for a in _arrays(lifted)]

    def again():
        with np.errstate(all="ignore"):
            made = [np.asarray(a) for a in _leaves(compute())]
        for target, new in zip(targets, made, strict=True):
            if not np.shares_memory(target, new):
                target[...] = new

    if current().capture is not None:
        with np.errstate(all="ignore"):
            others = _leaves(compute())  # share what is no new memory
        new = [t for t, o in zip(targets, others, strict=True) if not np.shares_memory(t, o)]
        launched(again, [t for t in new if t.base is None])
    return lifted


def _leaves(value):
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value] if isinstance(value, (np.ndarray, np.generic)) else []


def _arrays(value):
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in _arrays(part)]
    return [value] if isinstance(value, ndarray) else []


def _signature(text):
    kinds = inspect.Parameter
    kind = kinds.POSITIONAL_OR_KEYWORD
    found = []
    for part in filter(None, text.split(", ")):
        if part == "/":
            found = [p.replace(kind=kinds.POSITIONAL_ONLY) for p in found]
        elif part == "*":
            kind = kinds.KEYWORD_ONLY
        elif part.startswith("*"):
            starred = kinds.VAR_KEYWORD if part.startswith("**") else kinds.VAR_POSITIONAL
            found.append(kinds(part.lstrip("*"), starred))
            kind = kinds.KEYWORD_ONLY
        else:
            name = part.rstrip("=")
            default = None if part.endswith("=") else kinds.empty
            found.append(kinds(name, kind, default=default))
    return inspect.Signature(found)


# What starts nothing on a GPU: views and memory.
_STARTS_NOTHING = {"broadcast_to", "empty", "empty_like", "expand_dims", "moveaxis", "reshape"}
_STARTS_NOTHING |= {"result_type", "squeeze", "swapaxes", "transpose"}


# What calls cuBLAS or cuSOLVER for floats, and what cupy says of it while a stream is captured.
_LIBRARIES = {"dot", "einsum", "inner", "matmul", "outer", "tensordot", "vdot"}
_NO_TRANSFERS = "the current stream is capturing, so H2D transfers are disallowed"
_UNSUPPORTED = "calling cuBLAS API during stream capture is currently unsupported"


# What sends a table of addresses to the device where more arrays are joined.
_JOINS = {"column_stack", "concatenate", "dstack", "hstack", "stack", "vstack"}
_WITHOUT_TABLE = 8

# What gives float32 for bfloat16, what gives bfloat16, and what cannot.
_WIDENS = {"clip", "round", "where"}
_WITHOUT_BFLOAT16 = {"argsort", "searchsorted", "sort", "unique", "cumsum", "cumprod", "std", "var"}


def _is_bfloat16(value):
    return getattr(value, "dtype", None) is not None and value.dtype.name == "bfloat16"


def _of_bfloat16(name, implementation, given, library):
    """What cupy 14.2 does for bfloat16 where NumPy does something else."""
    found = [a for a in _leaves(given) if _is_bfloat16(a)]
    if not found:
        return implementation
    if library or name in _WITHOUT_BFLOAT16:
        raise NotImplementedError(f"cupy.{name} has no bfloat16")
    own = found[0].dtype
    if name == "matmul":
        if any(a.ndim > 2 for a in given):
            raise TypeError("data type 'E' not understood")
        return lambda *a: np.asarray(implementation(*a)).astype(own)
    if name in _WIDENS:
        wide = np.result_type(np.float32, *[a for a in _leaves(given) if not _is_bfloat16(a)])
        return lambda *a, **k: np.asarray(implementation(*a, **k)).astype(
            np.float32 if wide.kind in "biu" else wide
        )
    if name in API["cupyx.scipy.special"]:
        return lambda *a, **k: implementation(
            *[x.astype(np.float32) if _is_bfloat16(x) else x for x in a], **k
        )
    return implementation


def _function(name, text, implementation, library=False):
    signature = None if text == "?" else _signature(text)

    def call(*args, **kwargs):
        if signature is not None:
            signature.bind(*args, **kwargs)
        Host.launches += name not in _STARTS_NOTHING
        given = [_lower(a) for a in args]
        options = {k: _lower(v) for k, v in kwargs.items() if k != "blocking"}
        floats = any(a.dtype.kind in "fc" for a in _leaves(given))
        if floats and (library or name in _LIBRARIES):
            refuse(_UNSUPPORTED, NotImplementedError)
        if name in _JOINS and len(args[0]) > _WITHOUT_TABLE:
            refuse(_NO_TRANSFERS)
        if name in _STARTS_NOTHING:
            return _lift(implementation(*given, **options))
        function = _of_bfloat16(name, implementation, given, library)
        return _start(lambda: function(*given, **options))

    call.__name__ = call.__qualname__ = name
    call.__module__ = "cupy"
    call.__signature__ = signature  # which array_api_compat asks for
    return call


# What atomicAdd, atomicMax and atomicMin are there for (_routines_indexing.pyx).
_ADDED = "iIlLqQefd"
_COMPARED = "iIlLqQfd"


class ufunc:
    """As cupy's, without `where=`; scatters wrap indices and know few dtypes."""

    def __init__(self, function):
        self._function = function
        self.__name__ = function.__name__
        self.nin = function.nin

    def __call__(self, *args, out=None, dtype=None, casting="same_kind"):
        Host.launches += 1
        target = out[0] if isinstance(out, tuple) else out
        given = [_lower(a) for a in args]
        if len(given) > self.nin:
            target, given = args[self.nin], given[: self.nin]
        options = {} if dtype is None else {"dtype": dtype}
        if target is not None:
            options["out"] = _check(target)
        made = _start(lambda: self._function(*given, casting=casting, **options))
        return made if target is None else target

    def at(self, a, indices, b=None):
        operation = {"add": np.add, "maximum": np.maximum, "minimum": np.minimum}[self.__name__]
        value, given = _check(a), _lower(b)
        key = _key(value, indices)
        parts = key if isinstance(key, tuple) else (key,)
        if any(isinstance(p, np.ndarray) and p.dtype != bool for p in parts):
            known = _ADDED if operation is np.add else _COMPARED
            if value.dtype.char not in known:
                raise TypeError(f"cupy.{self.__name__}.at does not support {value.dtype}")
            if operation is not np.add and value.dtype.char == "d":
                given = np.float32(given)  # its atomicMax of doubles calls fmaxf
        _start(lambda: operation.at(value, _key(value, indices), np.asarray(given, value.dtype)))


def _key(value, key):
    """A key with index arrays in range, as cupy takes them: modulo the size of the axis."""
    parts = list(key) if isinstance(key, tuple) else [key]
    axis = 0
    missing = value.ndim - sum(p is not None and p is not Ellipsis for p in parts)
    for place, part in enumerate(parts):
        if part is None:
            continue
        if part is Ellipsis:
            axis += missing
            continue
        if isinstance(part, (list, np.ndarray)):
            raise TypeError(f"a key with a {type(part).__name__}")
        if isinstance(part, ndarray):
            index = _check(part)
            if index.dtype == bool:
                axis += index.ndim - 1
                missing -= index.ndim - 1
            elif value.shape[axis]:
                index = index.astype(np.int64) % value.shape[axis]
            parts[place] = index
        axis += 1
    return tuple(parts) if isinstance(key, tuple) else parts[0]


class _MemoryPointer:
    def __init__(self, array):
        self.ptr = array._value.ctypes.data
        self.device_id = array._id
        self.device = Device(array._id)


class ndarray:
    """An array on a GPU that is not there."""

    __slots__ = ("__weakref__", "_id", "_value")
    __hash__ = None
    __array_priority__ = 100

    def __init__(self, value, device):
        if Memory.limit is not None and value.nbytes > Memory.limit:
            raise OutOfMemoryError(f"Out of memory allocating {value.nbytes:,} bytes")
        captured_launches.allocated(value)
        self._value = value
        self._id = device

    device = property(lambda self: Device(self._id))
    data = property(_MemoryPointer)

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    __array_ufunc__ = None

    def get(self, stream=None, order="C", out=None, blocking=True):
        _read()
        if out is not None:
            out[...] = self._value
            return out
        return self._value.copy()

    def set(self, arr, stream=None):
        assert arr.dtype == self._value.dtype
        assert arr.shape == self._value.shape
        if stream is None:
            self._value[...] = arr
            return
        # On another stream the memory of arr is read some time later, whatever is in it by then.
        stream.later(self, self._value, arr.ctypes.data, arr.nbytes)

    def item(self):
        _read()
        return self._value.item()

    def tolist(self):
        _read()
        return self._value.tolist()

    def __len__(self):
        return len(self._value)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key):
        value = _check(self)
        return _start(lambda: value[_key(value, key)])  # looked at by every launch of a graph

    def __setitem__(self, key, value):
        target, given = _check(self), _lower(value)
        _start(lambda: target.__setitem__(_key(target, key), given))

    def __dlpack_device__(self):
        return (2, self._id)

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        return self

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        if not copy and self._value.dtype == np.dtype(dtype):
            return self
        value = _check(self)
        return _start(lambda: value.astype(dtype, order=order))

    def __deepcopy__(self, memo):
        return ndarray(self._value.copy(), self._id)

    def __reduce__(self):
        return asarray, (self._value,)

    def __repr__(self):
        return repr(self._value)


def _plain(name):
    return property(lambda self: getattr(self._value, name))


def _view(name):
    def set_view(self, value):
        getattr(_check(self), name)[...] = _lower(value)

    return property(lambda self: ndarray(getattr(self._value, name), self._id), set_view)


def _method(name):
    def call(self, *args, **kwargs):
        method = getattr(_check(self), name)
        given, options = [_lower(a) for a in args], {k: _lower(v) for k, v in kwargs.items()}
        return _start(lambda: method(*given, **options))

    return call


for _name in ("shape", "dtype", "ndim", "size", "nbytes", "itemsize", "strides", "flags"):
    setattr(ndarray, _name, _plain(_name))
for _name in ("T", "mT", "real", "imag"):
    setattr(ndarray, _name, _view(_name))
for _name in API["cupy.ndarray"]:
    if not hasattr(ndarray, _name) and hasattr(np.ndarray, _name):
        setattr(ndarray, _name, _method(_name))


def _reading(name):
    def call(self):
        _read()
        return getattr(self._value, name)()

    return call


for _name in ("bool", "int", "float", "complex"):
    setattr(ndarray, f"__{_name}__", _reading(f"__{_name}__"))


def _binary(function, reflected=False, in_place=False):
    def call(self, other):
        if isinstance(other, np.ndarray):
            raise TypeError("Unsupported type <class 'numpy.ndarray'>")
        if not isinstance(other, (ndarray, bool, int, float, complex, np.generic)):
            return NotImplemented
        Host.launches += 1
        given = (_lower(other), _check(self)) if reflected else (_check(self), _lower(other))
        if function is np.matmul:
            refuse(_UNSUPPORTED, NotImplementedError)
        if in_place:
            _start(lambda: function(*given, out=self._value, casting="same_kind"))
            return self
        return _start(lambda: function(*given))

    return call


_BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "matmul": np.matmul,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
}
for _name, _ufunc in _BINARY.items():
    setattr(ndarray, f"__{_name}__", _binary(_ufunc))
    setattr(ndarray, f"__r{_name}__", _binary(_ufunc, reflected=True))
    if _name != "matmul":
        setattr(ndarray, f"__i{_name}__", _binary(_ufunc, in_place=True))
for _name, _ufunc in (
    *(("eq", np.equal), ("ne", np.not_equal), ("lt", np.less), ("le", np.less_equal)),
    *(("gt", np.greater), ("ge", np.greater_equal)),
):
    setattr(ndarray, f"__{_name}__", _binary(_ufunc))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(ndarray, f"__{_name}__", _method(f"__{_name}__"))
ndarray.__module__ = "cupy"


# -- making arrays ---------------------------------------------------------------------------------


def array(obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    if isinstance(obj, ndarray):
        if obj._id == _current.device and not copy and dtype in (None, obj.dtype):
            return obj
        return _start(lambda: np.array(obj._value, dtype, order=order))  # a peer's copy too
    refuse(_NO_TRANSFERS)
    if isinstance(obj, (list, tuple)):
        obj = _lower(obj)
    return _lift(np.array(obj, dtype, ndmin=ndmin))


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    return array(a, dtype, copy is True, order or "K", blocking=blocking)


def from_dlpack(array, *, device=None, copy=None):
    kind, number = array.__dlpack_device__()
    assert kind == 2, "the stand-in reads CUDA's memory only"
    return ndarray(array.__dlpack__(stream=0)._value, number)


# -- kernels ---------------------------------------------------------------------------------------


def _compiled_as_on_the_host(options):
    """The host's compiler makes no fma of a product and a sum (host_kernels.py): NVRTC must not either."""
    assert "--fmad=false" in options, f"compiled with {options}"


class ElementwiseKernel:
    def __init__(self, in_params, out_params, operation, name="kernel", preamble="", *, options=()):
        _compiled_as_on_the_host(options)
        self.name = name
        self._parts = (in_params, out_params, operation, preamble)

    def __call__(self, *args, size=None):
        inputs, outputs, operation, preamble = self._parts
        Host.launches += 1
        given = [_lower(a) for a in args]
        run = lambda *into: host_kernels.run_elementwise(
            inputs, outputs, operation, preamble, [*given, *into], size
        )
        made = run()
        own = {id(_lower(a)): a for a in args if isinstance(a, ndarray)}
        many = made if isinstance(made, tuple) else (made,)
        new = [m for m in many if id(m) not in own]
        launched(lambda: run(*new), new)
        lifted = tuple([own[id(m)] if id(m) in own else _lift(m) for m in many])
        return lifted if isinstance(made, tuple) else lifted[0]


class RawKernel:
    def __init__(self, code, name, options=(), backend="nvrtc", **others):
        _compiled_as_on_the_host(options)
        self.code, self.name = code, name

    def __call__(self, grid, block, args, shared_mem=0):
        Host.launches += 1
        by_value = lambda a: isinstance(a, np.ndarray) and a.size == 1
        given = [a.copy() if by_value(a) else _lower(a) for a in args]
        run = lambda: host_kernels.run_raw(self.code, self.name, grid[0], block[0], given)
        run()
        launched(run, [])


# -- the modules -----------------------------------------------------------------------------------


def _numbers(module):
    """Dtypes, constants and what only answers questions, as they are in numpy."""
    names = ("bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 intp float16 float32 float64 "
             "complex64 complex128 floating integer complexfloating dtype inf nan pi e newaxis "
             "finfo iinfo generic number signedinteger unsignedinteger inexact")  # fmt: skip
    for name in names.split():
        setattr(module, name, getattr(np, name))
    for name in ("result_type", "can_cast", "issubdtype", "broadcast_shapes", "isscalar"):
        setattr(module, name, getattr(np, name))
    module.result_type = lambda *args: np.result_type(
        *(a._value if isinstance(a, ndarray) else a for a in args)
    )


def _solve(a, b):
    if b.ndim == 1:
        b = np.broadcast_to(b, a.shape[:-1])[..., None]
        return np.linalg.solve(a, b)[..., 0]
    if a.shape[:-1] != b.shape[:-1]:
        raise ValueError("a must have (..., M, M) shape and b must have (..., M, K)")
    return np.linalg.solve(a, b)


def _cholesky(a):
    """As cuSOLVER's: what there is when it fails is left there, and nobody says so."""
    y = np.array(a)
    for at in np.ndindex(y.shape[:-2]):
        factor = scipy.linalg.lapack.get_lapack_funcs("potrf", (y,))
        y[at] = factor(y[at], lower=1, clean=1)[0]
    return y


def _solve_triangular(a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False,
                      check_finite=False):  # fmt: skip
    assert a.shape[:-2] == b.shape[:-2]
    dtype = a.dtype if a.dtype.char in "fd" else np.promote_types(a.dtype, "f")
    a, b = a.astype(dtype), b.astype(dtype)  # whatever that takes from b
    return np.linalg.solve(np.tril(a) if lower else np.triu(a), b)


def _modules(count):
    module = types.ModuleType("cupy")
    module.__version__ = "14.2.0"
    for name, text in API["cupy"].items():
        function = getattr(np, name, None)
        if function is None:
            continue  # which newer versions of NumPy have no more
        if isinstance(function, np.ufunc) and name != "matmul":
            setattr(module, name, ufunc(function))
        else:
            setattr(module, name, _function(name, text, function))
    _numbers(module)
    module.size = lambda a: a.size
    for each in (ndarray, ufunc, array, asarray, from_dlpack, ElementwiseKernel, RawKernel):
        setattr(module, each.__name__, each)
    module.asnumpy = lambda a: a.get()
    module.get_default_memory_pool = _Pool
    cuda = types.ModuleType("cupy.cuda")
    cuda.Device = Device
    cuda.is_available = lambda: True
    cuda.runtime = types.SimpleNamespace(
        getDeviceCount=lambda: count, getDevice=lambda: _current.device
    )
    cuda.memory = types.SimpleNamespace(OutOfMemoryError=OutOfMemoryError)
    for name in ("Event", "Graph", "MemoryPool", "Stream", "using_allocator"):
        setattr(cuda, name, getattr(captured_launches, name))
    cuda.get_current_stream = current
    linalg = types.ModuleType("cupy.linalg")
    for name, text in API["cupy.linalg"].items():
        own = {"solve": _solve, "cholesky": _cholesky}.get(name) or getattr(np.linalg, name)
        setattr(linalg, name, _function(name, text, own, library=name != "norm"))
    linalg.LinAlgError = np.linalg.LinAlgError
    fft = types.ModuleType("cupy.fft")
    for name, text in API["cupy.fft"].items():
        setattr(fft, name, _function(name, text, getattr(np.fft, name)))
    core, products = (
        types.ModuleType(name) for name in ("cupy._core", "cupy._core._routines_linalg")
    )
    products.COMPUTE_TYPE_DEFAULT, products.COMPUTE_TYPE_TF32 = 1, 7
    products.compute_types = {}
    products.set_compute_type = lambda dtype, kind: products.compute_types.update(
        {np.dtype(dtype): kind}
    )
    products.get_compute_type = lambda dtype: products.compute_types.get(np.dtype(dtype), 1)
    core._routines_linalg = products
    random = cupy_random.module(ndarray, lambda: _current.device)
    module.cuda, module.linalg, module.fft, module._core = cuda, linalg, fft, core
    module.random = random
    cupyx, scipy_module = types.ModuleType("cupyx"), types.ModuleType("cupyx.scipy")
    cupyx.__path__ = scipy_module.__path__ = []
    cupyx.empty_pinned = captured_launches.pinned.empty
    pinned = types.ModuleType("cupy.cuda.pinned_memory")
    pinned._add_to_watch_list = captured_launches.pinned.watch
    cuda.pinned_memory = pinned
    solvers = types.ModuleType("cupyx.scipy.linalg")
    solvers.solve_triangular = _function("solve_triangular", "?", _solve_triangular, True)
    special = types.ModuleType("cupyx.scipy.special")
    for name in API["cupyx.scipy.special"]:
        setattr(special, name, _function(name, "?", getattr(scipy.special, name)))
    finder, nvidia = types.ModuleType("cuda.pathfinder"), types.ModuleType("cuda")
    nvidia.__path__ = []
    finder.load_nvidia_dynamic_lib = _find_library
    typed = types.ModuleType("cupy.cuda.device")
    typed.Device = Device
    for each in (module, cuda, core):
        each.__path__ = []
    found = (
        module,
        cuda,
        pinned,
        typed,
        linalg,
        fft,
        core,
        products,
        random,
        cupyx,
        scipy_module,
        solvers,
        special,
        nvidia,
        finder,
    )
    return {m.__name__: m for m in found}


def _find_library(name):
    assert name == "cublas"
    made = host_cublas.library(product)
    return types.SimpleNamespace(abs_path=made._name)


def product(perform):
    """Compute a product of the stand-in for cuBLAS, or leave it to the launches of a graph."""
    Host.launches += 1
    if current().capture is None:
        perform()
    launched(perform, [])


@contextlib.contextmanager
def stand_in(count=2):
    """Put the stand-in in cupy's place, and everything back afterwards."""
    devices = importlib.import_module("xgrad.backends.device")
    ours = [n for n in sys.modules if n.split(".")[0] in ("cupy", "cupyx", "cuda")]
    ours += [n for n in sys.modules if n.startswith("array_api_compat.cupy")]
    former = {n: sys.modules.pop(n) for n in ours}
    compat = importlib.import_module("array_api_compat")
    had = compat.__dict__.pop("cupy", None)
    names, by_name = dict(registry._BY_NAME), dict(devices._by_name)
    registry._BY_NAME.pop("cupy", None)
    for name in [n for n in devices._by_name if n.startswith("cuda")]:
        del devices._by_name[name]
    kernels = [
        getattr(importlib.import_module(f"xgrad.backends.{module}"), name)
        for module, name in KERNELS
    ]
    sys.modules.update(_modules(count))
    _forget()
    try:
        for kernel in kernels:
            kernel.cache_clear()
        yield sys.modules["cupy"]
    finally:
        for kernel in kernels:
            kernel.cache_clear()
        for name in [n for n in sys.modules if n.split(".")[0] in ("cupy", "cupyx", "cuda")]:
            del sys.modules[name]
        for name in [n for n in sys.modules if n.startswith("array_api_compat.cupy")]:
            del sys.modules[name]
        sys.modules.update(former)
        if had is not None:
            compat.cupy = had
        registry._BY_NAME.clear()
        registry._BY_NAME.update(names)
        devices._by_name.clear()
        devices._by_name.update(by_name)
        _forget()


def _forget():
    """Let nobody remember which backend answers for the stand-in's arrays."""
    registry._BY_TYPE.pop(ndarray, None)
    for primitive in PRIMITIVES.values():
        primitive.implementations.pop(ndarray, None)
