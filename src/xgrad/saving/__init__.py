"""Saving: nests of Tensors, Variables, optimizers and plain values in one file, and back.

The file is a safetensors file, which other programs read too; nothing in it is code. structure.py
writes, reading.py reads, restoring.py reads into what is there; container.py checks what a file
holds, layout.py knows the format, and _atomic.py how a file comes to be wholly or not at all."""

from __future__ import annotations

import os
from typing import Any

from .._typing import Nest
from ..backends import Device, as_device
from ..core.tensor import Tensor
from ..errors import ArgumentError, ArgumentTypeError, CheckpointError
from .container import opened, write
from .reading import Reading, put
from .restoring import restore
from .structure import Writing, text_of

__all__ = ["load", "save"]


def save(path: str | os.PathLike[str], tree: Nest) -> None:
    """Write a nest to a file, so that `load` gives the same again.

    Parameters
    ----------
    path : str or path
        The file; what was there before is replaced when the new one is whole and on the disk. A
        process that is killed meanwhile leaves the old file or the new one.
    tree : nest
        Dicts, lists, tuples, named tuples, dataclasses and registered types of Tensors, Variables,
        arrays of any library, IndexedSlices, optimizers, random generators (NumPy's too), Python
        and NumPy numbers, strings, bytes and None; and of objects with the methods ``state_dict``
        and ``load_state_dict``. What occurs twice is one object again after loading.

    Returns
    -------
    None
        When the file is on the disk.

    Raises
    ------
    ArgumentTypeError, ArgumentError, DTypeError, TracingError
        If something in the nest cannot be saved, or `path` is no path; the file stays as it was.
    OSError
        If the file cannot be written; it stays as it was.
    BackendUnavailableError
        If something is bfloat16 and ml_dtypes is not installed.

    See Also
    --------
    load

    Notes
    -----
    The file is a safetensors file [1]_: arrays under the names of the path to them
    (``"model/w"``), the structure as JSON in its metadata. Complex arrays are stored as pairs of
    floats. Functions (a Variable's constraint, a learning rate that is a lambda) are not saved, and
    a learning rate that is a Variable comes back as a number. With `load(into=...)` both stay.
    Arrays of a device are copied to the host for it.

    References
    ----------
    .. [1] https://huggingface.co/docs/safetensors

    Examples
    --------
    >>> import os, tempfile, xgrad as xg
    >>> w = xg.Variable([1.0, 2.0], name="w")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run.safetensors")
    ...     xg.save(path, {"w": w, "optimizer": xg.optimizers.Adam(0.1), "step": 3})
    ...     loaded = xg.load(path)
    >>> loaded["w"]
    xg.Variable([1., 2.], shape=(2,), dtype=float64, device=cpu, name='w')
    >>> loaded["optimizer"].learning_rate, loaded["step"]
    (0.1, 3)
    """
    path = _as_path(path, "save")
    writing = Writing()
    text = text_of(tree, writing)
    write(path, writing.arrays, text)


def load(
    path: str | os.PathLike[str],
    *,
    into: Nest = None,
    device: str | Device | None = None,
    foreign: bool = False,
) -> Nest:
    """Read what `save` has written.

    Parameters
    ----------
    path : str or path
    into : nest, optional
        As it was saved, with Variables, optimizers and other objects that take their state from
        the file, all of them or, if anything does not fit, none. Entries of dicts and lists that
        cannot change (numbers, Tensors) are replaced.
    device : Device or str, optional
        Where arrays go instead of to where they were. With `into` they go to where its arrays are.
        The stream of a random generator goes on only on a device of the same kind; elsewhere a new one
        begins, with a warning.
    foreign : bool
        Whether to read a safetensors file of another program too: as a dict of Tensors.

    Returns
    -------
    nest
        Of new objects, or `into`. Arrays come back as what they were: Tensors, Variables with name
        and `trainable`, or arrays of their library. Optimizers go on with their Variables if those
        are in the file too, else with the Variables in the order in which they are first met.

    Raises
    ------
    ArgumentError
        If `into` is given with `device` or `foreign`.
    CheckpointError
        If the file is no safetensors file, none of xgrad, damaged, or does not fit `into`.
    OSError
        If it cannot be read.
    BackendUnavailableError
        If an array's device is not available here; or something is bfloat16, on a library that has
        no such dtype without ml_dtypes, and that is not installed.

    See Also
    --------
    save

    Notes
    -----
    Loading runs no code of the file's choosing: classes are not imported. A named tuple or a
    dataclass gets its class if that is in memory, else another one with the same fields. Sums of
    everything are checked, so damage is noticed.

    Examples
    --------
    >>> import os, tempfile, xgrad as xg
    >>> w, optimizer = xg.Variable([1.0, 2.0]), xg.optimizers.Adam(0.1)
    >>> run = {"w": w, "optimizer": optimizer, "step": 3}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run.safetensors")
    ...     xg.save(path, run)
    ...     _ = w.assign([0.0, 0.0])
    ...     run["step"] = 4
    ...     _ = xg.load(path, into=run)
    >>> w.numpy(), run["step"]
    (array([1., 2.]), 3)
    """
    path = _as_path(path, "load")
    if into is not None and (foreign or device is not None):
        raise ArgumentError(
            "load: with into= arrays go to where those of the nest are, and the file must be of "
            "xg.save. Use device= and foreign= without it."
        )
    home = None if device is None else as_device(device)
    with opened(path) as file:
        if file.text is None:
            if foreign:
                target = as_device(home)
                return {name: Tensor(put(file.raw(name), target)) for name in file.names()}
            raise CheckpointError(
                f"{file.path} is a safetensors file of another program: it has arrays, but not the "
                "structure that xg.save writes. Use xg.load(path, foreign=True) for a dict of its "
                "arrays."
            )
        reading = Reading(file, file.text, home)
        return reading.all() if into is None else restore(reading, into)


def _as_path(path: Any, function: str) -> str:
    name = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"{function}: path must be a str or a pathlib.Path, but is a {type(path).__name__}. Use "
            "the name of a file, as the first argument."
        )
    return name
