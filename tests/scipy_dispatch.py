"""SciPy's functions on Tensors with SCIPY_ARRAY_API=1, and their gradients, printed as JSON.

A script, because SciPy reads the variable when it is imported: `test_scipy.py` starts it once."""

import json

import numpy as np
import scipy.special
import scipy.stats

import xgrad as xg

X = np.array([0.31, 0.62, 0.17, 0.83, 0.44, 0.71, 0.29, 0.58, 0.93, 0.12])

# Functions of x, a Tensor or an array.
FUNCTIONS = {
    "erf": lambda x: scipy.special.erf(x),
    "psi": lambda x: scipy.special.psi(x),
    "digamma": lambda x: scipy.special.digamma(x),
    "gammainc": lambda x: scipy.special.gammainc(x, 2 * x),
    "betainc": lambda x: scipy.special.betainc(x, x + 1, x),
    "stdtr": lambda x: scipy.special.stdtr(x * 5, x),
    "chdtr": lambda x: scipy.special.chdtr(x * 5, x),
    "chdtrc": lambda x: scipy.special.chdtrc(x * 5, x),
    "betaincc": lambda x: scipy.special.betaincc(x, x + 1, x),
    "rel_entr": lambda x: scipy.special.rel_entr(x, x * x),
    "xlogy": lambda x: scipy.special.xlogy(x, x * x),
    "polygamma": lambda x: scipy.special.polygamma(2, x),
    "zeta": lambda x: scipy.special.zeta(x + 1, x),
    "Riemann zeta": lambda x: scipy.special.zeta(x + 1),
    "multigammaln": lambda x: scipy.special.multigammaln(x + 2, 3),
    "sinc": lambda x: scipy.special.sinc(x),
    "logsumexp": lambda x: scipy.special.logsumexp(x),
    "softmax": lambda x: scipy.special.softmax(x) * x,
    "log_softmax": lambda x: scipy.special.log_softmax(x) * x,
    "ttest_1samp": lambda x: scipy.stats.ttest_1samp(x, 0.4).pvalue,
    "ttest_ind": lambda x: scipy.stats.ttest_ind(x, x * x + 0.1).pvalue,
    "pearsonr": lambda x: scipy.stats.pearsonr(x, x**3 - x).pvalue,
    "skewtest": lambda x: scipy.stats.skewtest(x).pvalue,
    "normaltest": lambda x: scipy.stats.normaltest(x * x).pvalue,
    "jarque_bera": lambda x: scipy.stats.jarque_bera(x).pvalue,
    "chisquare": lambda x: scipy.stats.chisquare(x).pvalue,
    "combine_pvalues": lambda x: scipy.stats.combine_pvalues(x).pvalue,
    "entropy": lambda x: scipy.stats.entropy(x),
    "boxcox_llf": lambda x: scipy.stats.boxcox_llf(0.3, x),
}


def gradient(f):
    x = xg.asarray(X)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(f(x))
    return tape.gradient(y, x).numpy().tolist()


def differences(f):
    """Central differences of fourth order, in NumPy."""
    found = []
    for i in range(len(X)):
        step = np.zeros_like(X)
        step[i] = 1e-3
        near, far = (np.sum(f(X + k * step)) - np.sum(f(X - k * step)) for k in (1, 2))
        found.append(float((8 * near - far) / 12e-3))
    return found


if __name__ == "__main__":
    print(json.dumps({name: (gradient(f), differences(f)) for name, f in FUNCTIONS.items()}))
