"""ONE table of cases: every differentiable primitive and public function, a line or a few each.

A case is a function of a namespace and arrays, ``f(xp, *arrays)``, with the shapes of its float64
arguments and the domain that they are drawn from. `rules/test_cases.py` runs each for value,
gradient, second order, dtypes, devices and complex arguments; a new operation needs its line here."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
import scipy.special
from network_cases import network_cases
from special_cases import special_cases

import xgrad as xg
from xgrad.backends import Slot
from xgrad.core.dispatch import apply
from xgrad.core.instructions import primitive
from xgrad.ops.rule_namespace import rule_namespace


class Case(NamedTuple):
    """One line of the table.

    Attributes
    ----------
    name : str
        Begins with the name of the function; unique.
    f : callable
        ``f(xp, *arrays)``: one array or a tuple of arrays.
    shapes : tuple of shapes
    domains : tuple of str
        One per argument, see `DOMAINS`.
    reference : callable or None
        The same in plain NumPy: ``reference(*arrays)``.
    analytic : bool
        Whether complex steps through the function give its derivative.
    complex : bool
        Whether it is also tested for complex arguments.
    standard : bool
        Whether f uses nothing but the array API standard, so that other libraries can run it.
    without : dict
        From a device's short name to the reason why the case cannot run there.
    """

    name: str
    f: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    domains: tuple[str, ...]
    reference: Callable[..., Any] | None
    analytic: bool
    complex: bool
    standard: bool
    without: dict[str, str]


# -- arguments ---------------------------------------------------------------------------------


def _away_from_zero(rng, shape):
    return rng.uniform(0.4, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def _distinct(rng, shape):
    """No two elements closer than 0.1, none closer to 0 than 0.05."""
    count = int(np.prod(shape))
    return 0.1 * rng.permutation(np.arange(count) - count // 2).reshape(shape) + 0.05


DOMAINS = {
    "generic": lambda rng, shape: rng.normal(size=shape),
    "nonzero": _away_from_zero,
    "positive": lambda rng, shape: rng.uniform(0.5, 2.0, shape),
    "unit": lambda rng, shape: rng.uniform(-0.8, 0.8, shape),
    "above_one": lambda rng, shape: rng.uniform(1.3, 3.0, shape),
    "distinct": _distinct,
    "about_3": lambda rng, shape: rng.uniform(2.55, 3.2, shape),
    "about_7": lambda rng, shape: rng.uniform(6.6, 7.4, shape),
    "large": lambda rng, shape: _distinct(rng, shape) + 100.0,
    "probability": lambda rng, shape: rng.uniform(0.2, 0.8, shape),
    "negative": lambda rng, shape: rng.uniform(-0.8, -0.2, shape),
    "about_one": lambda rng, shape: rng.uniform(0.4, 1.6, shape),
}


def arguments(case, rng):
    """The float64 arguments of a case."""
    return [DOMAINS[d](rng, s) for d, s in zip(case.domains, case.shapes, strict=True)]


def complex_arguments(case, rng):
    """Complex arguments of a case: its float64 arguments, and imaginary parts of size 1."""
    return [
        DOMAINS[d](rng, s) + 1j * _away_from_zero(rng, s)
        for d, s in zip(case.domains, case.shapes, strict=True)
    ]


def integers(xp, x, values):
    """An array of indices on the device of x."""
    return xp.asarray(values, dtype=xp.int64) if _is_jax(xp) else _indices(xp, x, values)


def mask(xp, x, values):
    """A boolean array on the device of x."""
    values = np.asarray(values, dtype=bool).tolist()
    return xp.asarray(values) if _is_jax(xp) else xp.asarray(values, device=x.device)


def complex_dtype(xp, x):
    """The complex dtype of the precision of x."""
    return xp.complex64 if x.dtype == xp.float32 else xp.complex128


def _indices(xp, x, values):
    return xp.asarray(values, dtype=xp.int64, device=x.device)


def _is_jax(xp):
    return xp.__name__.startswith("jax")


# -- the table ---------------------------------------------------------------------------------
# ruff: noqa: PLC3002 - (lambda y: ...)(x * x) is how a line of the table names a value
# fmt: off

CASES: list[Case] = []

HOW_MANY = {"meta": "how many elements are chosen depends on values, and meta has none"}


def case(
    name,
    f,
    *shapes,
    domain="generic",
    reference=None,
    analytic=True,
    complex=False,
    standard=True,
    without=None,
):
    """Add a line to the table; one domain serves all arguments."""
    domains = tuple(domain.split()) if " " in domain else (domain,) * len(shapes)
    line = Case(name, f, shapes, domains, reference, analytic, complex, standard, without or {})
    CASES.append(line)


def _named(name):
    return lambda xp, *arrays: getattr(xp, name)(*arrays)


# Elementwise, one argument: name, domain, whether analytic, whether complex too.
UNARY = [
    ("abs", "nonzero", False, True),
    ("acos", "unit", True, True),
    ("acosh", "above_one", True, True),
    ("asin", "unit", True, True),
    ("asinh", "generic", True, True),
    ("atan", "generic", True, True),
    ("atanh", "unit", True, True),
    ("cos", "generic", True, True),
    ("cosh", "generic", True, True),
    ("exp", "generic", True, True),
    ("expm1", "generic", True, True),
    ("log", "positive", True, True),
    ("log10", "positive", True, True),
    ("log1p", "positive", True, True),
    ("log2", "positive", True, True),
    ("negative", "generic", True, True),
    ("positive", "generic", True, True),
    ("reciprocal", "nonzero", True, True),
    ("sin", "generic", True, True),
    ("sinh", "generic", True, True),
    ("sqrt", "positive", True, True),
    ("square", "generic", True, True),
    ("tan", "unit", True, True),
    ("tanh", "generic", True, True),
]
for _name, _domain, _analytic, _complex in UNARY:
    case(
        _name,
        _named(_name),
        (2, 3),
        domain=_domain,
        reference=getattr(np, _name),
        analytic=_analytic,
        complex=_complex,
    )

# Elementwise, two arguments: name, domains, whether analytic, whether complex too.
BINARY = [
    ("add", "generic generic", True, True),
    ("atan2", "nonzero nonzero", False, False),
    ("copysign", "nonzero nonzero", False, False),
    ("divide", "generic nonzero", True, True),
    ("hypot", "nonzero nonzero", False, False),
    ("logaddexp", "generic generic", False, False),
    ("maximum", "distinct large", False, False),
    ("minimum", "distinct large", False, False),
    ("multiply", "generic generic", True, True),
    ("pow", "positive generic", True, True),
    ("remainder", "about_7 about_3", False, False),
    ("subtract", "generic generic", True, True),
]
for _name, _domain, _analytic, _complex in BINARY:
    case(
        _name,
        _named(_name),
        (2, 3),
        (2, 3),
        domain=_domain,
        reference=getattr(np, _name),
        analytic=_analytic,
        complex=_complex,
    )

# Python scalars as operands, on either side, and the operators.
case("add/scalar", lambda xp, x: 2 + x + 3.0, (3,), reference=lambda x: x + 5)
case("subtract/scalar", lambda xp, x: 2 - (x - 3.0), (3,), reference=lambda x: 5 - x)
case("multiply/scalar", lambda xp, x: 2 * x * 3.0, (3,), reference=lambda x: 6 * x)
case("multiply/itself", lambda xp, x: x * x * x, (3,), reference=lambda x: x**3, complex=True)
case(
    "divide/scalar",
    lambda xp, x: 2 / x + x / 3.0,
    (3,),
    domain="nonzero",
    reference=lambda x: 2 / x + x / 3,
)
case("negative/operator", lambda xp, x: -x + (+x) * 2, (3,), reference=lambda x: x)
case("abs/operator", lambda xp, x: abs(x), (3,), domain="nonzero", reference=np.abs, analytic=False)
case(
    "remainder/scalar",
    lambda xp, x: xp.remainder(x, 1.3) + (x % 2),
    (3,),
    domain="about_7",
    reference=lambda x: np.mod(x, 1.3) + np.mod(x, 2),
    analytic=False,
)
case(
    "remainder/scalar on the left",
    lambda xp, x: 7.5 % x,
    (3,),
    domain="about_3",
    reference=lambda x: np.mod(7.5, x),
    analytic=False,
)
case(
    "remainder/negative",
    lambda xp, x, y: xp.remainder(-x, y) + xp.remainder(x, -y),
    (3,),
    (3,),
    domain="about_7 about_3",
    reference=lambda x, y: np.mod(-x, y) + np.mod(x, -y),
    analytic=False,
)
case(
    "hypot/scalar",
    lambda xp, x: xp.hypot(x, 3.0) + xp.hypot(2.0, x),
    (3,),
    domain="nonzero",
    reference=lambda x: np.hypot(x, 3) + np.hypot(2, x),
    analytic=False,
)
case(
    "atan2/scalar",
    lambda xp, x: xp.atan2(x, 3.0) + xp.atan2(2.0, x),
    (3,),
    domain="nonzero",
    reference=lambda x: np.arctan2(x, 3) + np.arctan2(2, x),
    analytic=False,
)
case(
    "logaddexp/scalar",
    lambda xp, x: xp.logaddexp(x, 0.0) + xp.logaddexp(1.0, x),
    (3,),
    reference=lambda x: np.logaddexp(x, 0) + np.logaddexp(1, x),
    analytic=False,
)
case(
    "copysign/scalar",
    lambda xp, x: xp.copysign(x, -1.0) + xp.copysign(3.0, x),
    (4,),
    domain="nonzero",
    reference=lambda x: -np.abs(x) + 3 * np.sign(x),
    analytic=False,
)
case(
    "maximum/scalar",
    lambda xp, x: xp.maximum(x, 0.0) + xp.maximum(0.1, x),
    (5,),
    domain="distinct",
    reference=lambda x: np.maximum(x, 0) + np.maximum(0.1, x),
    analytic=False,
    standard=False,
)
case(
    "minimum/scalar",
    lambda xp, x: xp.minimum(x, 0.0) + xp.minimum(0.1, x),
    (5,),
    domain="distinct",
    reference=lambda x: np.minimum(x, 0) + np.minimum(0.1, x),
    analytic=False,
    standard=False,
)

# Powers.
for _exponent in (0, 1, 2, 3, 0.5, -1, -2.5):
    case(
        f"pow/exponent {_exponent}",
        lambda xp, x, n=_exponent: x**n,
        (4,),
        domain="positive",
        reference=lambda x, n=_exponent: np.power(x, n),
        complex=True,
    )
for _exponent in (0, 1, 2, 3, -1):
    case(
        f"pow/exponent {_exponent} of negative numbers",
        lambda xp, x, n=_exponent: xp.pow(x, n),
        (4,),
        domain="nonzero",
        reference=lambda x, n=_exponent: np.power(x, n),
    )
case("pow/operator", lambda xp, x, y: x**y, (3,), (3,), domain="positive", reference=np.power)
case("pow/scalar base", lambda xp, x: 2.5**x, (3,), reference=lambda x: np.exp(x * np.log(2.5)))
case(
    "pow/constant exponents",
    lambda xp, x: xp.pow(x, xp.asarray([0.0, 1.0, 2.0, 3.0, -1.0], dtype=x.dtype, device=x.device)),
    (5,),
    domain="nonzero",
    reference=lambda x: np.power(x, [0.0, 1.0, 2.0, 3.0, -1.0]),
    standard=False,
)
case(
    "pow/integer exponents",
    lambda xp, x: xp.pow(x, xp.astype(integers(xp, x, [0, 1, 2, 3]), xp.int8)),
    (4,),
    domain="positive",
    reference=lambda x: np.power(x, [0, 1, 2, 3]),
    standard=False,
    without={
        "strict": "array_api_strict does not promote integers with floats",
    },
)
case(
    "pow/zero exponent that is followed",
    lambda xp, x, y: xp.pow(x, y * 0.0),
    (3,),
    (3,),
    domain="positive",
    reference=lambda x, y: np.ones(3),
)

# Selection and complex parts.
case("real/real", lambda xp, x: xp.real(x) * 2, (3,), reference=lambda x: 2 * x, standard=False,
     analytic=False)
case("conj/real", lambda xp, x: xp.conj(x) * 2, (3,), reference=lambda x: 2 * x, standard=False,
     analytic=False)
case("imag/of a product", lambda xp, x: xp.imag(xp.astype(x, complex_dtype(xp, x)) * (2 + 3j)), (3,),
     reference=lambda x: 3 * x, standard=False, analytic=False)
case(
    "complex parts",
    lambda xp, x: xp.real(xp.exp(x * 1j)) + xp.imag(xp.conj(xp.exp(x * 2j))) + xp.abs(x + 1j),
    (3,),
    reference=lambda x: np.cos(x) - np.sin(2 * x) + np.sqrt(x * x + 1),
    analytic=False,
    standard=False,
)
case(
    "complex parts of astype",
    lambda xp, x: xp.real(xp.exp(1j * xp.astype(x, complex_dtype(xp, x)))),
    (3,),
    reference=np.cos,
    analytic=False,
    standard=False,
)
case("sign/complex", lambda xp, x: xp.sign(x * x + 1j * x), (4,), domain="nonzero", complex=True,
     reference=lambda x: np.sign(x * x + 1j * x), analytic=False, standard=False)
case("sign/of complex parts", lambda xp, x, y: xp.real(xp.sign(x + 1j * y) * (2 - 3j)), (2, 3), (3,),
     domain="nonzero", reference=lambda x, y: np.real(np.sign(x + 1j * y) * (2 - 3j)), analytic=False,
     standard=False)
case(
    "where",
    lambda xp, x, y: xp.where(mask(xp, x, [[1, 0, 1], [0, 0, 1]]), x, y),
    (2, 3),
    (2, 3),
    reference=lambda x, y: np.where([[1, 0, 1], [0, 0, 1]], x, y),
    complex=True,
)
case(
    "where/broadcast",
    lambda xp, x, y: xp.where(mask(xp, x, [True, False, True]), x, y),
    (2, 1),
    (),
    reference=lambda x, y: np.where([True, False, True], x, y),
)
case(
    "where/scalars",
    lambda xp, x: xp.where(x > 0, x * x, 0.0) + xp.where(x > 0.3, 1.0, x),
    (6,),
    domain="distinct",
    reference=lambda x: np.where(x > 0, x * x, 0) + np.where(x > 0.3, 1, x),
    analytic=False,
)
case(
    "where/masked logarithm",
    lambda xp, x: xp.where(x > 0, xp.log(xp.where(x > 0, x, 1.0)), 0.0),
    (6,),
    domain="nonzero",
    reference=lambda x: np.log(np.where(x > 0, x, 1)),
    analytic=False,
)
case("clip", lambda xp, x: xp.clip(x, -0.2, 0.2), (8,), domain="distinct",
     reference=lambda x: np.clip(x, -0.2, 0.2), analytic=False)
case("clip/lower", lambda xp, x: xp.clip(x, min=0.1), (8,), domain="distinct",
     reference=lambda x: np.maximum(x, 0.1), analytic=False)
case("clip/upper", lambda xp, x: xp.clip(x, max=0.1), (8,), domain="distinct",
     reference=lambda x: np.minimum(x, 0.1), analytic=False)
case("clip/no bounds", lambda xp, x: xp.clip(x), (8,), domain="distinct",
     reference=lambda x: x, standard=False)
case(
    "clip/array bounds",
    lambda xp, x, low, high: xp.clip(x, low - 0.3, high * 0 + 0.21),
    (2, 4),
    (4,),
    (2, 1),
    domain="distinct unit unit",
    reference=lambda x, low, high: np.clip(x, low - 0.3, 0.21 + 0 * high),
    analytic=False,
    standard=False,
)

# Data types, copies, devices.
case("astype/float32", lambda xp, x: xp.astype(xp.astype(x, xp.float32) * 3, x.dtype), (3,),
     domain="nonzero", analytic=False, standard=False)
case("astype/complex", lambda xp, x: xp.real(xp.astype(x, complex_dtype(xp, x)) ** 2), (3,),
     reference=np.square, analytic=False, standard=False)
case("astype/method", lambda xp, x: x.astype(x.dtype) * 2, (3,), reference=lambda x: 2 * x,
     standard=False)
case("copy", lambda xp, x: xp.asarray(x, copy=True) * x, (3,), reference=np.square, standard=False)
case("asarray", lambda xp, x: xp.asarray(x) * x, (3,), reference=np.square, standard=False)
case("convert_to_tensor", lambda xp, x: xg.convert_to_tensor(x) * x, (3,), reference=np.square,
     standard=False)
case("constant", lambda xp, x: xg.constant(x, shape=(2, 2)) * 3, (4,),
     reference=lambda x: 3 * x.reshape(2, 2), standard=False)
case("constant/of one element", lambda xp, x: xg.constant(x, shape=(2, 2)) * 3, (1,),
     reference=lambda x: np.full((2, 2), 3 * x[0]), standard=False)
case(
    "asarray/nested lists",
    lambda xp, x: xp.asarray([[x[0], 2.0], [x[1] * x[0], 3.0]]),
    (2,),
    reference=lambda x: np.array([[x[0], 2.0], [x[1] * x[0], 3.0]]),
    standard=False,
)
case(
    "asarray/list of arrays",
    lambda xp, x, y: xp.asarray([x, y, x]),
    (2,),
    (2,),
    reference=lambda x, y: np.array([x, y, x]),
    standard=False,
)
case("full", lambda xp, x: xp.full((2, 3), x), (), reference=lambda x: np.full((2, 3), x),
     standard=False)
case("full_like", lambda xp, x, y: xp.full_like(x, y) * x, (3,), (),
     reference=lambda x, y: x * y, standard=False)
case(
    "to_device",
    lambda xp, x: (x * x).to_device(_elsewhere(x)).to_device(x.device) * x,
    (3,),
    reference=lambda x: x**3,
    standard=False,
    complex=True,
    without={"meta": "what is on meta has no values to move"},
)
case(
    "to_device/between libraries",
    lambda xp, x: xp.exp(xg.to_device(x * 2.0, _other_library(x)).to_device(x.device)),
    (3,),
    reference=lambda x: np.exp(2 * x),
    standard=False,
    without={"meta": "what is on meta has no values to move"},
)


def _elsewhere(x):
    return "array_api_strict:device2" if str(x.device) == "array_api_strict:device1" else "cpu"


def _other_library(x):
    return "array_api_strict:device1" if str(x.device) == "cpu" else "cpu"


# Reductions: axes of every form.
_AXES = {
    "all": None,
    "first": 0,
    "last": -1,
    "two": (0, 2),
    "negative": (-1, -2),
    "every": (0, 1, 2),
    "none": (),
}
for _label, _axis in _AXES.items():
    for _keepdims in (False, True):
        _kept = ", keepdims" if _keepdims else ""
        for _name, _numpy, _domain, _analytic in (
            ("sum", np.sum, "generic", True),
            ("mean", np.mean, "generic", True),
            ("prod", np.prod, "nonzero", True),
            ("max", np.max, "distinct", False),
            ("min", np.min, "distinct", False),
            ("var", np.var, "generic", False),
            ("std", np.std, "generic", False),
        ):
            if _axis == () and _name in ("max", "min", "std"):
                continue
            case(
                f"{_name}/{_label}{_kept}",
                lambda xp, x, n=_name, a=_axis, k=_keepdims: getattr(xp, n)(x, axis=a, keepdims=k),
                (2, 3, 2),
                domain=_domain,
                reference=lambda x, f=_numpy, a=_axis, k=_keepdims: f(x, axis=a, keepdims=k),
                analytic=_analytic,
                complex=_name in ("sum", "mean", "prod") and not _keepdims,
                standard=_axis != (),
            )
case("max/no axes", lambda xp, x: xp.max(x, axis=()) * x, (2, 2), domain="distinct",
     reference=np.square, analytic=False, standard=False)
case("min/no axes", lambda xp, x: xp.min(x, axis=()) * x, (2, 2), domain="distinct",
     reference=np.square, analytic=False, standard=False)
case("sum/0-d", lambda xp, x: xp.sum(x) * x, (), reference=np.square, complex=True)
case("mean/0-d", lambda xp, x: xp.mean(x) * x, (), reference=np.square)
case("prod/0-d", lambda xp, x: xp.prod(x) * x, (), reference=np.square)
case("max/0-d", lambda xp, x: xp.max(x) * x, (), reference=np.square, analytic=False)
case("sum/empty", lambda xp, x: xp.sum(x, axis=0), (0, 3), reference=lambda x: x.sum(0))
case("prod/empty", lambda xp, x: xp.prod(x, axis=0), (0, 3), reference=lambda x: x.prod(0))
case("max/empty", lambda xp, x: xp.max(x, axis=1), (0, 3), reference=lambda x: x.max(1),
     analytic=False)
case("std/empty", lambda xp, x: xp.std(x, axis=1), (0, 3), reference=lambda x: x.std(1),
     analytic=False, without={"torch": "torch warns of 0 degrees of freedom for 0 results"})
case("sum/one element", lambda xp, x: xp.sum(x, axis=1), (2, 1), reference=lambda x: x.sum(1))
case("prod/one element", lambda xp, x: xp.prod(x, axis=1), (2, 1), reference=lambda x: x.prod(1))
case("std/correction", lambda xp, x: xp.std(x, axis=1, correction=1), (2, 4),
     reference=lambda x: x.std(1, ddof=1), analytic=False)
case("var/correction", lambda xp, x: xp.var(x, axis=1, correction=1.5), (2, 4),
     reference=lambda x: x.var(1) * 4 / 2.5, analytic=False, complex=True)
case("std/correction that is no integer", lambda xp, x: xp.std(x, axis=1, correction=1.5), (2, 4),
     reference=lambda x: x.std(1) * np.sqrt(4 / 2.5), analytic=False, standard=False)
case("std/complex", lambda xp, x: xp.std(x, axis=0), (4, 2), reference=lambda x: x.std(0),
     analytic=False, complex=True, without={"strict": "the standard has it for real numbers"})
case("sum/dtype", lambda xp, x: xp.sum(x, dtype=xp.float64) * 2, (3,),
     reference=lambda x: 2 * x.sum(), standard=False, analytic=False)
case("prod/with zero", lambda xp, x: xp.prod(x * mask_of(xp, x, [1, 0, 1]), axis=-1), (2, 3),
     reference=lambda x: np.prod(x * [1, 0, 1], axis=-1), standard=False)
case("prod/with two zeros", lambda xp, x: xp.prod(x * mask_of(xp, x, [0, 1, 0, 1])), (4,),
     reference=lambda x: np.prod(x * [0, 1, 0, 1]), standard=False)


def mask_of(xp, x, values):
    """Zeros and ones in the dtype of x."""
    return xp.asarray(values, dtype=x.dtype, device=x.device)


# logsumexp.
for _label, _axis in {**_AXES, "list": [0, -1]}.items():
    for _keepdims in (False, True):
        case(
            f"logsumexp/{_label}{', keepdims' if _keepdims else ''}",
            lambda xp, x, a=_axis, k=_keepdims: xg.logsumexp(x, axis=a, keepdims=k),
            (2, 3, 2),
            reference=lambda x, a=_axis, k=_keepdims: np.log(
                np.sum(np.exp(x), axis=tuple(a) if isinstance(a, list) else a, keepdims=k)
            ),
            complex=not _keepdims,
            standard=False,
        )
case("logsumexp/0-d", lambda xp, x: xg.logsumexp(x) * x, (), reference=np.square, standard=False)
case("logsumexp/one element", lambda xp, x: xg.logsumexp(x, axis=1) ** 2, (2, 1),
     reference=lambda x: x[:, 0] ** 2, standard=False)
case("logsumexp/no rows", lambda xp, x: xg.logsumexp(x, axis=1), (0, 3),
     reference=lambda x: x.sum(axis=1), standard=False)

# What is not finite, replaced.
case("nan_to_num", lambda xp, x: xg.nan_to_num(x * mask_of(xp, x, [1, np.nan, np.inf, -np.inf]),
                                               2.0, posinf=3.0, neginf=4.0) * x, (2, 4),
     domain="positive", reference=lambda x: np.where([1, 0, 0, 0], x, [0, 2.0, 3.0, 4.0]) * x,
     standard=False, analytic=False)
case("nan_to_num/Tensors", lambda xp, x, a, b: xg.nan_to_num(
        x * mask_of(xp, x, [1, np.nan, np.inf]), a, posinf=b), (3,), (3,), (),
     domain="positive generic generic", standard=False, analytic=False,
     reference=lambda x, a, b: np.stack([x[0], a[1], b]))
case("nan_to_num/complex", lambda xp, x: xp.real(xg.nan_to_num((x + 2j) * mask_of(xp, x, [1, np.nan]))
                                                * (1 + 1j)), (2,),
     reference=lambda x: np.array([x[0] - 2, 0 * x[1]]), standard=False, analytic=False)

# Cumulative.
for _name, _numpy in (("cumulative_max", np.maximum), ("cumulative_min", np.minimum)):
    for _axis, _shape in ((0, (4, 3)), (1, (2, 7)), (-1, (2, 2, 3)), (None, (5,)), (None, (1,)), (1, (0, 3)),
                          (0, (0, 3))):
        case(
            f"{_name}/axis {_axis} of {_shape}",
            lambda xp, x, n=_name, a=_axis: getattr(xg, n)(x, axis=a),
            _shape,
            domain="distinct",
            reference=lambda x, f=_numpy, a=_axis: f.accumulate(x, axis=a or 0),
            analytic=False,
            standard=False,
        )
for _name, _numpy in (("cumulative_sum", np.cumsum), ("cumulative_prod", np.cumprod)):
    for _axis in (0, 1, -1):
        case(
            f"{_name}/axis {_axis}",
            lambda xp, x, n=_name, a=_axis: getattr(xp, n)(x, axis=a),
            (3, 4),
            reference=lambda x, f=_numpy, a=_axis: f(x, axis=a),
            complex=_axis == 0,
        )
    case(f"{_name}/1-d", lambda xp, x, n=_name: getattr(xp, n)(x), (5,), reference=_numpy)
    case(f"{_name}/one element", lambda xp, x, n=_name: getattr(xp, n)(x), (1,), reference=_numpy)
    case(f"{_name}/empty", lambda xp, x, n=_name: getattr(xp, n)(x), (0,), reference=_numpy)
    case(
        f"{_name}/include_initial",
        lambda xp, x, n=_name: getattr(xp, n)(x, axis=1, include_initial=True),
        (2, 3),
        reference=lambda x, f=_numpy, n=_name: np.concatenate(
            [np.full((2, 1), float(n == "cumulative_prod")), f(x, axis=1)], axis=1
        ),
    )
    case(
        f"{_name}/empty, include_initial",
        lambda xp, x, n=_name: getattr(xp, n)(x, include_initial=True),
        (0,),
        reference=lambda x, n=_name: np.full((1,), float(n == "cumulative_prod")),
    )
case("cumulative_prod/with zeros", lambda xp, x: xp.cumulative_prod(x * mask_of(xp, x, [1, 0, 1, 0, 1])),
     (5,), reference=lambda x: np.cumprod(x * [1, 0, 1, 0, 1]), standard=False)

# Contractions.
_MATMUL = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((4, 2, 3), (3,)),
    ((3,), (4, 3, 2)), ((4, 2, 3), (4, 3, 2)), ((4, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)),
    ((4, 1, 2, 3), (5, 3, 2)), ((1, 2, 3), (4, 3, 2)), ((2, 1, 2, 3), (1, 2, 3, 2)),
    ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((0, 2, 3), (3, 2)), ((0,), (0,)), ((2, 0, 2, 3), (3, 2)),
]
for _shapes in _MATMUL:
    case(
        "matmul/" + " @ ".join(map(str, _shapes)),
        _named("matmul"),
        *_shapes,
        reference=np.matmul,
        complex=0 not in _shapes[0],
    )
case("matmul/operator", lambda xp, x, y: x @ y, (2, 3), (3, 2), reference=np.dot)
case("matmul/itself", lambda xp, x: xp.matmul(x, x), (3, 3), reference=lambda x: x @ x)
for _axes in (0, 1, 2, ((0,), (1,)), ((1, 0), (0, 1)), ((0, 1), (1, 0)), ((-1,), (-2,)), ((), ())):
    case(
        f"tensordot/axes {_axes}",
        lambda xp, x, y, a=_axes: xp.tensordot(x, y, axes=a),
        (3, 3),
        (3, 3),
        reference=lambda x, y, a=_axes: np.tensordot(x, y, axes=a),
        complex=_axes in (1, ((1, 0), (0, 1))),
    )
case(
    "tensordot/odd order",
    lambda xp, x, y: xp.tensordot(x, y, axes=((3, 0, 2), (1, 2, 0))),
    (2, 3, 4, 5),
    (4, 5, 2, 3),
    reference=lambda x, y: np.einsum("abcd,cdae->be", x, y),
    complex=True,
)
case(
    "tensordot/outer product",
    lambda xp, x, y: xp.tensordot(x, y, axes=0),
    (2,),
    (3, 2),
    reference=np.multiply.outer,
)
case("vecdot", _named("vecdot"), (2, 3), (2, 3), reference=lambda x, y: (x.conj() * y).sum(-1),
     analytic=False, complex=True)
case("vecdot/1-d", _named("vecdot"), (3,), (3,), reference=np.dot, analytic=False)
case("vecdot/broadcast", _named("vecdot"), (4, 1, 3), (2, 3),
     reference=lambda x, y: (x.conj() * y).sum(-1), analytic=False, complex=True)
case("vecdot/first axis", lambda xp, x, y: xp.vecdot(x, y, axis=-2), (3, 2), (3, 2),
     reference=lambda x, y: (x.conj() * y).sum(0), analytic=False, complex=True)
case("vecdot/broadcast, other axis", lambda xp, x, y: xp.vecdot(x, y, axis=-2), (4, 3, 1), (3, 2),
     reference=lambda x, y: (x * y).sum(-2), analytic=False)

# einsum: subscripts and the shapes of the operands.
_EINSUM = [
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij,kj->ki", (2, 3), (4, 3)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)), ("bi,bi->b", (3, 4), (3, 4)), ("ij,ij->", (2, 3), (2, 3)),
    ("i,j->ji", (2,), (3,)), ("ij,j->ij", (2, 3), (3,)), ("bhqd,bkhd->bhqk", (2, 2, 3, 4), (2, 5, 2, 4)),
    ("ij->ji", (2, 3)), ("ij->j", (2, 3)), ("ij->", (2, 3)), ("ij->ij", (2, 3)), ("ba", (2, 3)),
    ("ii", (3, 3)), ("ii->i", (3, 3)), ("iij->ji", (3, 3, 2)), ("iji->j", (2, 3, 2)),
    ("iii->i", (3, 3, 3)), ("iijj->ij", (2, 2, 3, 3)), ("ii,i->", (3, 3), (3,)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)), ("ij,jk,kl,lm->im", (2, 3), (3, 2), (2, 4), (4, 3)),
    ("ai,bi,ci->abc", (2, 3), (3, 3), (2, 3)), ("i,i,i->i", (3,), (3,), (3,)),
    ("ij,jk,ki->", (2, 3), (3, 4), (4, 2)), ("i,j,k->kij", (2,), (3,), (2,)),
    ("...ij,...jk->...ik", (2, 3, 4), (4, 2)), ("...ij,...jk", (5, 1, 2, 3), (2, 3, 2)),
    ("i...,...i->...", (3, 2), (2, 3)), ("...->...", (2, 3)), ("...ii->...i", (2, 3, 3)),
    ("i...j->j...", (2, 4, 3)), ("b...,b...->...", (3, 2), (3, 1)),
    ("ij,ij->ij", (1, 3), (2, 3)), ("ij,jk->ik", (2, 1), (3, 4)), ("ij,i->j", (1, 3), (4,)),
    ("ij->ij", (1, 1)), ("ij,jk->ik", (2, 1), (1, 3)),
    ("ij,jk->ik", (2, 0), (0, 3)), ("ij,jk->ik", (0, 2), (2, 3)), ("i,i,i->i", (0,), (1,), (0,)),
    (",ij->ij", (), (2, 3)), (",", (), ()), ("", ()), ("ij, jk -> k i", (2, 3), (3, 2)),
]
for _subscripts, *_shapes in _EINSUM:
    case(
        f"einsum/{_subscripts} of {', '.join(map(str, _shapes))}",
        lambda xp, *xs, s=_subscripts: xg.einsum(s, *xs),
        *_shapes,
        reference=lambda *xs, s=_subscripts: np.einsum(s, *xs),
        complex=all(0 not in shape for shape in _shapes),
        standard=False,
    )
case("einsum/itself", lambda xp, x: xg.einsum("ij,jk,ik->", x, x, x), (3, 3), complex=True,
     reference=lambda x: np.einsum("ij,jk,ik->", x, x, x), standard=False)
case("einsum/large", lambda xp, x, y: xg.einsum("bij,bkj->ibk", x, y), (3, 9, 20), (3, 8, 20),
     reference=lambda x, y: np.einsum("bij,bkj->ibk", x, y), complex=True, standard=False)
case("einsum/scalar operand", lambda xp, x: xg.einsum("i,,i->i", x, 2.0, x), (3,),
     reference=lambda x: 2 * x * x, standard=False)

# Manipulation.
case("broadcast_to", lambda xp, x: xp.broadcast_to(x, (4, 2, 3)), (2, 1), complex=True,
     reference=lambda x: np.broadcast_to(x, (4, 2, 3)))
case("broadcast_to/0-d", lambda xp, x: xp.broadcast_to(x, (2, 3)), (),
     reference=lambda x: np.broadcast_to(x, (2, 3)))
case("broadcast_to/empty", lambda xp, x: xp.broadcast_to(x, (0, 3)), (3,),
     reference=lambda x: np.broadcast_to(x, (0, 3)))
case("broadcast_arrays", lambda xp, x, y: tuple(xp.broadcast_arrays(x, y)), (2, 1), (3,),
     reference=lambda x, y: tuple(np.broadcast_arrays(x, y)))
case("concat", lambda xp, x, y: xp.concat([x, y, x]), (2, 3), (1, 3), complex=True,
     reference=lambda x, y: np.concatenate([x, y, x]))
case("concat/last axis", lambda xp, x, y: xp.concat([x, y], axis=-1), (2, 3), (2, 1),
     reference=lambda x, y: np.concatenate([x, y], axis=-1))
case("concat/flat", lambda xp, x, y: xp.concat([x, y], axis=None), (2, 3), (2,),
     reference=lambda x, y: np.concatenate([x, y], axis=None))
case("concat/with empty", lambda xp, x, y: xp.concat([x, y]), (0, 2), (2, 2),
     reference=lambda x, y: np.concatenate([x, y]))
case("concat/one followed", lambda xp, x: xp.concat([xp.zeros_like(x), x, xp.ones_like(x)]), (2,),
     reference=lambda x: np.concatenate([0 * x, x, 0 * x + 1]))
case("expand_dims", lambda xp, x: xp.expand_dims(x, axis=1) * x, (2, 2),
     reference=lambda x: x[:, None] * x)
case("expand_dims/two", lambda xp, x: xp.expand_dims(x, axis=(0, -1)) * 2, (2,),
     reference=lambda x: 2 * x[None, :, None], standard=False)
case("squeeze", lambda xp, x: xp.squeeze(x, axis=(0, 2)), (1, 3, 1), reference=np.squeeze)
case("squeeze/all", lambda xp, x: xp.squeeze(x), (1, 3, 1), reference=np.squeeze, standard=False)
case("flip", lambda xp, x: xp.flip(x), (2, 3), reference=np.flip, complex=True)
case("flip/axis", lambda xp, x: xp.flip(x, axis=-1), (2, 3), reference=lambda x: np.flip(x, -1))
case("flip/axes", lambda xp, x: xp.flip(x, axis=(0, 2)), (2, 3, 2),
     reference=lambda x: np.flip(x, (0, 2)))
case("matrix_transpose", _named("matrix_transpose"), (4, 2, 3), complex=True,
     reference=lambda x: np.swapaxes(x, -1, -2))
case("matrix_transpose/T", lambda xp, x: x.T, (2, 3), reference=np.transpose)
case("matrix_transpose/mT", lambda xp, x: x.mT, (4, 2, 3), reference=lambda x: np.swapaxes(x, 1, 2))
case("moveaxis", lambda xp, x: xp.moveaxis(x, 0, -1), (2, 3, 4),
     reference=lambda x: np.moveaxis(x, 0, -1))
case("moveaxis/two", lambda xp, x: xp.moveaxis(x, (0, 2), (1, 0)), (2, 3, 4),
     reference=lambda x: np.moveaxis(x, (0, 2), (1, 0)))
case("permute_dims", lambda xp, x: xp.permute_dims(x, (2, 0, 1)), (2, 3, 4), complex=True,
     reference=lambda x: np.transpose(x, (2, 0, 1)))
case("permute_dims/negative", lambda xp, x: xp.permute_dims(x, (-1, 0, -2)), (2, 3, 4),
     reference=lambda x: np.transpose(x, (2, 0, 1)))
case("permute_dims/0-d", lambda xp, x: xp.permute_dims(x, ()) * 2, (), reference=lambda x: 2 * x)
case("reshape", lambda xp, x: xp.reshape(x, (3, -1)), (2, 3), reference=lambda x: x.reshape(3, -1),
     complex=True)
case("reshape/to 0-d", lambda xp, x: xp.reshape(x, ()), (1, 1), reference=lambda x: x.reshape(()))
case("reshape/empty", lambda xp, x: xp.reshape(x, (3, 0)), (0, 2),
     reference=lambda x: x.reshape(3, 0))
case("repeat", lambda xp, x: xp.repeat(x, 3), (2, 2), reference=lambda x: np.repeat(x, 3),
     standard=False)
case("repeat/axis", lambda xp, x: xp.repeat(x, 2, axis=1), (2, 3),
     reference=lambda x: np.repeat(x, 2, axis=1))
case("repeat/none", lambda xp, x: xp.repeat(x, 0, axis=1), (2, 3),
     reference=lambda x: np.repeat(x, 0, axis=1))
case(
    "repeat/array",
    lambda xp, x: xp.repeat(x, integers(xp, x, [2, 0, 1]), axis=1),
    (2, 3),
    reference=lambda x: np.repeat(x, [2, 0, 1], axis=1),
    standard=False,
    without=HOW_MANY,
)
case("roll", lambda xp, x: xp.roll(x, 2), (2, 3), reference=lambda x: np.roll(x, 2), complex=True)
case("roll/axis", lambda xp, x: xp.roll(x, -1, axis=1), (2, 3),
     reference=lambda x: np.roll(x, -1, axis=1))
case("roll/axes", lambda xp, x: xp.roll(x, (1, -2), axis=(0, 1)), (2, 3),
     reference=lambda x: np.roll(x, (1, -2), axis=(0, 1)))
case("stack", lambda xp, x, y: xp.stack([x, y, x * y]), (2, 3), (2, 3), complex=True,
     reference=lambda x, y: np.stack([x, y, x * y]))
case("stack/last axis", lambda xp, x, y: xp.stack([x, y], axis=-1), (2, 3), (2, 3),
     reference=lambda x, y: np.stack([x, y], axis=-1))
case("stack/0-d", lambda xp, x, y: xp.stack([x, y]), (), (), reference=lambda x, y: np.stack([x, y]))
case("tile", lambda xp, x: xp.tile(x, (2, 3)), (2, 2), reference=lambda x: np.tile(x, (2, 3)))
case("tile/more axes", lambda xp, x: xp.tile(x, (2, 1, 3)), (2,),
     reference=lambda x: np.tile(x, (2, 1, 3)))
case("tile/fewer axes", lambda xp, x: xp.tile(x, (2,)), (2, 3), reference=lambda x: np.tile(x, 2))
case("tile/zero", lambda xp, x: xp.tile(x, (0, 2)), (2, 3), reference=lambda x: np.tile(x, (0, 2)))
case("unstack", lambda xp, x: tuple(xp.unstack(x)), (2, 3), complex=True,
     reference=lambda x: (x[0], x[1]))
case("unstack/last axis", lambda xp, x: tuple(xp.unstack(x, axis=-1)), (2, 3),
     reference=lambda x: (x[:, 0], x[:, 1], x[:, 2]))
case("unstack/some unused", lambda xp, x: xp.unstack(x)[1] * xp.unstack(x)[2], (4, 2),
     reference=lambda x: x[1] * x[2])
case("unstack/one used twice", lambda xp, x: (lambda a, b, c: a * a + c)(*xp.unstack(x)), (3, 2),
     reference=lambda x: x[0] ** 2 + x[2])
for _k in (0, 1, -1):
    case(f"tril/{_k}", lambda xp, x, k=_k: xp.tril(x, k=k), (2, 3, 4), complex=_k == 0,
         reference=lambda x, k=_k: np.tril(x, k))
    case(f"triu/{_k}", lambda xp, x, k=_k: xp.triu(x, k=k), (2, 3, 4), complex=_k == 0,
         reference=lambda x, k=_k: np.triu(x, k))
case("meshgrid", lambda xp, x, y: tuple(xp.meshgrid(x, y)), (2,), (3,),
     reference=lambda x, y: tuple(np.meshgrid(x, y)))
case("meshgrid/ij", lambda xp, x, y, z: tuple(xp.meshgrid(x, y, z, indexing="ij")), (2,), (3,), (2,),
     reference=lambda x, y, z: tuple(np.meshgrid(x, y, z, indexing="ij")))
case("diff", lambda xp, x: xp.diff(x), (2, 4), reference=np.diff, complex=True)
case("diff/twice", lambda xp, x: xp.diff(x, n=2, axis=0), (4, 2),
     reference=lambda x: np.diff(x, n=2, axis=0))
case("diff/ends", lambda xp, x, y, z: xp.diff(x, prepend=y, append=z), (2, 3), (2, 1), (2, 2),
     reference=lambda x, y, z: np.diff(x, prepend=y, append=z))

# Fourier transforms. Real arguments of complex transforms are among them: every case is run on both.
_FORWARD, _TO_HALF, _FROM_HALF = ("fft", "ifft"), ("rfft", "ihfft"), ("irfft", "hfft")
for _name in (*_FORWARD, *_TO_HALF, *_FROM_HALF):
    for _label, _shape, _options in (
        ("", (2, 4), {}),
        ("/odd", (2, 5), {"n": 5}),
        ("/longer", (2, 3), {"n": 6}),
        ("/longer and odd", (2, 3), {"n": 7}),
        ("/shorter", (2, 5), {"n": 4}),
        ("/shorter and odd", (2, 7), {"n": 3}),
        ("/n 1", (2, 3), {"n": 1}),
        ("/n 2", (2, 3), {"n": 2}),
        ("/axis", (5, 2), {"axis": 0}),
        ("/axis and n", (2, 3, 2), {"axis": -2, "n": 4}),
        ("/ortho", (5,), {"norm": "ortho"}),
        ("/forward", (5,), {"norm": "forward", "n": 6}),
        ("/no stack", (0, 4), {}),
    ):
        case(
            f"fft.{_name}{_label}",
            lambda xp, x, n=_name, o=_options: getattr(xp.fft, n)(x, **o),
            _shape,
            reference=lambda x, n=_name, o=_options: getattr(np.fft, n)(x, **o),
            analytic=False,
            complex=_name not in _TO_HALF and 0 not in _shape,
            standard=0 not in _shape,
        )
for _name in ("fftn", "ifftn", "rfftn", "irfftn"):
    for _label, _shape, _options in (
        ("", (2, 3, 4), {}),
        ("/some axes", (2, 3, 4), {"axes": (0, 1)}),
        ("/other order", (2, 3, 4), {"axes": (-1, 0)}),
        ("/one axis", (2, 5), {"axes": (0,)}),
        ("/sizes", (2, 3, 3), {"s": (5, 3), "axes": (2, 1)}),
        ("/sizes that swap", (3, 4), {"s": (3, 4), "axes": (1, 0)}),
        ("/-1 keeps a size", (3, 4), {"s": (-1, 5), "axes": (0, 1)}),
        ("/ortho", (3, 4), {"norm": "ortho"}),
        ("/forward", (3, 4), {"norm": "forward", "axes": (1, 0)}),
    ):
        case(
            f"fft.{_name}{_label}",
            lambda xp, x, n=_name, o=_options: getattr(xp.fft, n)(x, **o),
            _shape,
            reference=lambda x, n=_name, o=_options: getattr(np.fft, n)(x, **_for_numpy(x, o)),
            analytic=False,
            complex=_name != "rfftn",
            standard=-1 not in _options.get("s", ()),
        )


def _for_numpy(x, options):
    """Options without the size -1, and with axes, which NumPy wants."""
    s = options.get("s")
    if s is None or -1 not in s:
        return options
    sizes = tuple(x.shape[a] if n == -1 else n for n, a in zip(s, options["axes"], strict=True))
    return {**options, "s": sizes}


case("fft.rfft/back and forth", lambda xp, x: xp.fft.irfft(xp.fft.rfft(x) * 2, n=5), (5,),
     reference=lambda x: 2 * x, analytic=False)
case("fft.fft/twice", lambda xp, x: xp.fft.fft(xp.fft.fft(x) ** 2), (4,), complex=True,
     reference=lambda x: np.fft.fft(np.fft.fft(x) ** 2), analytic=False)
case("fft.fftn/power spectrum", lambda xp, x: xp.abs(xp.fft.fftn(x)) ** 2, (3, 4),
     reference=lambda x: np.abs(np.fft.fftn(x)) ** 2, analytic=False)
for _name in ("fftshift", "ifftshift"):
    for _label, _shape, _axes in (
        ("", (3, 4), None), ("/axis", (3, 5), 1), ("/axes", (2, 3, 4), (0, -2)), ("/0-d", (), None),
    ):
        case(f"fft.{_name}{_label}", lambda xp, x, n=_name, a=_axes: getattr(xp.fft, n)(x, axes=a),
             _shape, complex=_axes == 1, standard=bool(_shape),
             reference=lambda x, n=_name, a=_axes: getattr(np.fft, n)(x, axes=a) if x.ndim else x)
for _n in (4, 5):
    case(f"fft.fftfreq/{_n} samples", lambda xp, d, n=_n: xp.fft.fftfreq(n, d=d), (),
         domain="positive", reference=lambda d, n=_n: np.fft.fftfreq(n, d), standard=False,
         analytic=False)
    case(f"fft.rfftfreq/{_n} samples", lambda xp, d, n=_n: xp.fft.rfftfreq(n, d=d), (),
         domain="positive", reference=lambda d, n=_n: np.fft.rfftfreq(n, d), standard=False,
         analytic=False)

# Linear algebra. Matrices of a kind are made of any: far from singular, Hermitian, definite.
def unit(xp, x):
    """The identity of the size, dtype and device of square matrices."""
    place = {} if _is_jax(xp) else {"device": x.device}
    return xp.eye(x.shape[-1], dtype=x.dtype, **place)


def regular(xp, x):
    """Square matrices whose condition number is moderate."""
    return x * 0.5 + 2 * unit(xp, x)


def adjoint(xp, x):
    """The conjugate transpose."""
    return xp.conj(xp.matrix_transpose(x))


def hermitian(xp, x):
    """Hermitian matrices with eigenvalues well apart."""
    counted = xp.cumulative_sum(xp.cumulative_sum(unit(xp, x), axis=-2), axis=-1) * unit(xp, x)
    return (x + adjoint(xp, x)) * 0.3 + 2 * counted


def definite(xp, x):
    """Hermitian positive definite matrices."""
    return xp.matmul(x, adjoint(xp, x)) + unit(xp, x)


_STACKS = {"": (), "/stack": (2,), "/stack of stacks": (2, 1), "/no stack": (0,)}


def linalg(name, f, rows, columns=None, *, analytic=False, complex=True, stacks=_STACKS, **options):
    """Lines for a function of matrices, alone and in stacks."""
    for label, stack in stacks.items():
        empty = 0 in (*stack, rows, rows if columns is None else columns)
        case(f"linalg.{name}{label}", f, (*stack, rows, rows if columns is None else columns),
             analytic=analytic, complex=complex and not empty and len(stack) < 2, **options)


_ONE = {"": (), "/stack": (2,)}
_ALONE = {"": ()}
for _n, _label in ((3, ""), (1, "/1 x 1"), (2, "/2 x 2"), (5, "/5 x 5"), (0, "/0 x 0")):
    _some = _STACKS if _n == 3 else _ONE
    linalg(f"det{_label}", lambda xp, x: xp.linalg.det(x), _n, analytic=_n > 0, stacks=_some,
           reference=np.linalg.det)
    linalg(f"inv{_label}", lambda xp, x: xp.linalg.inv(regular(xp, x)), _n, analytic=True,
           stacks=_some, reference=lambda x: np.linalg.inv(regular(np, x)))
    linalg(f"slogdet{_label}", lambda xp, x: tuple(xp.linalg.slogdet(regular(xp, x))), _n,
           stacks=_some, reference=lambda x: tuple(np.linalg.slogdet(regular(np, x))))
    linalg(f"cholesky{_label}", lambda xp, x: xp.linalg.cholesky(definite(xp, x)), _n, stacks=_some,
           reference=lambda x: np.linalg.cholesky(definite(np, x)))
    linalg(f"eigvalsh{_label}", lambda xp, x: xp.linalg.eigvalsh(hermitian(xp, x)), _n,
           stacks=_some, reference=lambda x: np.linalg.eigvalsh(hermitian(np, x)))
    linalg(f"expm{_label}", lambda xp, x: xp.linalg.expm(x), _n, stacks=_some, standard=False)
linalg("det/of a product", lambda xp, x: xp.linalg.det(xp.matmul(x, x)), 4, analytic=True,
       stacks=_ALONE, reference=lambda x: np.linalg.det(x) ** 2)
linalg("slogdet/logarithm alone", lambda xp, x: xp.linalg.slogdet(x)[1], 3, stacks=_ALONE,
       reference=lambda x: np.linalg.slogdet(x)[1])
linalg("slogdet/sign alone", lambda xp, x: xp.linalg.slogdet(x)[0] * xp.linalg.det(x), 3,
       stacks=_ALONE, reference=lambda x: np.linalg.slogdet(x)[0] * np.linalg.det(x))
linalg("cholesky/upper", lambda xp, x: xp.linalg.cholesky(definite(xp, x), upper=True), 3,
       stacks=_ONE, reference=lambda x: np.linalg.cholesky(definite(np, x), upper=True))


def of_vectors(xp, values, vectors):
    """What does not depend on the signs and phases of vectors, and tells all the rest."""
    projection = xp.matmul(vectors[..., :, :1], adjoint(xp, vectors[..., :, :1]))
    return values, xp.abs(vectors) ** 2, xp.real(projection) + xp.imag(projection * (1 + 1j))


def of_eigh(xp, x):
    """Eigenvalues and what their vectors determine."""
    return of_vectors(xp, *xp.linalg.eigh(hermitian(xp, x)))


def of_eig(xp, x):
    """The same of matrices that are not Hermitian."""
    values, vectors = xp.linalg.eig(hermitian(xp, x) + xp.triu(x) * 0.4)
    values, squares, projection = of_vectors(xp, values, vectors)
    return xp.real(values), xp.imag(values), squares, projection


linalg("eigh", of_eigh, 3, reference=lambda x: of_eigh(np, x))
linalg("eigh/1 x 1", of_eigh, 1, stacks=_ALONE)
linalg("eigh/5 x 5", of_eigh, 5, stacks=_ALONE)
linalg("eigh/vectors alone", lambda xp, x: of_eigh(xp, x)[1], 3, stacks=_ALONE)
linalg("eigh/values alone", lambda xp, x: of_eigh(xp, x)[0] ** 2, 3, stacks=_ALONE)
linalg("eig", of_eig, 3, reference=lambda x: of_eig(np, x))
linalg("eig/1 x 1", of_eig, 1, stacks=_ALONE)
linalg("eig/vectors alone", lambda xp, x: of_eig(xp, x)[2], 3, stacks=_ALONE)
linalg("eig/values alone", lambda xp, x: of_eig(xp, x)[0], 3, stacks=_ALONE)
linalg("eigvals", lambda xp, x: xp.real(xp.linalg.eigvals(hermitian(xp, x) + xp.triu(x) * 0.4)),
       3, reference=lambda x: np.linalg.eigvals(hermitian(np, x) + np.triu(x) * 0.4).real)
linalg("eigvals/pairs", lambda xp, x: xp.sum(xp.linalg.eigvals(x - adjoint(xp, x) + x / 8) ** 3), 3,
       complex=False, stacks=_ONE, standard=False)

_SHAPES = {"": (3, 3), "/tall": (4, 2), "/wide": (2, 4), "/column": (3, 1), "/row": (1, 3)}
_THIN = {**_SHAPES, "/no rows": (0, 2), "/no columns": (2, 0)}


def of_svd(xp, x, full):
    """Singular values and what their vectors determine: a relative phase is among it."""
    u, s, vh = xp.linalg.svd(apart(xp, x), full_matrices=full)
    size = s.shape[-1]
    both = xp.matmul(u[..., :, :1], vh[..., :1, :])
    squares = xp.abs(u[..., :, :size]) ** 2, xp.abs(vh[..., :size, :]) ** 2
    return s, *squares, xp.real(both), xp.imag(both * (1 + 1j))


def of_complement(xp, x, full=True):
    """Projections on what no singular vector reaches."""
    u, s, vh = xp.linalg.svd(apart(xp, x), full_matrices=full)
    size = s.shape[-1]
    u, v = u[..., :, size:], adjoint(xp, vh)[..., :, size:]
    return tuple(
        xp.real(p) + xp.imag(p * (1 + 1j)) for p in (u @ adjoint(xp, u), v @ adjoint(xp, v))
    )


def apart(xp, x):
    """Matrices of any shape with singular values well apart."""
    ones = xp.tril(xp.triu(xp.ones_like(x)))
    counted = xp.cumulative_sum(xp.cumulative_sum(ones, axis=-2), axis=-1) * ones
    return 0.3 * x + 2 * counted


for _label, _shape in _SHAPES.items():
    for _full in (False, True):
        linalg(f"svd{_label}{', full' if _full else ''}",
               lambda xp, x, full=_full: of_svd(xp, x, full), *_shape, stacks=_ONE,
               reference=lambda x, full=_full: of_svd(np, x, full))
for _label in ("/tall", "/wide"):
    linalg(f"svd{_label}, complement", of_complement, *_SHAPES[_label], stacks=_ONE, standard=False,
           reference=lambda x: of_complement(np, x))
linalg("svd/left vectors alone", lambda xp, x: of_svd(xp, x, False)[1], 4, 2, stacks=_ALONE)
linalg("svd/right vectors alone", lambda xp, x: of_svd(xp, x, False)[2], 2, 4, stacks=_ALONE)
for _label, _shape in _THIN.items():
    linalg(f"svdvals{_label}", lambda xp, x: xp.linalg.svdvals(apart(xp, x)), *_shape, stacks=_ONE,
           reference=lambda x: np.linalg.svdvals(apart(np, x)))
    linalg(f"pinv{_label}", lambda xp, x: xp.linalg.pinv(apart(xp, x)), *_shape, stacks=_ONE,
           reference=lambda x: np.linalg.pinv(apart(np, x)))
    for _mode in ("reduced", "complete"):
        if _mode == "reduced" or _shape[0] <= _shape[1]:
            linalg(f"qr{_label}, {_mode}",
                   lambda xp, x, m=_mode: tuple(xp.linalg.qr(apart(xp, x), mode=m)), *_shape,
                   stacks=_ONE, standard=_shape[0] >= _shape[1] > 0,
                   reference=lambda x, m=_mode: tuple(np.linalg.qr(apart(np, x), mode=m)))
for _label, _shape in _THIN.items():
    linalg(f"lu{_label}", lambda xp, x: tuple(xp.linalg.lu(xp.flip(apart(xp, x), axis=-2)))[1:],
           *_shape, analytic=min(_shape) > 0, stacks=_ONE, standard=False,
           reference=lambda x: scipy.linalg.lu(np.flip(apart(np, x), axis=-2))[1:])
linalg("lu/L alone", lambda xp, x: xp.linalg.lu(x).L, 4, 2, complex=False, stacks=_ALONE,
       standard=False)
linalg("lu/U alone", lambda xp, x: xp.linalg.lu(x).U, 3, complex=False, stacks=_ALONE,
       standard=False)
linalg("lu/as it was", lambda xp, x: xp.linalg.lu(x)[0] @ xp.linalg.lu(x)[1] @ xp.linalg.lu(x)[2],
       2, 4, analytic=True, stacks=_ONE, standard=False, reference=lambda x: x)
linalg("qr/Q alone", lambda xp, x: xp.linalg.qr(apart(xp, x)).Q, 4, 2, stacks=_ALONE)
linalg("qr/R alone", lambda xp, x: xp.linalg.qr(apart(xp, x)).R, 4, 2, stacks=_ALONE)
linalg("pinv/of less than full rank",
       lambda xp, x: xp.linalg.pinv(apart(xp, x) @ xp.matrix_transpose(xp.flip(x, axis=-2))), 3, 2,
       domain="above_one", stacks=_ONE)
linalg("pinv/rtol", lambda xp, x: xp.linalg.pinv(apart(xp, x), rtol=0.4), 3, stacks=_ONE,
       reference=lambda x: np.linalg.pinv(apart(np, x), rtol=0.4), standard=False)
linalg("pinv/rtol, an array", lambda xp, x: xp.linalg.pinv(apart(xp, x), rtol=x[..., 0, 0] * 0 + 0.4),
       3, stacks=_ONE, complex=False, standard=False,
       reference=lambda x: np.linalg.pinv(apart(np, x), rtol=0.4))

# The shapes of the sides: of one stack, broadcast, with vectors.
_SYSTEMS = [
    ((3, 3), (3, 2)), ((3, 3), (3,)), ((1, 1), (1,)), ((2, 3, 3), (2, 3, 2)), ((2, 3, 3), (3,)),
    ((2, 3, 3), (3, 2)), ((3, 3), (2, 3, 1)), ((2, 1, 3, 3), (4, 3, 2)), ((3, 3, 3), (3, 3)),
    ((0, 3, 3), (3, 2)), ((0, 0), (0, 2)), ((3, 3), (3, 0)),
]
for _shapes in _SYSTEMS:
    _label = " and ".join(map(str, _shapes))
    _full = 0 not in _shapes[0] + _shapes[1]
    case(f"linalg.solve/{_label}", lambda xp, x, y: xp.linalg.solve(regular(xp, x), y), *_shapes,
         complex=_full, reference=lambda x, y: np.linalg.solve(regular(np, x), y))
    for _upper in (False, True):
        case(f"linalg.solve_triangular/{_label}{', upper' if _upper else ''}",
             lambda xp, x, y, u=_upper: xp.linalg.solve_triangular(regular(xp, x), y, upper=u),
             *_shapes, complex=_full, standard=False,
             reference=lambda x, y, u=_upper:
             np.linalg.solve((np.triu if u else np.tril)(regular(np, x)), y))
case("linalg.solve/itself", lambda xp, x: xp.linalg.solve(regular(xp, x), x), (3, 3), complex=True,
     reference=lambda x: np.linalg.solve(regular(np, x), x))


def least_squares(x, y):
    """The solution by NumPy's pseudo-inverse, and the sums of squares that are left."""
    columns = y[:, None] if y.ndim == 1 else y
    solution = np.linalg.pinv(x) @ columns
    squares = np.sum((columns - x @ solution) ** 2, axis=-2)
    return (solution[..., 0], squares[..., 0]) if y.ndim == 1 else (solution, squares)


for _shapes in (((4, 2), (4,)), ((4, 2), (4, 3)), ((2, 4), (2, 2)), ((2, 4, 2), (4, 1))):
    case("linalg.lstsq/" + " and ".join(map(str, _shapes)),
         lambda xp, x, y: xp.linalg.lstsq(apart(xp, x), y)[:2], *_shapes, analytic=False,
         complex=True, standard=False,
         reference=lambda x, y: least_squares(apart(np, x), y))
for _n in (0, 1, 2, 5, -1, -3):
    linalg(f"matrix_power/{_n}", lambda xp, x, n=_n: xp.linalg.matrix_power(regular(xp, x), n), 3,
           analytic=True, stacks=_ONE, standard=_n != 0,
           reference=lambda x, n=_n: np.linalg.matrix_power(regular(np, x), n))

for _ord in (1, 2, 3, 4, 1.5, 0.5, -1, -2, np.inf, -np.inf):
    for _label, _axis in (("", None), ("/axis", 1), ("/axes", (0, 2)), ("/keepdims", (0, -1))):
        _keep = _label == "/keepdims"
        case(
            f"linalg.vector_norm/{_ord}{_label}",
            lambda xp, x, o=_ord, a=_axis, k=_keep:
            xp.linalg.vector_norm(x, ord=o, axis=a, keepdims=k),
            (2, 3, 2),
            domain="large" if np.isinf(_ord) else "nonzero",
            reference=lambda x, o=_ord, a=_axis, k=_keep:
            np.linalg.vector_norm(x, ord=o, axis=a, keepdims=k),
            analytic=False,
            complex=True,
        )
case("linalg.vector_norm/0-d", lambda xp, x: xp.linalg.vector_norm(x), (), domain="positive",
     reference=np.abs, analytic=False, complex=True)
case("linalg.vector_norm/empty", lambda xp, x: xp.linalg.vector_norm(x, axis=1), (0, 3),
     reference=lambda x: np.linalg.norm(x, axis=1), analytic=False)
for _ord in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    for _label, _shape in (("", (3, 3)), ("/stack", (2, 2, 3)), ("/keepdims", (2, 3, 2))):
        _keep = _label == "/keepdims"
        case(f"linalg.matrix_norm/{_ord}{_label}",
             lambda xp, x, o=_ord, k=_keep: xp.linalg.matrix_norm(apart(xp, x), ord=o, keepdims=k),
             _shape, domain="nonzero", analytic=False, complex=True,
             reference=lambda x, o=_ord, k=_keep:
             np.linalg.matrix_norm(apart(np, x), ord=o, keepdims=k))
for _p in (None, 2, -2, "fro", 1, np.inf):
    linalg(f"cond/{_p}", lambda xp, x, p=_p: xp.linalg.cond(apart(xp, x), p), 3, stacks=_ONE,
           domain="nonzero", standard=False,
           reference=lambda x, p=_p: np.linalg.cond(apart(np, x), p))
for _label, _shape, _options in (
    ("", (3,), {}), ("/all axes", (2, 3, 2), {}), ("/matrix", (2, 3), {"ord": "nuc"}),
    ("/vector, 3", (4,), {"ord": 3}), ("/axis", (2, 3), {"axis": 0, "ord": 1}),
    ("/axes", (2, 3, 4), {"axis": (2, 0)}), ("/axes, inf", (2, 3, 4), {"axis": (0, 1), "ord": np.inf}),
    ("/axes, keepdims", (2, 3, 4), {"axis": (2, 0), "ord": 1, "keepdims": True}),
):
    for _where in ("", "linalg."):
        case(f"{_where}norm{_label}",
             lambda xp, x, o=_options, w=_where: (xp.linalg if w else xp).norm(x, **o),
             _shape, domain="nonzero", analytic=False, complex=True, standard=False,
             reference=lambda x, o=_options: np.linalg.norm(x, **o))

for _offset in (0, 1, -1, 2, -5):
    for _label, _shape in (("", (3, 4)), ("/stack", (2, 4, 3))):
        case(f"linalg.diagonal/{_offset}{_label}",
             lambda xp, x, o=_offset: xp.linalg.diagonal(x, offset=o), _shape, complex=_offset == 1,
             standard=_offset != -5, reference=lambda x, o=_offset: np.linalg.diagonal(x, offset=o))
        case(f"linalg.trace/{_offset}{_label}",
             lambda xp, x, o=_offset: xp.linalg.trace(x, offset=o), _shape, complex=_offset == 1,
             standard=_offset != -5, reference=lambda x, o=_offset: np.linalg.trace(x, offset=o))
for _k in (0, 1, -2):
    case(f"diag/of a vector {_k}", lambda xp, x, k=_k: xp.diag(x, k), (3,), complex=_k == 1,
         standard=False, reference=lambda x, k=_k: np.diag(x, k))
    case(f"diag/of a matrix {_k}", lambda xp, x, k=_k: xp.diag(x, k), (3, 4), complex=_k == 1,
         standard=False, reference=lambda x, k=_k: np.diag(x, k))
case("diag/empty", lambda xp, x: xp.diag(x), (0,), standard=False, reference=np.diag)
case("linalg.diagonal/empty", lambda xp, x: xp.linalg.diagonal(x), (2, 0, 3),
     reference=lambda x: np.zeros((2, 0)))
case("linalg.trace/dtype", lambda xp, x: xp.linalg.trace(x, dtype=xp.float64), (3, 3),
     reference=np.trace, analytic=False, standard=False)
for _shapes, _axis in (
    (((3,), (3,)), -1), (((2, 3), (2, 3)), -1), (((3, 2), (3, 2)), 0), (((4, 1, 3), (2, 3)), -1),
    (((4, 3, 1), (3, 2)), -2),
):
    case(f"linalg.cross/{_shapes[0]} and {_shapes[1]}, axis {_axis}",
         lambda xp, x, y, a=_axis: xp.linalg.cross(x, y, axis=a), *_shapes, complex=True,
         reference=lambda x, y, a=_axis: np.cross(x, y, axis=a))
case("linalg.outer", lambda xp, x, y: xp.linalg.outer(x, y), (2,), (3,), reference=np.outer,
     complex=True)
case("linalg.outer/empty", lambda xp, x, y: xp.linalg.outer(x, y), (0,), (3,), reference=np.outer)
for _shapes in (((2,), (3,)), ((2, 2), (3, 1)), ((2, 2, 2), (3,)), ((2,), (1, 3)), ((), (2,))):
    case("linalg.kron/" + " and ".join(map(str, _shapes)), lambda xp, x, y: xp.linalg.kron(x, y),
         *_shapes, complex=True, standard=False, reference=np.kron)
for _shapes in (
    ((2, 3), (3, 2)), ((2, 3), (3, 4), (4, 1)), ((3,), (3, 4), (4, 2), (2,)), ((3,), (3,)),
):
    case("linalg.multi_dot/" + " ".join(map(str, _shapes)),
         lambda xp, *xs: xp.linalg.multi_dot(xs), *_shapes, complex=True, standard=False,
         reference=lambda *xs: np.linalg.multi_dot(xs))
for _name, _shapes in (("matmul", ((2, 3), (3, 2))), ("tensordot", ((2, 3), (2, 3))),
                       ("vecdot", ((2, 3), (2, 3))), ("matrix_transpose", ((2, 3),))):
    case(f"linalg.{_name}", lambda xp, *xs, n=_name: getattr(xp.linalg, n)(*xs), *_shapes,
         reference=getattr(np.linalg, _name), analytic=_name != "vecdot", complex=True)

# Padding.
for _mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
    for _label, _shape, _width in (
        ("", (3, 4), ((1, 2), (0, 3))), ("/one number", (3, 2), 1), ("/one pair", (3, 4), (2, 0)),
        ("/wider than x", (2, 3), ((0, 5), (7, 2))), ("/nothing", (2, 3), 0),
        ("/one element", (1, 3), ((2, 1), (0, 1))), ("/an axis of three", (2, 3, 2), ((0, 0), (1, 1), (0, 0))),
        ("/0-d", (), 3), ("/empty", (0, 3), ((0, 0), (1, 2))),
    ):
        case(
            f"pad/{_mode}{_label}",
            lambda xp, x, w=_width, m=_mode: xg.pad(x, w, mode=m),
            _shape,
            reference=lambda x, w=_width, m=_mode: np.pad(x, w, mode=m),
            complex=0 not in _shape,
            standard=False,
        )
case("pad/a number", lambda xp, x: xg.pad(x, (1, 2), constant_values=3.5), (3,),
     reference=lambda x: np.pad(x, (1, 2), constant_values=3.5), standard=False)
case("pad/a Tensor", lambda xp, x, c: xg.pad(x, ((1, 2), (0, 1)), constant_values=c), (2, 3), (),
     reference=lambda x, c: np.pad(x, ((1, 2), (0, 1)), constant_values=c), standard=False,
     analytic=False)
case("pad/a Tensor for every end",
     lambda xp, x, c: xg.pad(x, ((1, 2), (0, 1)), constant_values=[(c[0], c[1]), (c[2], c[0] * c[1])]),
     (2, 3), (3,), standard=False, analytic=False,
     reference=lambda x, c: np.pad(x, ((1, 2), (0, 1)),
                                   constant_values=[(c[0], c[1]), (c[2], c[0] * c[1])]))

# Sorting.
case("sort", lambda xp, x: xp.sort(x), (2, 5), domain="distinct", analytic=False,
     reference=lambda x: np.sort(x, axis=-1))
case("sort/first axis", lambda xp, x: xp.sort(x, axis=0), (5, 2), domain="distinct", analytic=False,
     reference=lambda x: np.sort(x, axis=0))
case("sort/descending", lambda xp, x: xp.sort(x, descending=True), (2, 5), domain="distinct",
     analytic=False, reference=lambda x: -np.sort(-x, axis=-1))
case("sort/descending, first axis", lambda xp, x: xp.sort(x, axis=0, descending=True), (5, 2),
     domain="distinct", analytic=False, reference=lambda x: -np.sort(-x, axis=0))
case("sort/not stable", lambda xp, x: xp.sort(x, stable=False), (2, 5), domain="distinct",
     analytic=False, reference=lambda x: np.sort(x, axis=-1))
case("sort/empty", lambda xp, x: xp.sort(x), (2, 0), analytic=False, reference=np.sort)

# Distinct values, in ascending order; where the first of each is.
for _name, _values in {
    "unique_all": lambda found: found.values,
    "unique_counts": lambda found: found.values,
    "unique_inverse": lambda found: found.values,
    "unique_values": lambda found: found,
}.items():
    case(
        _name,
        lambda xp, x, n=_name, v=_values: v(getattr(xp, n)(x * mask_of(xp, x, [1, 0, 1, 0]))),
        (2, 4),
        domain="distinct",
        reference=lambda x: np.unique(x * [1, 0, 1, 0]),
        analytic=False,
        standard=False,
        without=HOW_MANY,
    )

# Reading parts. Keys are made by a function, because index arrays live on a device.
_READ = {
    "int": ((3, 4), lambda xp, x: 1, {}),
    "negative int": ((3, 4), lambda xp, x: -1, {}),
    "ints": ((3, 4), lambda xp, x: (1, -2), {}),
    "slice": ((5,), lambda xp, x: slice(1, 4), {}),
    "open slice": ((5, 2), lambda xp, x: slice(2, None), {}),
    "step": ((7,), lambda xp, x: slice(1, None, 2), {}),
    "negative step": ((5, 2), lambda xp, x: slice(None, None, -1), {}),
    "negative step, bounds": ((7, 2), lambda xp, x: (slice(5, 0, -2), slice(None)), {}),
    "negative steps": ((4, 5), lambda xp, x: (slice(None, None, -2), slice(-1, 1, -1)), {}),
    "negative step, empty": ((4,), lambda xp, x: slice(0, 3, -1), {}),
    "empty slice": ((4, 2), lambda xp, x: slice(2, 2), {}),
    "None": ((3,), lambda xp, x: (None, slice(None), None), {}),
    "Ellipsis": ((2, 3, 4), lambda xp, x: (..., 1), {}),
    "lone Ellipsis": ((2, 3), lambda xp, x: ..., {}),
    "int, Ellipsis, slice": ((2, 3, 4), lambda xp, x: (1, ..., slice(None, 2)), {}),
    "None, Ellipsis, negative step": ((3, 4), lambda xp, x: (None, ..., slice(None, None, -1)), {}),
    "empty tuple": ((2, 3), lambda xp, x: (), {}),
    "0-d": ((), lambda xp, x: (), {}),
    "array": ((4,), lambda xp, x: integers(xp, x, [0, 2, 2, -1]), {}),
    "2-d array": ((4,), lambda xp, x: integers(xp, x, [[0, 2], [2, -1]]), {}),
    "empty array": ((4,), lambda xp, x: integers(xp, x, np.zeros(0, int)), {}),
    "two arrays": (
        (3, 4),
        lambda xp, x: (integers(xp, x, [0, 2, 0, -1]), integers(xp, x, [1, 3, 1, -4])),
        {},
    ),
    "array, int": ((3, 4), lambda xp, x: (integers(xp, x, [0, 2, 0]), -1), {}),
    "broadcast arrays": (
        (3, 4),
        lambda xp, x: (integers(xp, x, [[0], [2]]), integers(xp, x, [1, 1, 3])),
        {},
    ),
    "array of rows": ((3, 4), lambda xp, x: integers(xp, x, [2, 0, 2]), {}),
    "slice, array": ((3, 4), lambda xp, x: (slice(None), integers(xp, x, [3, 0, 3])), {}),
    "array, slice, array": (
        (3, 4, 3),
        lambda xp, x: (integers(xp, x, [2, 0, 2]), slice(1, 3), integers(xp, x, [1, 1, 1])),
        {},
    ),
    "array, negative step": (
        (3, 4),
        lambda xp, x: (integers(xp, x, [2, 0, 2]), slice(None, None, -2)),
        {},
    ),
    "None, array, Ellipsis": (
        (3, 4, 2),
        lambda xp, x: (None, integers(xp, x, [2, 0, 2]), ...),
        {},
    ),
    "mask": (
        (2, 3),
        lambda xp, x: mask(xp, x, [[1, 0, 1], [0, 0, 1]]),
        HOW_MANY,
    ),
    "empty mask": ((3,), lambda xp, x: mask(xp, x, [0, 0, 0]), HOW_MANY),
    "mask of rows": ((3, 2), lambda xp, x: mask(xp, x, [1, 0, 1]), HOW_MANY),
    "slice, mask": (
        (2, 3),
        lambda xp, x: (slice(None), mask(xp, x, [1, 0, 1])),
        HOW_MANY,
    ),
    "mask, array": (
        (3, 4),
        lambda xp, x: (mask(xp, x, [1, 0, 1]), integers(xp, x, [3, 3])),
        HOW_MANY,
    ),
}
for _label, (_shape, _key, _without) in _READ.items():
    case(
        f"getitem/{_label}",
        lambda xp, x, key=_key: x[key(xp, x)],
        _shape,
        reference=lambda x, key=_key: x[key(np, x)],
        complex=_label in ("slice", "array", "mask", "negative steps"),
        standard=not _without and "negative step" not in _label and "empty" not in _label,
        without=_without,
    )

    def _write(xp, x, v, key=_key):
        y = xp.asarray(x)
        y[key(xp, x)] = v
        return y

    def _write_host(x, v, key=_key):
        y = x.copy()
        y[key(np, x)] = v
        return y

    case(
        f"setitem/{_label}",
        _write,
        _shape,
        np.zeros(_shape)[_key(np, np.zeros(_shape))].shape,
        reference=_write_host,
        complex=_label in ("slice", "array", "mask", "negative steps"),
        standard=False,
        without=_without,
    )
case("getitem/iteration", lambda xp, x: sum(row * row for row in x), (3, 2),
     reference=lambda x: (x * x).sum(0), standard=False)
case("getitem/index of numpy", lambda xp, x: x[np.int64(1)], (3, 2), reference=lambda x: x[1],
     standard=False)


# Writing parts.
def _updated(xp, x, key, v):
    y = xp.asarray(x)
    y[key] = v
    return y


def _updated_host(x, key, v):
    y = np.array(x)
    y[key] = v
    return y


case("setitem/scalar", lambda xp, x: _updated(xp, x, 1, 2.0) * x, (3, 2),
     reference=lambda x: _updated_host(x, 1, 2.0) * x, standard=False)
case("setitem/broadcast value", lambda xp, x, v: _updated(xp, x, slice(1, 3), v), (4, 3), (3,),
     reference=lambda x, v: _updated_host(x, slice(1, 3), v), standard=False)
case("setitem/0-d value", lambda xp, x, v: _updated(xp, x, (slice(None), 1), v), (4, 3), (),
     reference=lambda x, v: _updated_host(x, (slice(None), 1), v), standard=False)
case("setitem/value with axes of size 1", lambda xp, x, v: _updated(xp, x, 1, v), (3, 2), (1, 2),
     reference=lambda x, v: _updated_host(x, 1, v), standard=False)
case("setitem/0-d value through a mask", lambda xp, x, v: _updated(xp, x, mask(xp, x, [1, 0, 1]), v),
     (3,), (), reference=lambda x, v: _updated_host(x, [True, False, True], v), standard=False,
     without=HOW_MANY)
case("setitem/twice", lambda xp, x, v: _updated(xp, _updated(xp, x, 0, v), 0, v * x[1]), (3,), (),
     reference=lambda x, v: np.array([v * x[1], x[1], x[2]]), standard=False)
case("setitem/from itself", lambda xp, x: _updated(xp, x, slice(1, None), x[:-1] * x[1:]), (4,),
     reference=lambda x: np.concatenate([x[:1], x[:-1] * x[1:]]), standard=False)
case("setitem/leaves others alone", lambda xp, x: (lambda y: _updated(xp, y, 0, 5.0) + y)(x * x),
     (3,), reference=lambda x: np.where([True, False, False], 5 + x * x, 2 * x * x), standard=False)
case("setitem/float32 value", lambda xp, x, v: _updated(xp, x, 0, xp.astype(v, xp.float32) * 0.0),
     (3,), (), standard=False, analytic=False)

for _name, _operation in {
    "add": lambda x, v: x + v,
    "multiply": lambda x, v: x * v,
    "divide": lambda x, v: x / v,
    "min": np.minimum,
    "max": np.maximum,
    "set": lambda x, v: v + 0 * x,
}.items():
    case(
        f"at/{_name}",
        lambda xp, x, v, n=_name: getattr(x.at[1:3], n)(v),
        (4, 2),
        (2, 2),
        domain="distinct large",
        reference=lambda x, v, f=_operation: np.concatenate([x[:1], f(x[1:3], v), x[3:]]),
        analytic=False,
        standard=False,
    )
    case(
        f"at/{_name}, scalar",
        lambda xp, x, n=_name: getattr(x.at[..., 1], n)(0.31),
        (2, 3),
        domain="distinct",
        reference=lambda x, f=_operation: np.stack([x[:, 0], f(x[:, 1], 0.31), x[:, 2]], axis=1),
        analytic=False,
        standard=False,
    )
case("at/get", lambda xp, x: x.at[1].get() * x, (3, 2), reference=lambda x: x[1] * x, standard=False)
case("at/add, repeated indices", lambda xp, x, v: x.at[integers(xp, x, [0, 2, 0])].add(v), (3,), (3,),
     reference=lambda x, v: x + np.array([v[0] + v[2], 0 * v[0], v[1]]), standard=False)
case("at/add, broadcast", lambda xp, x, v: x.at[integers(xp, x, [0, 2, 0])].add(v), (3, 2), (2,),
     reference=lambda x, v: x + np.array([2 * v, 0 * v, v]), standard=False)


# In place: each rebinds a handle of its own.
def _in_place(operation):
    def f(xp, x, v):
        y = xp.asarray(x)
        y = operation(y, v)
        return y * x

    return f


def _iadd(y, v):
    y += v
    return y


def _isub(y, v):
    y -= v
    return y


def _imul(y, v):
    y *= v
    return y


def _idiv(y, v):
    y /= v
    return y


def _ipow(y, v):
    y **= v
    return y


def _imatmul(y, v):
    y @= v
    return y


case("add/in place", _in_place(_iadd), (3, 2), (2,), reference=lambda x, v: (x + v) * x, standard=False)
case("subtract/in place", _in_place(_isub), (3, 2), (2,), reference=lambda x, v: (x - v) * x,
     standard=False)
case("multiply/in place", _in_place(_imul), (3, 2), (2,), reference=lambda x, v: x * v * x,
     standard=False)
case("divide/in place", _in_place(_idiv), (3, 2), (2,), domain="nonzero",
     reference=lambda x, v: x / v * x, standard=False)
case("pow/in place", _in_place(_ipow), (3, 2), (2,), domain="positive",
     reference=lambda x, v: x**v * x, standard=False)
case("matmul/in place", _in_place(_imatmul), (2, 2), (2, 2), reference=lambda x, v: (x @ v) * x,
     standard=False)

# take, take_along_axis, scatter.
case("take", lambda xp, x: xp.take(x, integers(xp, x, [2, 0, 2, 2]), axis=0), (3, 2), complex=True,
     reference=lambda x: x[[2, 0, 2, 2]])
case("take/axis", lambda xp, x: xp.take(x, integers(xp, x, [1, 1, 0]), axis=-1), (2, 3),
     reference=lambda x: x[:, [1, 1, 0]])
case("take/middle axis", lambda xp, x: xp.take(x, integers(xp, x, [1, 1, 0]), axis=1), (2, 3, 2),
     reference=lambda x: x[:, [1, 1, 0]])
case("take/1-d", lambda xp, x: xp.take(x, integers(xp, x, [2, 0, 2])), (3,),
     reference=lambda x: x[[2, 0, 2]], standard=False)
case("take/negative", lambda xp, x: xp.take(x, integers(xp, x, [-1, 0, 2, -3]), axis=0), (3, 2),
     reference=lambda x: x[[-1, 0, 2, -3]], standard=False)
case("take/2-d indices", lambda xp, x: xp.take(x, integers(xp, x, [[1, 1], [0, 2]]), axis=1), (2, 3),
     reference=lambda x: x[:, [[1, 1], [0, 2]]], standard=False)
case("take/0-d index", lambda xp, x: xp.take(x, integers(xp, x, 1), axis=0), (3, 2),
     reference=lambda x: x[1], standard=False)
case("take/no indices", lambda xp, x: xp.take(x, integers(xp, x, np.zeros(0, int)), axis=1), (2, 3),
     reference=lambda x: x[:, :0])
case(
    "take/sparse gradient",
    lambda xp, x: xp.take(x, integers(xp, x, [2, 0, 2, 2]), axis=0, sparse_grad=True) ** 2,
    (3, 2),
    reference=lambda x: x[[2, 0, 2, 2]] ** 2,
    complex=True,
    standard=False,
)
case(
    "take/sparse and dense gradient",
    lambda xp, x: xp.take(x, integers(xp, x, [[1, 0]]), axis=0, sparse_grad=True) * x[1:],
    (3, 2),
    reference=lambda x: x[[[1, 0]]] * x[1:],
    complex=True,
    standard=False,
)
case(
    "take_along_axis",
    lambda xp, x: xp.take_along_axis(x, integers(xp, x, [[0, 2, 2], [1, 0, 1]]), axis=1),
    (2, 3),
    reference=lambda x: np.take_along_axis(x, np.array([[0, 2, 2], [1, 0, 1]]), axis=1),
    complex=True,
)
case(
    "take_along_axis/first axis",
    lambda xp, x: xp.take_along_axis(x, integers(xp, x, [[2, 0], [2, 1], [0, 0], [1, 1]]), axis=0),
    (3, 2),
    reference=lambda x: np.take_along_axis(x, np.array([[2, 0], [2, 1], [0, 0], [1, 1]]), axis=0),
)
case(
    "take_along_axis/negative",
    lambda xp, x: xp.take_along_axis(x, integers(xp, x, [[-1, 0, -3], [1, -2, 1]])),
    (2, 3),
    reference=lambda x: np.take_along_axis(x, np.array([[-1, 0, -3], [1, -2, 1]]), axis=-1),
    standard=False,
)
case(
    "take_along_axis/broadcast indices",
    lambda xp, x: xp.take_along_axis(x, integers(xp, x, [[0, 2, 2, 1]]), axis=1),
    (2, 3),
    reference=lambda x: x[:, [0, 2, 2, 1]],
)
case(
    "take_along_axis/broadcast array",
    lambda xp, x: xp.take_along_axis(x, integers(xp, x, [[0, 2], [1, 1], [2, 0]]), axis=1),
    (1, 3),
    reference=lambda x: x[0][np.array([[0, 2], [1, 1], [2, 0]])],
)
case(
    "take_along_axis/both broadcast",
    lambda xp, x: xp.take_along_axis(x, integers(xp, x, [[[0], [2], [0]]]), axis=1),
    (2, 3, 1),
    reference=lambda x: x[:, [0, 2, 0]],
)
for _mode, _operation in {
    "add": np.add,
    "multiply": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
    "set": None,
}.items():

    def _scattered(x, v, indices, axis, operation=_operation):
        y = np.moveaxis(np.array(x), axis, 0)
        v = np.moveaxis(v, axis, 0)
        for place, row in zip(indices, v, strict=True):
            y[place] = row if operation is None else operation(y[place], row)
        return np.moveaxis(y, 0, axis)

    for _label, _indices_, _axis, _shape, _updates in (
        ("", [2, 0, 3], 0, (4, 2), (3, 2)),
        (", repeated", [2, 0, 2, 2, 0], 0, (4, 2), (5, 2)),
        (", negative", [-1, 0, 3, -4], 1, (2, 4), (2, 4)),
        (", 1-d", [1, 1, 0], 0, (3,), (3,)),
        (", nothing", [], 0, (3, 2), (0, 2)),
    ):
        case(
            f"scatter/{_mode}{_label}",
            lambda xp, x, v, i=_indices_, a=_axis, m=_mode: xg.scatter(
                x, integers(xp, x, np.array(i, dtype=int)), v, axis=a, mode=m
            ),
            _shape,
            _updates,
            domain="distinct nonzero" if _mode in ("min", "max") else "nonzero nonzero",
            reference=lambda x, v, i=_indices_, a=_axis, f=_scattered: f(x, v, i, a),
            analytic=_mode not in ("min", "max"),
            complex=_mode in ("add", "set", "multiply") and not _label,
            standard=False,
        )
case(
    "scatter/multiply, zeros",
    lambda xp, x, v: xg.scatter(
        x, integers(xp, x, [0, 0, 0, 1, 1]), v * mask_of(xp, x, [0, 1, 1, 0, 0]), mode="multiply"
    ),
    (2,),
    (5,),
    reference=lambda x, v: np.zeros(2) * x,
    standard=False,
)

# Special functions, and the derivatives that only their rules use.
for _name, _f, _domains, _reference, _without in special_cases():
    case(_name, _f, *[(3,)] * len(_domains), domain=" ".join(_domains), reference=_reference,
         analytic=False, standard=False, without=_without)

for _name, _f, _shapes, _options in network_cases():
    case(_name, _f, *_shapes, standard=False, **_options)

# The instructions that only backward uses: the other halves of the pairs, and the guard.
case("put", lambda xp, x: rule_namespace.put(x, key=(slice(1, 3), 0), shape=(4, 2)), (2,),
     reference=lambda x: np.array([[0, 0], [x[0], 0], [x[1], 0], [0, 0]]), standard=False)
case(
    "put/repeated",
    lambda xp, x: rule_namespace.put(
        x, integers(xp, x, [1, 1, 2]), key=Slot(0), shape=(3,)
    ),
    (3,),
    reference=lambda x: np.array([0 * x[0], x[0] + x[1], x[2]]),
    standard=False,
)
case("index_add", lambda xp, x: rule_namespace.index_add(
        x, integers(xp, x, [1, 1, -1]), axis=1, size=4), (2, 3), complex=True,
     reference=lambda x: np.stack([0 * x[:, 0], x[:, 0] + x[:, 1], 0 * x[:, 0], x[:, 2]], axis=1),
     standard=False)
case("scatter_along_axis", lambda xp, x: rule_namespace.scatter_along_axis(
        x, integers(xp, x, [[1, 1], [-1, 0]]), axis=1, size=3), (2, 2), complex=True,
     reference=lambda x: np.array([[0 * x[0, 0], x[0].sum(), 0], [x[1, 1], 0, x[1, 0]]]),
     standard=False)
for _zeros in (0, 1):
    case(
        f"absorbing_matmul/zeros of operand {_zeros}",
        lambda xp, x, y, z=_zeros: rule_namespace.absorbing_matmul(x, y, zeros=z),
        (4, 1, 2, 3),
        (5, 3, 2),
        reference=np.matmul,
        standard=False,
        complex=True,
    )
    case(
        f"absorbing_contract/zeros of operand {_zeros}",
        lambda xp, x, y, z=_zeros: rule_namespace.absorbing_contract(
            x, y, subscripts="abcd,cdae->be", zeros=z
        ),
        (2, 3, 4, 5),
        (4, 5, 2, 3),
        reference=lambda x, y: np.einsum("abcd,cdae->be", x, y),
        standard=False,
        complex=True,
    )
case("gamma_draw", lambda xp, a: apply(primitive("gamma_draw"), (
        a, xg.stop_gradient(xp.special.gammaincinv(a, mask_of(xp, a, [0.2, 0.5, 0.9]))))), (3,),
     domain="positive", reference=lambda a: scipy.special.gammaincinv(a, [0.2, 0.5, 0.9]),
     standard=False, analytic=False,
     without={"meta": "torch has no gammaincinv, and SciPy's needs values, which meta has not"})
case("check_numerics", lambda xp, x: xg.debugging.check_numerics(x, "x") * 2, (2, 3), complex=True,
     reference=lambda x: 2 * x, standard=False, without={"meta": "it looks at values"})
for _n in (4, 5):
    case(f"cofactor/{_n} x {_n}", lambda xp, x: rule_namespace.cofactor(x), (_n, _n), complex=True,
         reference=lambda x: np.linalg.det(x) * np.linalg.inv(x).T, standard=False)
    case(f"cofactor/{_n} x {_n}, singular",
         lambda xp, x: rule_namespace.cofactor(x @ xp.flip(x.mT, axis=-1)), (_n, _n - 1),
         complex=True, standard=False)
case("zero_where_zero", lambda xp, x: apply(primitive("zero_where_zero"), (x, x * x)), (3,),
     domain="nonzero", reference=lambda x: x, standard=False, analytic=False)

# Compositions that exercise accumulation: one value used many times, branches that meet again.
case("composition/diamond", lambda xp, x: (lambda y: xp.sin(y) * y + xp.exp(y) / (1 + y * y))(x * x),
     (3,), reference=lambda x: np.sin(x * x) * x * x + np.exp(x * x) / (1 + x**4))
case("composition/softmax", lambda xp, x: (lambda e: e / xp.sum(e, axis=-1, keepdims=True))(xp.exp(x)),
     (2, 3), reference=lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True))
case(
    "composition/network",
    lambda xp, x, w, b, v: xp.mean(xp.square(xp.tanh(x @ w + b) @ v)),
    (4, 3), (3, 5), (5,), (5, 2),
    reference=lambda x, w, b, v: np.mean((np.tanh(x @ w + b) @ v) ** 2),
)
case("composition/0-d", lambda xp, x, y: (lambda z: z * z + z * x)(xp.sin(x) * y), (), (),
     reference=lambda x, y: (np.sin(x) * y) ** 2 + np.sin(x) * y * x)

assert len({line.name for line in CASES}) == len(CASES), "two cases have the same name"
