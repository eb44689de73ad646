"""The command line: ``xgrad info``, ``check``, ``bench``, ``demo``, ``report``.

This file reads the arguments; each command has a module of its own, imported when it is called.
A mistake in the arguments is one line on stderr and exit status 2, a failure one line and 1."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..errors import XgradError

__all__ = ["main"]


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the name of the program; the process's own by default.

    Returns
    -------
    int
        The exit status.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files may be anything
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = _make_parser()
    chosen = parser.parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
    except KeyboardInterrupt:
        print("\nxgrad: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        sys.stderr.close()
        return 141
    except (XgradError, OSError) as error:
        print(f"xgrad {chosen.command}: error: {error}", file=sys.stderr)
        return 1
    return status


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="xgrad",
        description="Gradients for NumPy, CuPy and every other array-API library.",
    )
    parser.add_argument("--version", action=_Version, help="print the version and leave")
    commands = parser.add_subparsers(
        dest="command", metavar="command", required=True, parser_class=_Parser
    )
    info = commands.add_parser("info", help="show versions, devices, and what is missing for CUDA")
    info.set_defaults(run=_info)
    check = commands.add_parser(
        "check",
        help="check that gradients are right on this machine",
        description="Compare the derivatives of every instruction, in both modes, with differences "
        "of its values; on other devices than the CPU, the values with NumPy's as well.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    check.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        default=argparse.SUPPRESS,
        help="instructions to check, such as tanh (default: all)",
    )
    check.add_argument(
        "--device",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="where: cpu, cuda, cuda:1, torch:cpu, ... (default: the default device)",
    )
    check.add_argument(
        "--dtype", choices=("float64", "float32"), default="float64", help="of the arguments"
    )
    check.add_argument("--order", metavar="N", type=_at_least(1), default=1, help="highest order")
    check.set_defaults(run=_check)
    bench = commands.add_parser(
        "bench",
        help="measure what a gradient costs on this machine",
        description="Time values with gradients, by a tape and by xg.function, next to the same "
        "formula written by hand in the library's own functions.",
    )
    bench.add_argument(
        "--device",
        metavar="NAME",
        default=None,
        help="where: cpu, cuda, cuda:1, torch:cpu, ... (default: the default device)",
    )
    bench.set_defaults(run=_bench)
    demo = commands.add_parser(
        "demo",
        help="train a network on handwritten digits",
        description="Train a small network on scikit-learn's handwritten digits: test accuracy, "
        "confusion matrix and a picture. Nothing is downloaded.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    demo.add_argument(
        "--device",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="where to compute: cpu, cuda, cuda:1, torch:cpu, ... (default: cuda if it is usable, "
        "else cpu)",
    )
    demo.add_argument(
        "--epochs", metavar="N", type=_at_least(1), default=40, help="passes over the training set"
    )
    demo.add_argument(
        "--seed", metavar="N", type=_at_least(0), default=0, help="for the split, weights and order"
    )
    demo.add_argument(
        "--batch-size", metavar="N", type=_at_least(1), default=32, help="images per step"
    )
    demo.add_argument(
        "--logdir", metavar="DIR", default="runs/demo", help="where the results are written"
    )
    demo.set_defaults(run=_demo, parser=demo)
    report = commands.add_parser(
        "report",
        help="describe a run in one HTML file",
        description="Describe what xgrad.summary wrote about a run, or several in one directory, in "
        "one HTML file: gradients that need attention, losses, distributions, pictures. The file "
        "needs no network and no other file.",
    )
    report.add_argument("directory", metavar="RUN", help="the directory with the event files")
    report.add_argument(
        "--output", metavar="FILE", help="where to write it (default: report.html in RUN)"
    )
    report.set_defaults(run=_report)
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def integer(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no integer") from None
        if not least <= value < 2**32:
            raise argparse.ArgumentTypeError(f"must be from {least} to {2**32 - 1}, not {value}")
        return value

    return integer


class _Version(argparse.Action):
    """``--version``, looked up only when asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from .info import version

        print(f"xgrad {version('xgrad')}")
        parser.exit()


def _info(_: argparse.Namespace) -> int:
    from .info import info

    return info()


def _check(arguments: argparse.Namespace) -> int:
    from .check import check

    return check(
        device=getattr(arguments, "device", None),
        dtype=arguments.dtype,
        order=arguments.order,
        names=getattr(arguments, "names", ()),
    )


def _bench(arguments: argparse.Namespace) -> int:
    from .bench import bench

    return bench(device=arguments.device)


def _demo(arguments: argparse.Namespace) -> int:
    from .demo import UsageError, demo

    try:
        return demo(
            device=getattr(arguments, "device", None),
            epochs=arguments.epochs,
            seed=arguments.seed,
            batch_size=arguments.batch_size,
            logdir=arguments.logdir,
        )
    except UsageError as error:
        parser: argparse.ArgumentParser = arguments.parser
        parser.error(str(error))


def _report(arguments: argparse.Namespace) -> int:
    from .view import view

    return view(arguments.directory, arguments.output)
