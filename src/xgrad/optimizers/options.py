"""The arguments that all optimizers share, with Keras's names and defaults.

They are keyword arguments of every optimizer: written down once, checked once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from .._arguments import as_flag
from ..errors import ArgumentError, ArgumentTypeError
from .checks import as_count, as_fraction, as_rate

__all__ = ["DEFAULTS", "Options", "OtherOptions", "check_options"]


class OtherOptions(TypedDict, total=False):
    """What every optimizer takes by name besides its own arguments; see `Optimizer`."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    skip_nonfinite: bool
    groups: Callable[[Any], Mapping[str, Any] | None] | None
    name: str | None


class Options(OtherOptions, total=False):
    """The same with the weight decay, which some optimizers have among their own arguments."""

    weight_decay: float | None


DEFAULTS: dict[str, Any] = {
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "skip_nonfinite": False,
    "groups": None,
    "name": None,
}

# What older versions of Keras called things.
_FORMER = {
    "lr": "learning_rate",
    "decay": "weight_decay, or a schedule such as xg.optimizers.schedules.InverseTimeDecay",
    "clipnorm_global": "global_clipnorm",
    "betas": "beta_1 and beta_2",
    "b1": "beta_1",
    "b2": "beta_2",
    "eps": "epsilon",
}
_CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")


def check_options(kind: str, given: Mapping[str, Any], own: Sequence[str] = ()) -> dict[str, Any]:
    """Fill in the defaults and check all values; `own` are the optimizer's other arguments.

    Raises
    ------
    TypeError
        For a name that no optimizer knows, with what may have been meant.
    ArgumentError, ArgumentTypeError
        For a wrong value.
    """
    for name in given:
        if name not in DEFAULTS:
            raise _unexpected(kind, name, own)
    options = {**DEFAULTS, **given}
    if not isinstance(options["name"], (str, type(None))):
        raise ArgumentTypeError(
            f"{kind}: name must be a str, but is a {type(options['name']).__name__}."
        )
    for name in ("weight_decay", *_CLIPPING, "loss_scale_factor"):
        if options[name] is not None:
            options[name] = as_rate(options[name], name)
            if not options[name] > 0 and (name != "weight_decay" or options[name] < 0):
                raise ArgumentError(
                    f"{kind}: {name} must be positive, but is {given[name]}. Use None for none."
                )
    clipping = {name: options[name] for name in _CLIPPING if options[name] is not None}
    if len(clipping) > 1:
        shown = ", ".join(f"{name}={value}" for name, value in clipping.items())
        raise ArgumentError(f"{kind}: only one kind of clipping is possible, but got {shown}.")
    options["ema_momentum"] = as_fraction(options["ema_momentum"], "ema_momentum", closed=True)
    for name in ("ema_overwrite_frequency", "gradient_accumulation_steps"):
        if options[name] is not None:
            options[name] = as_count(options[name], name, optional=True)
    if options["groups"] is not None and not callable(options["groups"]):
        raise ArgumentTypeError(
            f"{kind}: groups must be a function of a variable, but is a "
            f"{type(options['groups']).__name__}. Use lambda v: {{'weight_decay': 0.0}} if v.ndim "
            "< 2 else {}."
        )
    for name in ("use_ema", "skip_nonfinite"):
        options[name] = as_flag(options[name], kind, name)
    return options


def _unexpected(kind: str, name: str, own: Sequence[str]) -> TypeError:
    hint = _FORMER.get(name)
    if hint is None:
        # Close enough for slips of the fingers; "momentum" is not meant for ema_momentum.
        known = ["learning_rate", *own, *DEFAULTS]
        close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.81)
        hint = close[0] if close else None
    said = "" if hint is None else f" Did you mean {hint}?"
    return ArgumentTypeError(f"{kind}() got an unexpected keyword argument {name!r}.{said}")
