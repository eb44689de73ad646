"""Special functions: the library's own, else one in the standard's functions, else SciPy's.

`NAMES` are the instructions that are looked for here (core/instructions.py says what they are). A
function that a library lacks is written in those that it has wherever that is as exact, so that
it runs on any device; what is left goes through SciPy for arrays in host memory, and for others
raises an error that says so. Nothing is imported before it is asked for."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

from ..._typing import Namespace

__all__ = ["NAMES", "PORTABLE_FILES", "find", "scipy_name"]

# Written in the standard's functions, by file; some of them only for libraries that lack them.
PORTABLE_FILES = {
    "bessel": "bessel_i bessel_j i0e_derivative k0e_derivative",
    "incomplete": "betainc betainc_derivative gammainc_derivative",
    "integrals": "ellipk ellipkm1 ellipkm1_derivative erfcx_derivative",
    "legendre": "lpmv_quotient",
    "quotients": "exprel exprel_derivative log1prel sinc sinc_derivative",
    "simple": """
        beta betaincc betainccinv binom boxcox boxcox1p cbrt cosdg cosm1 cotdg entr erfcinv exp10
        exp2 expit gamma gamma_draw gammasgn inv_boxcox inv_boxcox1p kl_div log_expit log_ndtr loggamma logit
        ndtr poch pseudo_huber rel_entr rgamma sindg softplus spence stdtr stdtrit tandg xlog1py
        xlogy""",
    "stirling": "beta_density betaln gamma_density polygamma_difference",
    "zeta": "polygamma riemann_zeta zeta_derivative zetac",
}
_FILES = {name: file for file, names in PORTABLE_FILES.items() for name in names.split()}
# Found in libraries only.
_LIBRARIES_ONLY = """
    betaincinv digamma erf erfc erfcx erfinv exp1 expi expn gammainc gammaincc gammainccinv
    gammaincinv gammaln hyp1f1 i0 i0e i1 i1e iv ive j0 j1 jv k0 k0e k1 k1e kv kve lpmv ndtri y0 y1 yn
    yv zeta"""
NAMES = frozenset({*_FILES, *_LIBRARIES_ONLY.split()})


def find(xp: Any, namespace: Namespace, name: str) -> Callable[..., Any]:
    """The function of a name for the arrays of a library.

    Parameters
    ----------
    xp : Functions
        The library's instructions, in which the portable ones are written.
    namespace : module
        Its array-API namespace.
    name : str
        One of `NAMES`.

    Raises
    ------
    BackendUnavailableError
        If nothing can compute it.
    """
    from . import libraries

    function = libraries.native(namespace.__name__, name)
    if function is not None:
        return function
    if name in _FILES:
        module = importlib.import_module(f".{_FILES[name]}", __name__)
        return _quiet(functools.partial(getattr(module, name), xp))
    return libraries.on_host(namespace, name)


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Without numpy's warnings: at each point some branches are computed that it does not take."""
    from ..registry import quiet

    def call(*arrays: Any, **parameters: Any) -> Any:
        with quiet():
            return function(*arrays, **parameters)

    return call


def scipy_name(ufunc: Any) -> str | None:
    """The public name of one of SciPy's ufuncs; None for all others. Imports nothing of SciPy."""
    from .libraries import scipy_name

    return scipy_name(ufunc)
