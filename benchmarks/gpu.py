"""What the GPU is kept busy with: host cost per operation, bandwidth, training steps, kernels, memory.

Every figure stands next to the bare library's, torch's or the hardware's own in the same run. Calls are
put in the queue and waited for once per block, as a training loop does. With `--device cpu --quick` it
runs anywhere in seconds, to see that it runs; the figures then mean nothing.

    python benchmarks/gpu.py --json gpu.json --markdown gpu.md
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import _timing
import numpy as np

import xgrad as xg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECTIONS = ("steps", "bandwidth", "kernels", "adam", "host")


class Row(NamedTuple):
    """One figure."""

    section: str
    what: str
    who: str
    value: float
    unit: str
    note: str = ""


class Machine:
    """A device, how to wait for it, and how much of everything to do on it."""

    def __init__(self, name: str, quick: bool, torch: bool) -> None:
        self.device = xg.device(name)
        self.xp = self.device.backend.xp
        self.quick = quick
        self.is_cuda = str(self.device).startswith("cuda")
        self.torch = _torch_on(self.is_cuda) if torch else None

    def wait(self) -> None:
        """Wait until everything in the queue is done."""
        if self.is_cuda:
            self.device.native.synchronize()

    def array(self, *shape: int, seed: int = 0) -> xg.Tensor:
        """Make normal numbers in float32."""
        values = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
        return xg.asarray(values, device=self.device)

    def seconds(self, call: Callable[[], object]) -> float:
        """Give the median time per call, queued in blocks that are waited for once."""
        call()
        self.wait()
        start = time.perf_counter()
        call()
        self.wait()
        once = time.perf_counter() - start
        budget = 0.01 if self.quick else 0.2
        calls = max(1, min(1000, int(budget / max(once, 1e-6))))
        found = []
        for _ in range(3 if self.quick else 9):
            start = time.perf_counter()
            for _ in range(calls):
                call()
            self.wait()
            found.append((time.perf_counter() - start) / calls)
        return statistics.median(found)


def _torch_on(is_cuda: bool) -> Any:
    """Give torch and its device, or None where it is missing or has no such device."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    if is_cuda and not torch.cuda.is_available():
        return None
    return torch, torch.device("cuda" if is_cuda else "cpu")


# -- what one operation costs the host -------------------------------------------------------------


def host(m: Machine) -> Iterator[Row]:
    """Time operations on small arrays, where only the way to the device counts."""
    x = m.array(64, 64)
    raw, xp = x.array, m.xp
    bare = {
        "add": lambda: raw + raw,
        "exp": lambda: xp.exp(raw),
        "sum": lambda: xp.sum(raw),
        "matmul": lambda: xp.matmul(raw, raw),
    }
    ours: dict[str, Callable[[Any], Any]] = {
        "add": lambda x: x + x,
        "exp": xg.exp,
        "sum": xg.sum,
        "matmul": lambda x: x @ x,
    }

    def recorded(f: Callable[[Any], Any], gradient: bool) -> None:
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        if gradient:
            tape.gradient(y, x)

    for name, f in ours.items():
        yield Row("host", name, "the library alone", 1e6 * m.seconds(bare[name]), "us")
        yield Row("host", name, "xgrad", 1e6 * m.seconds(lambda f=f: f(x)), "us")
        each = 1e6 * m.seconds(lambda f=f: recorded(f, False))
        yield Row("host", name, "xgrad, with a tape of its own", each, "us")
        each = 1e6 * m.seconds(lambda f=f: recorded(f, True))
        yield Row("host", name, "xgrad, with its gradient", each, "us")
        if m.torch:
            torch, place = m.torch
            t = torch.ones(64, 64, device=place)
            peer = {"add": lambda t: t + t, "matmul": lambda t: t @ t}.get(name)
            peer = peer or getattr(torch, name)
            yield Row("host", name, "torch", 1e6 * m.seconds(lambda p=peer, t=t: p(t)), "us")


# -- bytes per second ------------------------------------------------------------------------------


def chain(x: Any) -> Any:
    """Eight elementwise operations."""
    return xg.tanh(xg.exp(-x * x) * x + 0.5) * (x + 1.0)


def bandwidth(m: Machine) -> Iterator[Row]:
    """Compare an elementwise chain with a copy, which reads and writes once."""
    count = 1 << (16 if m.quick else 26)
    x = m.array(count)
    size = 4 * count
    copied = m.seconds(lambda: m.xp.copy(x.array))
    yield Row("bandwidth", f"{size >> 20} MiB", "copy", 2 * size / copied / 1e9, "GB/s")
    total = lambda x: xg.sum(chain(x))
    with_gradient = xg.value_and_grad(total)
    for what, passes, f in (
        ("8 operations", 2, chain),
        ("their sum", 1, total),  # which is read and not written
        ("their sum and its gradient", 2, with_gradient),
    ):
        for who, way in (("eager", f), ("xg.function", xg.function(f))):
            each = m.seconds(lambda way=way: way(x))
            share = f"{passes * copied / each / 2:.0%} of what a copy moves in that time"
            yield Row("bandwidth", what, who, passes * size / each / 1e9, "GB/s", share)
    if m.torch:
        torch, place = m.torch
        t = torch.ones(count, device=place)
        peer = lambda: torch.tanh(torch.exp(-t * t) * t + 0.5) * (t + 1.0)
        yield Row("bandwidth", "8 operations", "torch", 2 * size / m.seconds(peer) / 1e9, "GB/s")
        peer = lambda: torch.sum(torch.tanh(torch.exp(-t * t) * t + 0.5) * (t + 1.0))
        yield Row("bandwidth", "their sum", "torch", size / m.seconds(peer) / 1e9, "GB/s")


# -- training steps --------------------------------------------------------------------------------


def steps(m: Machine) -> Iterator[Row]:
    """Time a step of three dense layers: once many small arrays, once large products."""
    sizes = {"overhead-bound": (64, 32), "matmul-bound": (128, 64) if m.quick else (4096, 4096)}
    for what, (width, batch) in sizes.items():
        x, target = m.array(batch, width, seed=1), m.array(batch, width, seed=2)
        scale = width**-0.5
        start = [m.array(width, width, seed=3 + i).numpy() * scale for i in range(3)]
        weights = [xg.Variable(w, device=m.device) for w in start]

        def step(weights: Any = weights, x: Any = x, target: Any = target) -> None:
            with xg.GradientTape() as tape:
                h = xg.tanh(xg.tanh(x @ weights[0]) @ weights[1]) @ weights[2]
                loss = xg.mean(xg.square(h - target))
            for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
                w.assign_sub(0.01 * g)

        work = 3 * 3 * 2 * batch * width * width
        ways = [("eager", step, "auto"), ("xg.function", xg.function(step), "auto")]
        if m.is_cuda:  # a graph, and the same kernels one by one
            ways.append(("xg.function, one graph", xg.function(step), "always"))
            ways.append(("xg.function, kernel by kernel", xg.function(step), "never"))
        for who, f, graphs in ways:
            with xg.cuda.set_graphs(graphs):
                f()
                each = m.seconds(f)
                told = f.stats().replay if m.is_cuda and f is not step else ""
            note = f"{work / each / 1e12:.3g} TFLOP/s" + (f"; {told}" if told else "")
            yield Row("steps", what, who, 1e3 * each, "ms", note)
        if m.torch:
            each = m.seconds(_torch_step(m.torch, start, x.numpy(), target.numpy()))
            yield Row("steps", what, "torch", 1e3 * each, "ms", f"{work / each / 1e12:.3g} TFLOP/s")
        if importlib.util.find_spec("jax") is not None:
            call, where = _jax_step(start, x.numpy(), target.numpy(), m.is_cuda)
            if call is not None:
                yield Row("steps", what, "jax.jit", 1e3 * m.seconds(call), "ms", where)


def _torch_step(found: Any, start: Any, x: Any, target: Any) -> Callable[[], None]:
    torch, place = found
    weights = [torch.tensor(w, device=place, requires_grad=True) for w in start]
    x, target = torch.tensor(x, device=place), torch.tensor(target, device=place)

    def step() -> None:
        h = torch.tanh(torch.tanh(x @ weights[0]) @ weights[1]) @ weights[2]
        loss = torch.mean(torch.square(h - target))
        with torch.no_grad():
            for w, g in zip(weights, torch.autograd.grad(loss, weights), strict=True):
                w.sub_(0.01 * g)

    return step


def _jax_step(start: Any, x: Any, target: Any, is_cuda: bool) -> tuple[Any, str]:
    # Else JAX takes three quarters of the GPU's memory for itself.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax

    if is_cuda and jax.default_backend() != "gpu":
        return None, ""
    jnp = jax.numpy

    def loss(weights: Any) -> Any:
        h = jnp.tanh(jnp.tanh(x @ weights[0]) @ weights[1]) @ weights[2]
        return jnp.mean(jnp.square(h - target))

    step = jax.jit(lambda ws: [w - 0.01 * g for w, g in zip(ws, jax.grad(loss)(ws), strict=True)])
    state = [jnp.asarray(w) for w in start]
    return lambda: jax.block_until_ready(step(state)), jax.default_backend()


# -- kernels against compositions ------------------------------------------------------------------


def kernels(m: Machine) -> Iterator[Row]:
    """Time what has a kernel of its own on CUDA next to the composition that serves elsewhere."""
    from xgrad.backends import portable

    x = m.array(*((64, 128) if m.quick else (16384, 4096))).array
    for name in ("softmax", "log_softmax", "logsumexp"):
        own = m.seconds(lambda name=name: getattr(m.xp, name)(x, axis=-1))
        plain = m.seconds(lambda name=name: getattr(portable, name)(m.xp, x, axis=-1))
        yield Row("kernels", name, "as installed", 1e3 * own, "ms")
        yield Row("kernels", name, "composition", 1e3 * plain, "ms", f"{plain / own:.2f} times")


# -- an optimizer's step ---------------------------------------------------------------------------


def adam(m: Machine) -> Iterator[Row]:
    """Time Adam on a hundred million parameters, and look at what it takes of the memory."""
    count = 10_000 if m.quick else 100_000_000
    w, g = xg.Variable(m.array(count)), m.array(count, seed=1)
    optimizer = xg.optimizers.Adam()
    step = lambda: optimizer.apply([g], [w])
    each = m.seconds(step)
    rate = f"{28 * count / each / 1e9:.0f} GB/s of 28 bytes per parameter"
    yield Row("adam", f"{count:,} parameters", "xgrad", 1e3 * each, "ms", rate)
    if m.is_cuda:
        used, pool, _, _ = xg.cuda.memory(m.device)
        note = f"{pool / 4 / count:.1f} arrays of that size held by the pool"
        yield Row("adam", "memory of arrays", "xgrad", used / 2**30, "GiB", note)
    if m.torch:
        torch, place = m.torch
        t = torch.zeros(count, device=place, requires_grad=True)
        t.grad = torch.ones(count, device=place)
        peer = torch.optim.Adam([t], fused=m.is_cuda)
        who = "torch, fused" if m.is_cuda else "torch"
        yield Row("adam", f"{count:,} parameters", who, 1e3 * m.seconds(peer.step), "ms")
    yield from adam_of_many(m)


def adam_of_many(m: Machine) -> Iterator[Row]:
    """Time Adam on fifty variables, where what counts is how often something is started."""
    size = 100 if m.quick else 200_000
    what = f"50 variables of {size:,}"
    w = [xg.Variable(m.array(size)) for _ in range(50)]
    grads = [m.array(size, seed=1) for _ in w]
    optimizer = xg.optimizers.Adam()
    yield Row("adam", what, "xgrad", 1e3 * m.seconds(lambda: optimizer.apply(grads, w)), "ms")
    recorded = xg.function(lambda grads: optimizer.apply(grads, w))
    yield Row("adam", what, "xg.function", 1e3 * m.seconds(lambda: recorded(grads)), "ms")
    if m.torch:
        torch, place = m.torch
        for how in ("foreach", "fused") if m.is_cuda else ("foreach",):
            given = [torch.zeros(size, device=place, requires_grad=True) for _ in range(50)]
            for t in given:
                t.grad = torch.ones(size, device=place)
            peer = torch.optim.Adam(given, **{how: True})
            yield Row("adam", what, f"torch, {how}", 1e3 * m.seconds(peer.step), "ms")


# -- the report ------------------------------------------------------------------------------------


def describe(m: Machine) -> dict[str, Any]:
    """Collect what a reader needs in order to place the figures."""
    found = {**_timing.describe_machine(), "device": str(m.device), "numpy": np.__version__}
    if m.is_cuda:
        import cupy

        properties = cupy.cuda.runtime.getDeviceProperties(m.device.native.id)
        found["gpu"] = properties["name"].decode()
        found["cupy"] = cupy.__version__
        found["driver"] = cupy.cuda.runtime.driverGetVersion()
        found["runtime"] = cupy.cuda.runtime.runtimeGetVersion()
    if m.torch:
        found["torch"] = m.torch[0].__version__
    return found


def markdown(machine: dict[str, Any], rows: list[Row]) -> str:
    """Write the figures as tables, a section each."""
    lines = ["; ".join(f"{key} {value}" for key, value in machine.items()), ""]
    for section in dict.fromkeys(row.section for row in rows):
        lines += [f"### {section}", "", "| what | who | figure | |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {r.what} | {r.who} | {r.value:.4g} {r.unit} | {r.note} |"
            for r in rows
            if r.section == section
        ]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Run the sections that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--device", default="cuda", help="default: cuda")
    add("--sections", nargs="+", choices=SECTIONS, default=SECTIONS, help="default: all")
    add("--quick", action="store_true", help="small arrays and short blocks, to see that it runs")
    add("--peers", choices=("torch", "none"), default="torch", help="default: torch, where it is")
    add("--json", metavar="FILE", help="write all figures to FILE")
    add("--markdown", metavar="FILE", help="write tables to FILE")
    arguments = parser.parse_args()
    m = Machine(arguments.device, arguments.quick, arguments.peers == "torch")
    machine = describe(m)
    _timing.print_machine(machine)
    rows: list[Row] = []
    for name in arguments.sections:
        print(f"\n{name}")
        found = list(globals()[name](m))
        rows += found
        cells = [(r.what, r.who, f"{r.value:.4g} {r.unit}", r.note) for r in found]
        _timing.print_table(("what", "who", "figure", ""), cells)
        if arguments.json:  # after each section, in case that the time ends before the figures
            figures = {"machine": machine, "rows": [row._asdict() for row in rows]}
            Path(arguments.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")
        if arguments.markdown:
            Path(arguments.markdown).write_text(markdown(machine, rows), encoding="utf-8")


if __name__ == "__main__":
    main()
