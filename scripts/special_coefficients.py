"""Print the tables of src/xgrad/backends/_ufuncs.c: interpolation at Chebyshev's nodes, in 60 digits.

Needs mpmath, which nothing else does:

    pip install mpmath
    python scripts/special_coefficients.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf

mp.dps = 60
Polynomial = list[Any]


def interpolated(f: Callable[[Any], Any], degree: int, low: Any, high: Any) -> Polynomial:
    """Interpolate a function between two numbers: the coefficients of its powers, lowest first."""
    count = degree + 1
    angles = [mp.pi * (2 * k + 1) / (2 * count) for k in range(count)]
    values = [f((high - low) / 2 * mp.cos(a) + (low + high) / 2) for a in angles]
    series = [
        (1 if j == 0 else 2)
        / mpf(count)
        * mp.fsum(v * mp.cos(j * a) for v, a in zip(values, angles, strict=True))
        for j in range(count)
    ]
    # Chebyshev's polynomials in x, by their recurrence: T_(j+1) = 2 u T_j - T_(j-1).
    u = [-(low + high) / (high - low), 2 / (high - low)]
    before, now = [mpf(1)], u
    total = [series[0]]
    for c in series[1:]:
        total = added(total, [c * x for x in now])
        before, now = now, added([2 * x for x in multiplied(u, now)], [-x for x in before])
    return total


def added(a: Polynomial, b: Polynomial) -> Polynomial:
    """Add two polynomials."""
    size = max(len(a), len(b))
    padded = [[*p, *[mpf(0)] * (size - len(p))] for p in (a, b)]
    return [x + y for x, y in zip(*padded, strict=True)]


def multiplied(a: Polynomial, b: Polynomial) -> Polynomial:
    """Multiply two polynomials."""
    product = [mpf(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            product[i + j] += x * y
    return product


def erfcx(q: Any) -> Any:
    """(1 + 2 t) exp(t^2) erfc(t), of q = (t - 3) / (t + 3)."""
    t = 3 * (1 + q) / (1 - q)
    if t < 1000:
        return (1 + 2 * t) * mp.exp(t * t) * mp.erfc(t)
    terms = [mpf(1)]  # the asymptotic series
    for n in range(1, 10):
        terms.append(-terms[-1] * (2 * n - 1) / (2 * t * t))
    return (1 + 2 * t) * mp.fsum(terms) / (t * mp.sqrt(mp.pi))


def exponential(r: Any) -> Any:
    """(exp(r) - 1 - r) / r^2."""
    return (mp.exp(r) - 1 - r) / (r * r) if r else mpf(1) / 2


def atanh(z: Any) -> Any:
    """(atanh(s) / s - 1) / s^2, of z = s^2."""
    s = mp.sqrt(z)
    return (mp.atanh(s) / s - 1) / z


def erf(z: Any) -> Any:
    """erf(x) / x, of z = x^2."""
    x = mp.sqrt(z)
    return mp.erf(x) / x


REACH = mp.log(2) / 2 * mpf("1.0001")  # of what is left of an exponent
TABLES = {
    "ERFCX": (erfcx, mpf(-1), mpf(1), 25, 14),
    "EXP": (exponential, -REACH, REACH, 9, 5),
    "LOG1P": (atanh, mpf(0), mpf(1) / 9, 10, 5),
    "ERF": (erf, mpf(0), mpf(1), 13, 7),
}


def main() -> None:
    """Print all tables."""
    for name, (f, low, high, *degrees) in TABLES.items():
        for precision, degree in zip(("DOUBLE", "FLOAT"), degrees, strict=True):
            table = [float(c).hex() for c in interpolated(f, degree, low, high)]
            print(f"static const double {name}_{precision}[] = {{")
            for start in range(0, len(table), 3):
                print(f"    {', '.join(table[start : start + 3])},")
            print("};")


if __name__ == "__main__":
    main()
