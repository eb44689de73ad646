"""What cannot work through xgrad, by reason; the tests make sure that each fails in just that way."""

# What came out, or how it begins, by reason.
SIGNS = {
    "buffers": "NotDifferentiableError: __array__",
    "minimiser": "ValueError: The user-provided objective function must return a scalar",
    "no counterpart": "ArgumentTypeError: scipy.special.wofz has no counterpart",
    "numbers": "TypeError: a float comes back",
    "stores": ("ArgumentTypeError: numpy.add", "ValueError: setting an array element"),
    "two libraries": "TypeError: Multiple namespaces",
    "views": "ArgumentError: x (5, 1) float64 on cpu has no name",
    "views of an argument": "wrong",
}

# Converts what it is given to a NumPy array, mostly to hand it to compiled code for float64 buffers.
_BUFFERS = """
stats.trimboth(x, 0.2)
stats.ks_1samp(x, stats.norm.cdf)
stats.cramervonmises(x, special.ndtr).statistic
stats.norm.pdf(x)
stats.norm.logpdf(x)
stats.norm.cdf(x, y, p)
stats.Normal(mu=t, sigma=1.5).pdf(x)
stats.Normal(mu=0.3).logcdf(x)
stats.linregress(x, y)
stats.theilslopes(x, y)
stats.gaussian_kde(x)(y)
stats.wasserstein_distance(x, y)
stats.energy_distance(x, y)
stats.expectile(x, 0.3)
distance.cdist(m, n)
distance.euclidean(x, y)
distance.cosine(x, y)
distance.correlation(x, y)
distance.cityblock(x, y)
distance.minkowski(x, y, 3)
distance.sqeuclidean(x, y)
distance.braycurtis(p, q)
distance.canberra(p, q)
distance.chebyshev(x, y)
distance.jensenshannon(p, q)
distance.mahalanobis(x[:4], y[:4], a @ a.T)
distance.seuclidean(x, y, p)
linalg.expm(a)
linalg.inv(a)
linalg.solve(a, x[:4])
linalg.det(a)
linalg.norm(a)
linalg.cholesky(a @ a.T)
linalg.svdvals(a)
fft.dct(x)
fft.dstn(m)
integrate.simpson(x, dx=0.2)
optimize.approx_fprime(x, lambda z: xp.sum(z * z))
interpolate.CubicSpline(grid[:7], x)(q)
interpolate.interp1d(grid[:7], x)(q * 0.7)
interpolate.RegularGridInterpolator((grid, grid[:3]), m)(n[:4, :2] / 99 + 0.15)
interpolate.BSpline(grid, x[:5], 3)(q)
interpolate.make_interp_spline(grid[:7], x)(q)
vq.vq(m, n[:2])[1]
vq.kmeans2(m, m[:2], minit="matrix")[0]
ndimage.gaussian_filter(m, 1.0)
ndimage.center_of_mass(m * m)
ndimage.zoom(m, 2.0)
signal.detrend(m, axis=0)
signal.detrend(x, type="constant")
signal.savgol_filter(x, 5, 2)
signal.convolve(x, y[:3])
signal.correlate(m, n[:2, :2])
signal.resample_poly(x, 3, 2)
signal.wiener(m, (3, 3))
signal.lfilter(p[:3], p[3:], x)
signal.filtfilt(p[:2], p[3:5], x, padlen=2)
signal.sosfilt(xp.asarray(signal.butter(4, 0.2, output="sos")), x)
signal.decimate(xp.tile(x, (5,)), 2)
signal.bilinear(x[:3], p[:3], 2.0)
signal.zpk2tf(x[:2], p[:3], t)
signal.sos2tf(xp.reshape(m[:2, :], (1, 6)))
signal.cspline1d(x)
signal.periodogram(x)[1]
signal.welch(x, nperseg=4)[1]
signal.csd(x, y, nperseg=4)[1]
signal.stft(x, nperseg=4)[2]
signal.lombscargle(p, x, q)
signal.chirp(p, t, 1.0, 2.0)
signal.sawtooth(p)
signal.medfilt(x)
signal.upfirdn(x[:3], y, 2)
signal.czt(x)
preprocessing.scale(m)
preprocessing.RobustScaler().fit_transform(m)
preprocessing.PowerTransformer().fit_transform(m)
decomposition.FastICA(2, random_state=0).fit_transform(m)
decomposition.NMF(2, random_state=0).fit_transform(m * m)
linear_model.LinearRegression().fit(m, n[:, 0]).coef_
linear_model.Lasso(0.1).fit(m, n[:, 0]).coef_
linear_model.LogisticRegression(solver="lbfgs").fit(m, labels).coef_
linear_model.BayesianRidge().fit(m, n[:, 0]).coef_
metrics.median_absolute_error(x, y)
pairwise.haversine_distances(m[:, :2] / 4, n[:, :2] / 4)
"""

# Calls back for a NumPy number, which compiled code goes on with.
_MINIMISER = """
optimize.minimize(lambda z: xp.sum((xp.asarray(z) - v) ** 2), np.zeros(3)).x
"""

# A ufunc of SciPy's without a counterpart in xg.special.
_NO_COUNTERPART = """
special.wofz(x)
"""

# Ends in float(...): a Python number has no gradient.
_NUMBERS = """
integrate.quad(lambda z: z * t, 0.0, 1.0)[0]
mixture.GaussianMixture(1, random_state=0, init_params="random", max_iter=5).fit(m).bic(n)
metrics.mean_squared_error(x, y)
metrics.root_mean_squared_error(x, y)
metrics.mean_absolute_error(x, y)
metrics.mean_absolute_percentage_error(x, y)
metrics.mean_squared_log_error(p, q)
metrics.max_error(x, y)
metrics.r2_score(x, y)
metrics.explained_variance_score(m, n)
metrics.d2_absolute_error_score(x, y)
metrics.d2_pinball_score(x, y, alpha=0.3)
metrics.d2_tweedie_score(p, q, power=1.5)
metrics.mean_pinball_loss(x, y, alpha=0.3)
metrics.mean_tweedie_deviance(p, q, power=1.5)
metrics.mean_poisson_deviance(p, q)
metrics.mean_gamma_deviance(p, q)
metrics.log_loss(small, q)
metrics.brier_score_loss(small, q)
metrics.d2_brier_score(small, q)
metrics.hinge_loss(small, x)
metrics.calinski_harabasz_score(m, labels)
metrics.davies_bouldin_score(m, labels)
"""

# Writes what it is given into an array that NumPy made.
_STORES = """
linear_model.PoissonRegressor().fit(m, p[0] + n[:, 0] ** 2).coef_
naive_bayes.MultinomialNB().fit(m * m, labels).feature_log_prob_
naive_bayes.BernoulliNB().fit(m, labels).feature_log_prob_ * t
naive_bayes.ComplementNB().fit(m * m, labels).feature_log_prob_
metrics.silhouette_score(m, labels)
metrics.silhouette_samples(m, labels)
"""

# Makes a NumPy array itself and computes with both.
_TWO_LIBRARIES = """
kernel_approximation.RBFSampler(n_components=3, random_state=0, gamma=0.3).fit_transform(m)
"""

# Writes into a part of an array, x[1:-1][mask] = 0, which is a view in NumPy and a value of its own
# here; the standard leaves that open.
_VIEWS = """
interpolate.PchipInterpolator(grid[:7], x)(q)
"""

# The same in a function that was handed the part, where it cannot be told from what is meant. What is
# lost is a regularisation of 0.1 on a diagonal.
_VIEWS_OF_AN_ARGUMENT = """
mixture.GaussianMixture(2, random_state=0, init_params="random", max_iter=5, tol=0.0, reg_covar=0.1).fit(m).means_
"""

CANNOT = {
    line: reason
    for reason, text in {
        "buffers": _BUFFERS,
        "minimiser": _MINIMISER,
        "no counterpart": _NO_COUNTERPART,
        "numbers": _NUMBERS,
        "stores": _STORES,
        "two libraries": _TWO_LIBRARIES,
        "views": _VIEWS,
        "views of an argument": _VIEWS_OF_AN_ARGUMENT,
    }.items()
    for line in text.strip().splitlines()
}
