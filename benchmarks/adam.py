"""A step of an optimizer next to torch's: time, and memory beyond what the step starts with.

By default Adam on ten million float32 parameters in fifty variables. There xgrad must take at most
as long as torch with foreach=True and at most a tenth of the parameters' bytes (exit status 1
otherwise); other optimizers and sizes, torch's plain loop and its one fused kernel are shown for
information. All take the same gradients and end, after a step, within float32 of each other, or
nothing is timed.

    python benchmarks/adam.py --threads 2
    python benchmarks/adam.py --variables 6 --parameters 20000    # a small network
    python benchmarks/adam.py --variables 200 --parameters 12800  # many small variables
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tracemalloc
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _timing

if TYPE_CHECKING:
    from collections.abc import Callable

# With arguments for xgrad and for torch that mean the same. Epsilon stands in different places, and so
# is tiny: the steps can be compared.
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "Adam": ({"epsilon": 1e-12}, {"eps": 1e-12}),
    "AdamW": ({"epsilon": 1e-12}, {"eps": 1e-12, "weight_decay": 0.004}),
    "SGD": ({"momentum": 0.9}, {"momentum": 0.9}),
    "Adagrad": ({"epsilon": 0.0}, {"initial_accumulator_value": 0.1, "eps": 0.0}),
    "RMSprop": ({"epsilon": 1e-12}, {"alpha": 0.9, "eps": 1e-12}),
}
MOST_TIME = 1.0
MOST_MEMORY = 0.1
MANY = 1_000_000


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--kind", choices=KINDS, default="Adam", help="default: Adam")
    add("--variables", type=int, default=50, help="how many (default 50)")
    add("--parameters", type=int, default=10_000_000, help="in all (default ten million)")
    add("--rounds", type=int, default=15, help="default 15")
    add("--block", type=float, default=0.3, help="seconds per block (default 0.3)")
    add("--threads", type=int, default=1, help="threads of every library (default 1)")
    add("--peers", nargs="*", choices=("torch",), default=("torch",), help="default: all")
    add("--quick", action="store_true", help="small arrays and few rounds: shows that it runs")
    add("--json", metavar="FILE", help="write all figures to FILE")
    options = parser.parse_args()
    if options.quick:
        options.variables, options.parameters, options.rounds, options.block = 2, 2_000, 3, 0.001
    return options


def make_data(variables: int, parameters: int) -> tuple[list[Any], list[Any]]:
    """Make values and gradients of equal sizes."""
    import numpy as np

    rng = np.random.default_rng(0)
    size = parameters // variables
    draw = lambda: [rng.normal(size=size).astype(np.float32) for _ in range(variables)]
    return draw(), draw()


def xgrad_step(kind: str, values: list[Any], gradients: list[Any]) -> Any:
    """Make a step of xgrad's, and a function that reads the values."""
    import xgrad as xg

    variables = [xg.Variable(w) for w in values]
    optimizer = getattr(xg.optimizers, kind)(learning_rate=0.001, **KINDS[kind][0])
    step = lambda: optimizer.apply(gradients, variables)
    return step, lambda: [v.numpy() for v in variables]


def torch_step(kind: str, values: list[Any], gradients: list[Any], **how: bool) -> Any:
    """Make a step of torch's, with xgrad's defaults, and a function that reads the values."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    parameters = [torch.nn.Parameter(torch.tensor(w)) for w in values]
    for parameter, g in zip(parameters, gradients, strict=True):
        parameter.grad = torch.tensor(g)
    optimizer = getattr(torch.optim, kind)(parameters, lr=0.001, **KINDS[kind][1], **how)
    return optimizer.step, lambda: [p.detach().numpy() for p in parameters]


def make_contenders(
    kind: str, values: list[Any], gradients: list[Any], peers: list[str]
) -> dict[str, tuple[Callable[[], Any], Callable[[], list[Any]]]]:
    """Make whoever is installed."""
    contenders = {"xgrad": xgrad_step(kind, values, gradients)}
    if not peers:
        return contenders
    ways: list[tuple[str, dict[str, bool]]] = [
        ("foreach", {"foreach": True}),
        ("loop", {"foreach": False}),
    ]
    if kind in ("Adam", "AdamW", "SGD", "Adagrad"):
        ways.append(("fused", {"fused": True}))
    try:
        for name, how in ways:
            contenders[f"torch {name}"] = torch_step(kind, values, gradients, **how)
    except ImportError:
        print("note: torch is not installed and left out")
    return contenders


def check_agreement(contenders: dict[str, Any]) -> None:
    """Take a step of each; the changes must agree to float32."""
    import numpy as np

    for step, _ in contenders.values():
        step()
    expected = contenders["xgrad"][1]()
    for name, (_, read) in contenders.items():
        for x, y in zip(read(), expected, strict=True):
            if not np.allclose(x, y, rtol=1e-4, atol=2e-6):
                raise SystemExit(f"{name} takes another step than xgrad")


def extra_bytes(step: Callable[[], Any]) -> int:
    """Bytes that a step holds at its peak beyond what it began with; numpy's arrays only."""
    step()
    tracemalloc.start()
    try:
        step()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> int:
    """Time, print and judge."""
    arguments = read_arguments()
    _timing.fix_threads(arguments.threads)
    machine = _timing.describe_machine(arguments.threads)
    _timing.print_machine(machine)
    values, gradients = make_data(arguments.variables, arguments.parameters)
    total = sum(w.nbytes for w in values)
    contenders = make_contenders(arguments.kind, values, gradients, arguments.peers)
    check_agreement(contenders)
    steps = {name: step for name, (step, _) in contenders.items()}
    timings = _timing.race(steps, arguments.rounds, arguments.block)
    share = extra_bytes(steps["xgrad"]) / total
    ratios = {n: timings["xgrad"].over(t) for n, t in timings.items() if n != "xgrad"}
    print(
        f"\n{arguments.kind}: {arguments.parameters:,} float32 parameters in "
        f"{arguments.variables} variables, {total / 1e6:.0f} MB"
    )
    rows = []
    for name, timing in timings.items():
        ratio = ratios.get(name)
        shown = (
            ("", "") if ratio is None else (f"{ratio.median:.2f}", f"{ratio.q1:.2f}-{ratio.q3:.2f}")
        )
        rows.append(
            [name, _timing.format_seconds(timing.spread.median), f"{timing.cores:.1f}", *shown]
        )
    _timing.print_table(["step", "time", "cores", "xgrad / it", "quartiles"], rows)
    print(f"  memory beyond the start: {share:.1%} of the parameters")
    reference = ratios.get("torch foreach")
    good = True
    if arguments.kind == "Adam" and arguments.parameters >= MANY:
        good = share <= MOST_MEMORY and (reference is None or reference.median <= MOST_TIME)
        limits = f"{MOST_TIME} of torch's time with foreach=True, {MOST_MEMORY:.0%} of memory"
        print(f"  at most {limits}: {'good' if good else 'BAD'}")
    if arguments.json:
        figures = {
            "machine": machine,
            "arguments": vars(arguments),
            "timings": {name: timing.to_json() for name, timing in timings.items()},
            "ratios": {name: asdict(ratio) for name, ratio in ratios.items()},
            "memory_share": share,
            "good": good,
        }
        Path(arguments.json).write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
