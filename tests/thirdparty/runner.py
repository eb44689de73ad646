"""Differentiate the calls of calls.py by one library, in a process of its own, and say what came out.

    python runner.py LIBRARY OUTCOMES.json [REFERENCE.pickle] < names of calls, one a line

LIBRARY is xgrad, jax, torch or autograd. SciPy looks at SCIPY_ARRAY_API when it is imported, so this
cannot happen in the process of the tests. The reference is finite differences of the same call on
plain NumPy; with a file it is computed once for several libraries."""

import os

os.environ["SCIPY_ARRAY_API"] = "1"

import contextlib
import json
import pathlib
import pickle
import signal
import sys
import time
import warnings

import calls
import numpy as np

TOLERANCE = 1e-3
SECONDS = 60
STEP = 1e-4
DIRECTIONS = 5
# Central differences of fourth order.
DIFFERENCES = {2: -1 / 12, 1: 8 / 12, -1: -8 / 12, -2: 1 / 12}


class TookTooLongError(Exception):
    """A call that does not come back."""


@contextlib.contextmanager
def limited(seconds):
    def stop(*_):
        raise TookTooLongError(f"more than {seconds} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


# -- from whatever a call gives to one number ------------------------------------------------------


def leaves(result):
    """The arrays and numbers in a result, in order."""
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in leaves(part)]
    if hasattr(result, "__dataclass_fields__") and not hasattr(result, "shape"):
        fields = [getattr(result, name) for name in result.__dataclass_fields__]
        return [leaf for part in fields for leaf in leaves(part)]
    return [result]


def weights(shape, number):
    """Fixed numbers between 0.5 and 1.5, so that no sum cancels by chance."""
    rng = np.random.default_rng([7, number, *shape])
    return rng.uniform(0.5, 1.5, shape)


def total(result, xp, convert):
    """The weighted sum of all floating leaves, real and imaginary parts apart."""
    found = None
    for number, leaf in enumerate(leaves(result)):
        if isinstance(leaf, float) and xp is not np:
            raise TypeError(f"a {type(leaf).__name__} comes back")
        kind = str(getattr(leaf, "dtype", "float" if isinstance(leaf, float) else "other"))
        kind = kind.removeprefix("torch.")[0]
        if kind not in "fc":
            continue
        shape = tuple(getattr(leaf, "shape", ()))
        parts = [leaf] if kind == "f" else [xp.real(leaf), xp.imag(leaf)]
        for i, part in enumerate(parts):
            term = xp.sum(part * convert(weights(shape, 2 * number + i)))
            found = term if found is None else found + term
    if found is None:
        raise TypeError("the result has no floating numbers")
    return found


# -- the reference ---------------------------------------------------------------------------------


def directions(call):
    """Random directions in the space of all variables of a call, the same in every run."""
    rng = np.random.default_rng(11)
    names = calls.variables_of(call)
    shapes = {name: calls.VARIABLES[name].shape for name in names}
    return [{k: rng.normal(size=n) for k, n in shapes.items()} for _ in range(DIRECTIONS)]


def reference(call):
    """The derivatives of a call along these directions, by differences in NumPy."""
    values = {name: calls.VARIABLES[name] for name in calls.variables_of(call)}

    def f(step, direction):
        moved = {k: np.asarray(v + step * direction[k]) for k, v in values.items()}
        return total(calls.run(call, np, np.asarray, moved), np, np.asarray)

    found = []
    for direction in directions(call):
        steps = [(k * STEP, weight) for k, weight in DIFFERENCES.items()]
        found.append(sum(weight * f(step, direction) for step, weight in steps) / STEP)
    return np.asarray(found)


# -- the libraries ---------------------------------------------------------------------------------


def by_xgrad(call, values):
    import xgrad as xg
    import xgrad.compat.einops

    xp = xg.namespace(np)
    given = {k: xg.asarray(v, copy=True) for k, v in values.items()}
    with xg.GradientTape() as tape:
        tape.watch(given)
        before = dict(given)
        for name, value in given.items():
            before[name] = value + 0.0  # calls may write into what they are given
        y = total(calls.run(call, xp, xg.asarray, before), xp, xg.asarray)
    if not isinstance(y, xg.Tensor):
        raise TypeError(f"the result is a {type(y).__name__}")
    found = tape.gradient(y, given)
    return {k: None if g is None else g.numpy() for k, g in found.items()}


def by_jax(call, values):
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    def f(values):
        return total(calls.run(call, jnp, jnp.asarray, values), jnp, jnp.asarray)

    found = jax.grad(f)({k: jnp.asarray(v) for k, v in values.items()})
    return {k: np.asarray(g) for k, g in found.items()}


def by_torch(call, values):
    import array_api_compat.torch as xp
    import torch

    given = {k: torch.tensor(v, requires_grad=True) for k, v in values.items()}
    moved = {k: v + 0.0 for k, v in given.items()}
    y = total(calls.run(call, xp, torch.tensor, moved), xp, torch.tensor)
    found = torch.autograd.grad(y, list(given.values()), allow_unused=True)
    return {k: None if g is None else g.numpy() for k, g in zip(given, found, strict=True)}


def by_autograd(call, values):
    import autograd
    import autograd.numpy as anp

    def f(values):
        return total(calls.run(call, anp, anp.asarray, values), anp, anp.asarray)

    return autograd.grad(f)(values)


LIBRARIES = {"xgrad": by_xgrad, "jax": by_jax, "torch": by_torch, "autograd": by_autograd}


# -- comparison ------------------------------------------------------------------------------------


def outcome(call, differentiate, expected):
    """``right``, ``wrong`` with the error, ``lost`` without a gradient, or the exception."""
    values = {name: np.array(calls.VARIABLES[name]) for name in calls.variables_of(call)}
    try:
        with limited(SECONDS):
            gradients = differentiate(call, values)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the outcome
        return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    gradients = {k: g for k, g in gradients.items() if g is not None}
    found = np.asarray(
        [sum(np.sum(g * d[k]) for k, g in gradients.items()) for d in directions(call)]
    )
    size = float(np.max(np.abs(expected)))
    if not np.any(found) and size > 1e-6:
        return "lost: no gradient comes back"
    error = float(np.max(np.abs(found - expected))) / max(size, 1e-3)
    return "right" if error <= TOLERANCE else f"wrong: off by {error:.1e}"


def references(names, path):
    """The reference of every call, from a file or put there; an exception's text where it fails."""
    if path is not None and path.exists():
        return pickle.loads(path.read_bytes())
    found = {}
    for call in names:
        try:
            with limited(SECONDS):
                found[call] = reference(call)
        except Exception as error:  # noqa: BLE001 - shown in the table
            found[call] = f"{type(error).__name__}: {error}"
    if path is not None:
        path.write_bytes(pickle.dumps(found))
    return found


def main():
    library, target, *rest = sys.argv[1:]
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    with contextlib.suppress(ImportError):
        import sklearn

        sklearn.set_config(array_api_dispatch=True)
    names = [line.strip() for line in sys.stdin if line.strip()]
    expected = references(names, pathlib.Path(rest[0]) if rest else None)
    outcomes = {}
    for call in names:
        start = time.perf_counter()
        if isinstance(expected[call], str):
            outcomes[call] = f"invalid: NumPy itself says {expected[call]}"
        else:
            outcomes[call] = outcome(call, LIBRARIES[library], expected[call])
        if "--verbose" in os.environ.get("RUNNER", ""):
            print(f"{time.perf_counter() - start:6.2f} {outcomes[call]} {call}", file=sys.stderr)
    pathlib.Path(target).write_text(json.dumps(outcomes, indent=1))


if __name__ == "__main__":
    main()
