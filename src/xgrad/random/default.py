"""The distributions as functions, on a generator that everybody shares, one per device.

It is the default device's, so the same code draws on ``cpu`` and on ``cuda``. Code that others use
should rather take a `Generator` as an argument."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from ..backends import Device, as_device
from ..interpreters.stack import Context
from ..ops._new import DeviceLike
from .generator import Generator

__all__ = [
    "bernoulli",
    "choice",
    "default_generator",
    "exponential",
    "gamma",
    "gumbel",
    "integers",
    "normal",
    "permutation",
    "seed",
    "truncated_normal",
    "uniform",
]

P = ParamSpec("P")
R = TypeVar("R")

_generators: dict[Device, Generator] = {}
_lock = threading.Lock()
_seed: Any = None


def default_generator(device: DeviceLike = None) -> Generator:
    """Give the generator that the functions of `xgrad.random` draw from.

    Parameters
    ----------
    device : Device or str, optional
        The default device by default. Each has its own.

    Returns
    -------
    Generator
        The same one in every thread.

    See Also
    --------
    seed

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.random.default_generator() is xg.random.default_generator("cpu")
    True
    """
    home = as_device(device)
    found = _generators.get(home)
    if found is None:
        # Nobody is told: it is none that the code at hand has made.
        with _lock, Context.of(()):
            found = _generators.setdefault(home, Generator(_seed, home))
    return found


def seed(seed: Any) -> None:
    """Begin the streams of the default generators anew, those of all devices.

    Parameters
    ----------
    seed : int, list of int or None
        None takes it from the operating system.

    Returns
    -------
    None

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If the seed is no such number.

    See Also
    --------
    default_generator, Generator

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.random.seed(0)
    >>> xg.random.integers(0, 10, (3,))
    xg.Tensor([8, 6, 5], shape=(3,), dtype=int64, device=cpu)
    """
    global _seed  # noqa: PLW0603 - what generators begin with that are made later
    with _lock:
        for home, generator in _generators.items():
            generator.state = Generator(seed, home).state  # the same object: others may hold it
        if not _generators:
            Generator(seed)  # to refuse what is no seed
        _seed = seed


def _of_default(method: Callable[Concatenate[Generator, P], R]) -> Callable[P, R]:
    """Make the function that calls a method of the default generator."""

    @functools.wraps(method)
    def function(*args: P.args, **options: P.kwargs) -> R:
        return method(default_generator(), *args, **options)

    signature = inspect.signature(method)
    _, *parameters = signature.parameters.values()
    function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    function.__module__ = __name__
    function.__qualname__ = method.__name__
    return function


bernoulli = _of_default(Generator.bernoulli)
choice = _of_default(Generator.choice)
exponential = _of_default(Generator.exponential)
gamma = _of_default(Generator.gamma)
gumbel = _of_default(Generator.gumbel)
integers = _of_default(Generator.integers)
normal = _of_default(Generator.normal)
permutation = _of_default(Generator.permutation)
truncated_normal = _of_default(Generator.truncated_normal)
uniform = _of_default(Generator.uniform)
