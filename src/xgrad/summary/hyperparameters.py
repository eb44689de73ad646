"""What a run was started with, for TensorBoard's table and plots of many runs."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

from .._arguments import as_number
from ..core.handle import Handle
from ..errors import ArgumentTypeError
from .current import chosen_writer
from .values import numbers_value, summary

__all__ = ["hparams"]

_TAG = "_hparams_/session_start_info"


def hparams(
    hparams: Mapping[str, Any], trial_id: str | None = None, start_time_secs: float | None = None
) -> bool:
    """Write the hyperparameters of a run, once, into the directory of its scalars.

    TensorBoard compares the runs below one directory: their hyperparameters, and their scalars.

    Parameters
    ----------
    hparams : dict
        From names to numbers, truth values and texts.
    trial_id : str, optional
        Runs of the same are averaged; by default those with equal hyperparameters.
    start_time_secs : float, optional
        Seconds since 1970; now by default.

    Returns
    -------
    bool
        Whether they were written: there is a default writer, and `record_if` does not prevent it.

    Raises
    ------
    ArgumentTypeError
        If a name is no text, or a value of another type.

    See Also
    --------
    text, scalar

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.summary.hparams({"learning_rate": 0.01, "optimizer": "adam"})  # no writer
    False
    """
    if not isinstance(hparams, Mapping):
        raise ArgumentTypeError(
            f"hparams: hparams must be a dict of names and values, but is a {type(hparams).__name__}."
        )
    if not isinstance(trial_id, (str, type(None))):
        raise ArgumentTypeError(
            f"hparams: trial_id must be a str, but is a {type(trial_id).__name__}."
        )
    if start_time_secs is not None:
        start_time_secs = as_number(start_time_secs, "hparams", "start_time_secs", 0.0)
    values = {_name(name): _plain(name, value) for name, value in hparams.items()}
    writer = chosen_writer()
    if writer is None:
        return False
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData, SessionStartInfo

    group = trial_id or hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    start = SessionStartInfo(
        group_name=group,
        start_time_secs=time.time() if start_time_secs is None else start_time_secs,
    )
    for name, value in values.items():
        if isinstance(value, bool):
            start.hparams[name].bool_value = value
        elif isinstance(value, str):
            start.hparams[name].string_value = value
        else:
            start.hparams[name].number_value = value
    content = HParamsPluginData(session_start_info=start).SerializeToString()
    writer.add(summary(numbers_value(_TAG, "hparams", [0.0], (), content=content)), 0)
    return True


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise ArgumentTypeError(f"hparams: the name {name!r} is no text. Use str({name!r}).")
    return name


def _plain(name: str, value: Any) -> bool | float | str:
    """Find the Python value of a number, a truth value or a text."""
    found = value
    if isinstance(value, Handle) or (hasattr(value, "item") and not getattr(value, "shape", (1,))):
        found = value.item()
    if isinstance(found, (bool, str)):
        return found
    if isinstance(found, (int, float)):
        return float(found)
    raise ArgumentTypeError(
        f"hparams: {name!r} is {value!r}, a {type(value).__name__}, but must be a number, a truth "
        "value or a text. Use str(...)."
    )
