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
    add("--json", metavar="FILE", help="write all figures to FILE")
    return parser.parse_args()


def make_workloads(threads: int) -> dict[str, dict[str, Call]]:
    """Make, by workload and contender, functions of nothing that return arrays of numpy."""
    import numpy as np
    import torch

    import xgrad as xg

    torch.set_num_threads(threads)
    F = torch.nn.functional
    rng = np.random.default_rng(0)
    x = rng.normal(size=SHAPE).astype(np.float32)
    kernel = (rng.normal(size=(3, 3, SHAPE[-1], OUTPUTS)) * 0.1).astype(np.float32)
    labels = rng.integers(0, 1000, size=2048)
    logits = rng.normal(size=(2048, 1000)).astype(np.float32)

    def ours(f: Callable[..., Any], *arrays: Any, recorded: bool = False) -> Call:
        leaves = [xg.asarray(a) for a in arrays]

        def both(*leaves: Any) -> Any:
            with xg.GradientTape() as tape:
                tape.watch(leaves)
                y = xg.sum(f(*leaves))
            return y, *tape.gradient(y, leaves)

        run = xg.function(both) if recorded else both
        return lambda: [t.array for t in run(*leaves)]

    def theirs(f: Callable[..., Any], *leaves: Any) -> Call:
        def run() -> Any:
            y = f(*leaves).sum()
            return [t.detach().numpy() for t in (y, *torch.autograd.grad(y, leaves))]

        return run

    def leaf(a: Any) -> Any:
        return torch.tensor(a, requires_grad=True)

    kernels = kernel.transpose(3, 2, 0, 1)
    last = leaf(x).detach().permute(0, 3, 1, 2).requires_grad_()  # channels last in memory
    first = leaf(x.transpose(0, 3, 1, 2))
    weight = leaf(kernels)
    xs, ks = xg.asarray(x), xg.asarray(kernel)
    with_grad = {
        "xgrad": ours(xg.nn.conv, x, kernel),
        "xgrad.function": ours(xg.nn.conv, x, kernel, recorded=True),
        "torch": theirs(lambda x, k: F.conv2d(x, k, padding=1), last, weight),
        "torch, channels first": theirs(lambda x, k: F.conv2d(x, k, padding=1), first, weight),
    }
    value = {
        "xgrad": lambda: [xg.nn.conv(xs, ks).array],
        "torch": lambda: [
            F.conv2d(last.detach(), weight.detach(), padding=1).permute(0, 2, 3, 1).numpy()
        ],
    }
    return {
        JUDGED: with_grad,
        "convolution, value": value,
        "convolution, strides 2": {
            "xgrad": ours(lambda x, k: xg.nn.conv(x, k, strides=2, padding=1), x, kernel),
            "torch": theirs(lambda x, k: F.conv2d(x, k, stride=2, padding=1), last, weight),
        },
        "convolution, depthwise": {
            "xgrad": ours(lambda x, k: xg.nn.conv(x, k, groups=SHAPE[-1]), x, kernel[:, :, :1]),
            "torch": theirs(
                lambda x, k: F.conv2d(x, k, padding=1, groups=SHAPE[-1]),
                last,
                leaf(kernels[:, :1].copy()),
            ),
        },
        "max_pool, 2 x 2": {
            "xgrad": ours(lambda x: xg.nn.max_pool(x, 2), x),
            "torch": theirs(lambda x: F.max_pool2d(x, 2), last),
        },
        "relu": {
            "xgrad": ours(xg.nn.relu, x),
            "torch": theirs(torch.relu, leaf(x)),
        },
        "gelu": {
            "xgrad": ours(xg.nn.gelu, x),
            "torch": theirs(F.gelu, leaf(x)),
        },
        "layer_norm over 32": {
            "xgrad": ours(lambda x: xg.square(xg.nn.layer_norm(x)), x),
            "torch": theirs(lambda x: F.layer_norm(x, (SHAPE[-1],)) ** 2, leaf(x)),
        },
        "cross entropy of 2048 x 1000": {
            "xgrad": ours(
                lambda x: xg.nn.sparse_softmax_cross_entropy(x, xg.asarray(labels)), logits
            ),
            "torch": theirs(lambda x: F.cross_entropy(x, torch.tensor(labels)), leaf(logits)),
        },
    }


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
    for name, contenders in make_workloads(arguments.threads).items():
        if arguments.only not in name:
            continue
        check_agreement(name, contenders)
        timings = _timing.race(contenders, arguments.rounds, arguments.block)
        ratios = {n: t.over(timings["torch"]) for n, t in timings.items() if n != "torch"}
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
        if name == JUDGED:
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
