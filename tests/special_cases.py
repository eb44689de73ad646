"""The lines of the table in cases.py for special functions.

A line is the name, the domain of each argument, and, where it cannot run on torch's device without
data, the function that only SciPy has."""

import scipy.special

from xgrad.core.dispatch import apply
from xgrad.core.instructions import primitive

# Domains: see cases.py. Arguments that are whole numbers are given in the lines of their own below.
_LINES = """
    erf generic
    erfc generic
    erfcx generic
    erfinv unit
    erfcinv about_one
    ndtr generic
    ndtri probability
    log_ndtr generic
    expit generic
    logit probability
    log_expit generic
    softplus generic
    xlogy generic positive
    xlog1py generic unit
    entr positive
    rel_entr positive positive
    kl_div positive positive
    huber positive large
    huber/parabola large generic
    pseudo_huber positive generic
    boxcox positive generic
    boxcox1p positive generic
    inv_boxcox probability unit
    inv_boxcox1p probability unit
    gamma positive
    gammaln positive
    loggamma positive
    rgamma generic
    digamma positive
    psi positive
    beta positive positive
    betaln positive positive
    binom above_one probability
    binom/negative probability about_3
    poch positive positive
    poch/negative negative above_one
    zeta above_one positive
    zetac above_one
    gammainc positive positive
    gammaincc positive positive
    gammaincinv positive probability gammaincinv
    gammainccinv positive probability gammainccinv
    betainc positive positive probability
    betaincc positive positive probability
    betaincinv positive positive probability betaincinv
    betainccinv positive positive probability betaincinv
    gdtr positive positive positive
    gdtrc positive positive positive
    chdtr positive positive
    chdtrc positive positive
    chdtri above_one probability gammainccinv
    fdtr above_one above_one positive
    fdtrc above_one above_one positive
    fdtri above_one above_one probability betaincinv
    stdtr positive nonzero
    stdtrit above_one probability betaincinv
    j0 generic
    j1 generic
    y0 positive
    y1 positive
    i0 generic
    i1 generic
    k0 positive
    k1 positive
    i0e nonzero
    i1e nonzero
    k0e positive
    k1e positive
    exp1 positive exp1
    expi nonzero expi
    ellipk unit
    ellipkm1 positive
    spence positive
    cbrt nonzero
    exp2 generic
    exp10 unit
    exprel generic
    cosm1 generic
    sinc generic
    sindg large
    cosdg large
    tandg large
    cotdg large
    radian large generic generic"""
_DOMAINS = (
    "probability",
    "generic",
    "nonzero",
    "positive",
    "negative",
    "unit",
    "above_one",
    "about_one",
)
_DOMAINS += ("about_3", "large")


def _only_in_scipy(name):
    found = {"meta": f"torch has no {name}, and SciPy's needs values, which meta has not"}
    if name in ("hyp1f1", "iv", "ive", "jv", "kv", "kve", "yv"):
        found["cuda"] = f"cupyx has no {name}, and SciPy's needs values in host memory"
    return found


def _table():
    for line in _LINES.strip().splitlines():
        label, *rest = line.split()
        name = label.split("/")[0]
        domains = [word for word in rest if word in _DOMAINS]
        without = _only_in_scipy(rest[-1]) if rest[-1] not in _DOMAINS else None
        yield label, _public(name), domains, getattr(scipy.special, name, None), without
    yield from _with_constants()


def _public(name):
    return lambda xp, *arrays: getattr(xp.special, name)(*arrays)


def _with_constants():
    """Functions of whole numbers, which are constants, and of the other arguments."""
    for name, first, domain, only in (
        ("polygamma", (0, 1, 3), "positive", None),
        ("yn", (0, 1, 3), "positive", "yn"),
        ("jv", (0, 0.5, 2.3), "positive", "jv"),
        ("yv", (0, 0.5, -1.3), "positive", "yv"),
        ("iv", (0, 0.5, 2.3), "positive", "iv"),
        ("ive", (0, 0.5, 2.3), "positive", "ive"),
        ("kv", (0, 0.5, -1.3), "positive", "kv"),
        ("kve", (0, 0.5, 2.3), "positive", "kve"),
        ("expn", (0, 1, 3), "positive", "expn"),
        ("pdtr", (0, 1, 3), "positive", None),
        ("pdtrc", (0, 1, 3), "positive", None),
        ("pdtri", (0, 1, 3), "probability", "gammainccinv"),
        ("hyp1f1", (0.5, 1.5), "generic", "hyp1f1"),
        ("lpmv", (1, 2), "probability", "lpmv"),
        ("bdtr", (1, 4), "probability", None),
        ("bdtrc", (1, 4), "probability", None),
        ("bdtri", (1, 4), "probability", "betaincinv"),
        ("nbdtr", (1, 4), "probability", None),
        ("nbdtrc", (1, 4), "probability", None),
        ("nbdtri", (1, 4), "probability", "betaincinv"),
    ):
        orders = [first] if name in ("hyp1f1", "lpmv") or "b" in name[:2] else [(n,) for n in first]
        for order in orders:
            yield (
                f"{name}/{' and '.join(map(str, order))}",
                lambda xp, x, name=name, order=order: getattr(xp.special, name)(*order, x),
                [domain],
                lambda x, name=name, order=order: getattr(scipy.special, name)(*order, x),
                _only_in_scipy(only) if only else None,
            )
    for d in (1, 3):
        yield (
            f"multigammaln/{d}",
            lambda xp, a, d=d: xp.special.multigammaln(a, d),
            ["above_one"],
            lambda a, d=d: scipy.special.multigammaln(a, d),
            None,
        )
    for name in ("logsumexp", "softmax", "log_softmax"):
        yield name, _public(name), ["generic"], getattr(scipy.special, name), None
    yield (
        "zeta/Riemann",
        lambda xp, x: xp.special.zeta(x),
        ["above_one"],
        scipy.special.zeta,
        None,
    )
    yield (
        "zeta/Riemann of negative numbers",
        lambda xp, x: xp.special.zeta(x),
        ["negative"],
        scipy.special.zeta,
        None,
    )


def _derivatives():
    """The instructions that only rules use: derivatives of the others."""
    for name, domains, parameters in (
        ("erfcx_derivative", ["generic"], {"order": 1}),
        ("exprel_derivative", ["generic"], {"order": 1}),
        ("sinc_derivative", ["generic"], {"order": 1}),
        ("log1prel", ["unit"], {"order": 0}),
        ("ellipkm1_derivative", ["positive"], {"order": 1}),
        ("i0e_derivative", ["positive"], {"order": 1}),
        ("k0e_derivative", ["positive"], {"order": 1}),
        ("bessel_i", ["generic"], {"n": 2}),
        ("bessel_j", ["generic"], {"n": 2}),
        ("zeta_derivative", ["above_one", "positive"], {"order": 1}),
        ("polygamma_difference", ["positive", "positive"], {"order": 0}),
        ("gamma_density", ["positive", "positive"], {}),
        ("beta_density", ["positive", "positive", "probability"], {}),
        ("gammainc_derivative", ["positive", "positive"], {"order": 1}),
        ("betainc_derivative", ["positive", "positive", "probability"], {"orders": (1, 1)}),
    ):
        yield (
            name,
            lambda xp, *arrays, name=name, parameters=parameters: apply(
                primitive(name), arrays, parameters
            ),
            domains,
            None,
            None,
        )

    yield (
        "lpmv_quotient",
        lambda xp, x: apply(
            primitive("lpmv_quotient"), (xp.ones_like(x), 2 * xp.ones_like(x), x), {}
        ),
        ["probability"],
        None,
        _only_in_scipy("lpmv"),
    )


def special_cases():
    """Every line: name, function, domains, reference, and where it cannot run."""
    for name, *rest in _table():
        yield f"special.{name}", *rest
    yield from _derivatives()
