"""cupy: the devices ``cuda`` and ``cuda:<i>``.

cupy computes on the current device, whatever device its operands are on, its creation functions
have no ``device=``, and mixing GPUs only warns; so devices are handled here. With one GPU there is
nothing to handle, and nothing is paid for it. Importing cupy needs no GPU: what is missing is said
when a device is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from .._typing import Array, DType, NativeDevice, Shape
from ..errors import BackendUnavailableError
from .base import CUDA, Backend, Job, Memory, Replaced
from .captured import Capturer
from .cupy_bundles import together_function
from .cupy_elementwise import one_kernel_each, replace_by_kernel
from .cupy_functions import CupyFunctions, Own
from .cupy_fusion import can_fuse
from .cupy_graphs import CupyCapturer
from .cupy_halves import bfloat16, is_bfloat16
from .cupy_memory import Uploader, alongside, memory, release
from .cupy_pointwise import pointwise_function
from .cupy_reductions import reduced_function
from .cupy_tables import is_captured
from .fused import Fused, renumbered
from .options import options

__all__ = ["CupyBackend"]


class PlacedFunctions(CupyFunctions):
    """Functions that compute on the device of their arrays, or on the one that is asked for."""

    def __getattr__(self, name: str) -> Any:
        function = super().__getattr__(name)
        if callable(function) and not isinstance(function, type) and name != "to_device":
            function = _placed(function)
            setattr(self, name, function)
        return function


def _placed(function: Callable[..., Any]) -> Callable[..., Any]:
    cuda = importlib.import_module("cupy.cuda")
    current = cuda.runtime.getDevice

    def call(*args: Any, **kwargs: Any) -> Any:
        device = kwargs.get("device")
        number = _device_number(args) if device is None else device.id
        if number is None or number == current():
            return function(*args, **kwargs)
        with cuda.Device(number):
            return function(*args, **kwargs)

    return call


def _device_number(values: Any) -> int | None:
    """The number of the device of the first array."""
    for value in values:
        number = getattr(getattr(value, "data", None), "device_id", None)
        if number is not None:
            return int(number)
        if isinstance(value, (list, tuple)):
            found = _device_number(value)
            if found is not None:
                return found
    return None


class CupyBackend(Backend):
    """cupy arrays in the memory of NVIDIA GPUs."""

    Own = Own
    fuses = True
    fuses_together = True

    def __init__(self) -> None:
        try:
            self.cupy = importlib.import_module("cupy")
            namespace = importlib.import_module("array_api_compat.cupy")
        except ImportError as error:
            raise BackendUnavailableError(
                f'cuda: cupy is not installed ({error}). Use pip install ".[cuda13]" or ".[cuda12]" in '
                "a checkout of xgrad, whichever CUDA the driver supports."
            ) from error
        except OSError as error:
            raise BackendUnavailableError(
                f"cuda: cupy cannot be imported ({type(error).__name__}: {error}). If that is the "
                "folder of its compiled kernels, use CUPY_CACHE_DIR to name one that can be written."
            ) from error
        super().__init__("cupy", namespace)
        self._capturers: dict[int, Capturer] = {}
        self.one_device = self._count() < 2
        self.roams = not self.one_device
        self.xp = (PlacedFunctions if self.roams else CupyFunctions)(namespace, Own)
        self.set_matmul_precision(options.matmul_precision)

    def on(self, array: Array) -> AbstractContextManager[Any]:
        return array.device if self.roams else nullcontext()

    def replace(
        self,
        function: Callable[..., Any],
        jobs: Sequence[Job],
        elementwise: bool,
        kept: dict[Any, Any] | None = None,
    ) -> Replaced:
        if not elementwise:
            return super().replace(function, jobs, elementwise)
        results: dict[int, tuple[Array, ...]] = {}
        kernels = one_kernel_each(jobs)
        if len(kernels) < len(jobs) and is_captured():
            kernels = [[place] for places in kernels for place in places]
        for places in kernels:
            together = [jobs[place] for place in places]
            with self.on(together[0].arrays[0]):
                made = replace_by_kernel(function, together, {} if kept is None else kept)
            if made is not None:
                results.update(zip(places, made, strict=True))
        return Replaced(
            [
                results[place] if place in results else self.replace_whole(function, job)
                for place, job in enumerate(jobs)
            ],
            [],
        )

    def replace_whole(self, function: Callable[..., Any], job: Job) -> tuple[Array, ...]:
        with self.on(job.arrays[0]):
            if not any(map(is_bfloat16, job.arrays)):
                return super().replace_whole(function, job)
            wide = tuple([x.astype("float32") if is_bfloat16(x) else x for x in job.arrays])
            made = super().replace_whole(function, job._replace(arrays=wide))
            return tuple([y.astype(x.dtype) for x, y in zip(job.arrays[1:], made, strict=True)])

    def set_matmul_precision(self, precision: str | None) -> None:
        if precision is None or not self._count():
            return
        products = importlib.import_module("cupy._core._routines_linalg")
        exact, fast = products.COMPUTE_TYPE_DEFAULT, products.COMPUTE_TYPE_TF32
        for dtype in (self.cupy.float32, self.cupy.complex64):
            products.set_compute_type(dtype, fast if precision == "high" else exact)

    def reaches(self, kind: int, native: NativeDevice) -> bool:
        return kind == CUDA

    def asarray(
        self, value: Any, dtype: DType, native: NativeDevice, copy: bool | None = None
    ) -> Array:
        with native:
            return self.namespace.asarray(value, dtype=dtype, copy=copy)

    def to_numpy(self, array: Array) -> Array:
        with self.on(array):
            return array.get()

    def can_fuse(self, name: str, operands: Sequence[DType | None], result: DType) -> bool:
        return can_fuse(name, operands, result)

    def fused(self, group: Fused) -> Callable[..., tuple[Array, ...]] | None:
        group = renumbered(group)  # equal groups are compiled once
        function = reduced_function(group) if group.reductions else pointwise_function(group)
        return _placed(function) if function is not None and self.roams else function

    def capturer(self, native: NativeDevice) -> Capturer:
        if native.id not in self._capturers:
            self._capturers[native.id] = CupyCapturer(
                self.cupy, self.namespace, native, self.one_device
            )
        return self._capturers[native.id]

    def fused_together(
        self, group: Fused, single: Sequence[bool], shapes: Sequence[Shape]
    ) -> Callable[..., tuple[Array, ...]]:
        function = together_function(renumbered(group), single, shapes)
        return _placed(function) if self.roams else function

    def memory(self, native: NativeDevice) -> Memory:
        return memory(native)

    def release_memory(self, native: NativeDevice) -> None:
        release(native)

    def uploader(self, native: NativeDevice) -> Callable[[Sequence[Array]], Callable[[], Any]]:
        return Uploader(native).send

    def alongside(self, native: NativeDevice) -> Callable[[], AbstractContextManager[Any]] | None:
        return alongside(native)

    def generator(self, seed: Any, native: NativeDevice) -> Any:
        from .cupy_generator import CupyGenerator

        return CupyGenerator(seed, native)

    def _find_dtype(self, name: str) -> DType | None:
        if name == "bfloat16":
            return bfloat16()
        found = super()._find_dtype(name)  # of which arrays have the dtype, with its own hash
        return None if found is None else self.cupy.dtype(found)

    def device_name(self, native: NativeDevice) -> str:
        return f"cuda:{native.id}"

    def parse_device(self, text: str | None) -> NativeDevice:
        count = self._device_count()
        if text is None:
            return self.cupy.cuda.Device()
        if not text.isdigit() or int(text) >= count:
            raise BackendUnavailableError(
                f"cuda:{text}: this machine has {count} CUDA device(s), numbered from 0. Use one "
                "of them."
            )
        return self.cupy.cuda.Device(int(text))

    def native_devices(self) -> list[NativeDevice]:
        return [self.cupy.cuda.Device(i) for i in range(self._device_count())]

    def transfer(self, array: Array, native: NativeDevice) -> Array:
        with native:
            return self.cupy.array(array)

    def _count(self) -> int:
        """The number of devices, 0 where there is no driver."""
        try:
            return self._device_count()
        except BackendUnavailableError:
            return 0

    def _device_count(self) -> int:
        try:
            return int(self.cupy.cuda.runtime.getDeviceCount())
        except Exception as error:
            raise BackendUnavailableError(
                f"cuda: cupy {self.cupy.__version__} is installed, but no CUDA device can be used: "
                f"{error}. Use a machine with an NVIDIA GPU and driver, or the device cpu."
            ) from error
