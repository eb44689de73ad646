"""Parts of neural networks next to torch's on the CPU: a convolution, pooling, softmax, a norm.

The first line is the one that is judged: a 3 x 3 convolution of (32, 32, 32, 32) float32 with 32
outputs, channels last, value and gradients with respect to both, must take at most 2.5 times as long
as torch on the same layout in the same run (exit status 1 otherwise). torch with its channels first,
xg.function and the other parts are shown for information. All agree to float32, or nothing is timed.

    python benchmarks/nn.py --threads 2
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _timing

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], Any]
    Workloads = dict[str, dict[str, Call]]

SHAPE = (32, 32, 32, 32)
OUTPUTS = 32
MOST_TIME = 2.5
JUDGED = "convolution, value and gradients"


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=9, help="default 9")
    add("--block", type=float, default=0.3, help="seconds per block (default 0.3)")
    add("--threads", type=int, default=1, help="threads of every library (default 1)")
    add("--only", metavar="TEXT", default="", help="workloads whose name contains TEXT")
    add("--peers", nargs="*", choices=("torch",), default=("torch",), help="default: all")
    add("--quick", action="store_true", help="small arrays and few rounds: shows that it runs")
    add("--json", metavar="FILE", help="write all figures to FILE")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.block = 3, 0.001
    return options


def make_workloads(threads: int, peers: list[str], shape: tuple[int, ...]) -> Workloads:
    """Make, by workload and contender, functions of nothing that return arrays of numpy."""
    import numpy as np

    rng = np.random.default_rng(0)
    channels = shape[-1]
    data = {
        "x": rng.normal(size=shape).astype(np.float32),
        "kernel": (rng.normal(size=(3, 3, channels, OUTPUTS)) * 0.1).astype(np.float32),
        "labels": rng.integers(0, 1000, size=shape[0] * 64),
    }
    data["logits"] = rng.normal(size=(len(data["labels"]), 1000)).astype(np.float32)
    workloads = of_xgrad(data, channels)
    if "torch" in peers:
        for name, contenders in of_torch(data, channels, threads).items():
            workloads[name].update(contenders)
    return workloads


def of_xgrad(data: dict[str, Any], channels: int) -> Workloads:
    """Make those of xgrad."""
    import xgrad as xg

    x, kernel, labels = data["x"], data["kernel"], xg.asarray(data["labels"])
    xs, ks = xg.asarray(x), xg.asarray(kernel)

    def ours(f: Callable[..., Any], *arrays: Any, recorded: bool = False) -> Call:
        leaves = [xg.asarray(a) for a in arrays]

        def both(*leaves: Any) -> Any:
            with xg.GradientTape() as tape:
                tape.watch(leaves)
                y = xg.sum(f(*leaves))
            return y, *tape.gradient(y, leaves)

        run = xg.function(both) if recorded else both
        return lambda: [t.array for t in run(*leaves)]

    def cross_entropy(x: Any) -> Any:
        return xg.nn.sparse_softmax_cross_entropy(x, labels)

    strided = lambda x, k: xg.nn.conv(x, k, strides=2, padding=1)
    depthwise = lambda x, k: xg.nn.conv(x, k, groups=channels)
    calls = {
        "convolution, value": lambda: [xg.nn.conv(xs, ks).array],
        "convolution, strides 2": ours(strided, x, kernel),
        "convolution, depthwise": ours(depthwise, x, kernel[:, :, :1]),
        "max_pool, 2 x 2": ours(lambda x: xg.nn.max_pool(x, 2), x),
        "relu": ours(xg.nn.relu, x),
        "gelu": ours(xg.nn.gelu, x),
        "layer_norm over 32": ours(lambda x: xg.square(xg.nn.layer_norm(x)), x),
        "cross entropy of 2048 x 1000": ours(cross_entropy, data["logits"]),
    }
    recorded = ours(xg.nn.conv, x, kernel, recorded=True)
    judged = {"xgrad": ours(xg.nn.conv, x, kernel), "xgrad.function": recorded}
    return {JUDGED: judged, **{name: {"xgrad": call} for name, call in calls.items()}}


def of_torch(data: dict[str, Any], channels: int, threads: int) -> Workloads:
    """Make those of torch, channels last in memory unless it says otherwise."""
    import torch

    torch.set_num_threads(threads)
    F = torch.nn.functional
    x, labels = data["x"], torch.tensor(data["labels"])

    def theirs(f: Callable[..., Any], *leaves: Any) -> Call:
        def run() -> Any:
            y = f(*leaves).sum()
            return [t.detach().numpy() for t in (y, *torch.autograd.grad(y, leaves))]

        return run

    def leaf(a: Any) -> Any:
        return torch.tensor(a, requires_grad=True)

    kernels = data["kernel"].transpose(3, 2, 0, 1)
    last = leaf(x).detach().permute(0, 3, 1, 2).requires_grad_()
    first, weight = leaf(x.transpose(0, 3, 1, 2)), leaf(kernels)
    conv = lambda x, k: F.conv2d(x, k, padding=1)
    strided = lambda x, k: F.conv2d(x, k, stride=2, padding=1)
    depthwise = lambda x, k: F.conv2d(x, k, padding=1, groups=channels)
    calls = {
        JUDGED: theirs(conv, last, weight),
        "convolution, value": lambda: [
            conv(last.detach(), weight.detach()).permute(0, 2, 3, 1).numpy()
        ],
        "convolution, strides 2": theirs(strided, last, weight),
        "convolution, depthwise": theirs(depthwise, last, leaf(kernels[:, :1].copy())),
        "max_pool, 2 x 2": theirs(lambda x: F.max_pool2d(x, 2), last),
        "relu": theirs(torch.relu, leaf(x)),
        "gelu": theirs(F.gelu, leaf(x)),
        "layer_norm over 32": theirs(lambda x: F.layer_norm(x, (channels,)) ** 2, leaf(x)),
        "cross entropy of 2048 x 1000": theirs(
            lambda x: F.cross_entropy(x, labels), leaf(data["logits"])
        ),
    }
    found = {name: {"torch": call} for name, call in calls.items()}
    found[JUDGED]["torch, channels first"] = theirs(conv, first, weight)
    return found


def check_agreement(name: str, contenders: dict[str, Call]) -> None:
    """All give the same numbers, in whatever order of axes."""
    import numpy as np

    expected = [np.sort(np.ravel(a)) for a in contenders["xgrad"]()]
    for contender, call in contenders.items():
        for a, e in zip(call(), expected, strict=True):
            scale = max(1.0, float(np.abs(e).max()))
            if not np.allclose(np.sort(np.ravel(a)), e, rtol=1e-3, atol=1e-4 * scale):
                raise SystemExit(f"{name}: {contender} gives other numbers than xgrad")


def main() -> int:
    """Time, print and judge."""
    arguments = read_arguments()
    _timing.fix_threads(arguments.threads)
    machine = _timing.describe_machine(arguments.threads)
    _timing.print_machine(machine)
    figures: dict[str, Any] = {"machine": machine, "arguments": vars(arguments)}
    good = True
    shape = (2, 8, 8, 32) if arguments.quick else SHAPE
    for name, contenders in make_workloads(arguments.threads, arguments.peers, shape).items():
        if arguments.only not in name:
            continue
        check_agreement(name, contenders)
        timings = _timing.race(contenders, arguments.rounds, arguments.block)
        torch = timings.get("torch")
        ratios = {n: t.over(torch) for n, t in timings.items() if torch and n != "torch"}
        print(f"\n{name}")
        rows = []
        for contender, timing in timings.items():
            ratio = ratios.get(contender)
            shown = ["", ""]
            if ratio is not None:
                shown = [f"{ratio.median:.2f}", f"{ratio.q1:.2f}-{ratio.q3:.2f}"]
            spent = _timing.format_seconds(timing.spread.median)
            rows.append([contender, spent, f"{timing.cores:.1f}", *shown])
        _timing.print_table(["", "time", "cores", "it / torch", "quartiles"], rows)
        if name == JUDGED and torch:
            good = ratios["xgrad"].median <= MOST_TIME
            print(f"  at most {MOST_TIME} of torch's time: {'good' if good else 'BAD'}")
        figures[name] = {
            "timings": {n: timing.to_json() for n, timing in timings.items()},
            "ratios": {n: asdict(ratio) for n, ratio in ratios.items()},
        }
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
