"""Calls into other people's libraries, as expressions: what a user writes, one a line.

Differentiated are the arrays of `VARIABLES`; those of `CONSTANTS` and the modules of `MODULES` are
names in the expressions too, and `xp` is the namespace of the library that runs them. A call gives
an array, a number or a tuple of them. The list was made by going through what SciPy 1.17 and
scikit-learn 1.9 claim to support for other arrays, array-api-extra's and einops' whole interface,
and some functions that claim nothing. Those whose derivative is zero (ranks) were left out."""

import importlib

import numpy as np

_rng = np.random.default_rng(20260105)

VARIABLES = {
    "x": _rng.permutation(np.linspace(-1.7, 1.9, 7)) + 0.05 * _rng.normal(size=7),
    "y": _rng.normal(size=7),
    "p": _rng.uniform(0.5, 3.0, 7),
    "q": _rng.permutation(np.linspace(0.08, 0.93, 7)),
    "m": _rng.normal(size=(9, 3)),
    "n": _rng.normal(size=(9, 3)),
    "a": _rng.normal(size=(4, 4)) + 3.0 * np.eye(4),
    "v": _rng.normal(size=3),
    "t": np.asarray(0.7),
    "u": _rng.normal(size=(2, 3, 4)),
}
CONSTANTS = {
    "labels": np.asarray([0, 1, 0, 1, 1, 0, 1, 0, 1]),
    "many": np.asarray([0, 1, 2, 0, 1, 2, 2, 1, 0]),
    "small": np.asarray([0, 1, 1, 0, 1, 0, 1]),
    "counts": np.asarray([1.0, 2.0, 1.0, 3.0, 2.0, 1.0, 2.0]),
    "grid": np.linspace(0.0, 1.0, 9),
    "quaternion": np.asarray([0.1, -0.4, 0.3, 0.8]),
}
MODULES = {
    "special": "scipy.special",
    "stats": "scipy.stats",
    "linalg": "scipy.linalg",
    "fft": "scipy.fft",
    "signal": "scipy.signal",
    "windows": "scipy.signal.windows",
    "integrate": "scipy.integrate",
    "optimize": "scipy.optimize",
    "elementwise": "scipy.optimize.elementwise",
    "differentiate": "scipy.differentiate",
    "interpolate": "scipy.interpolate",
    "constants": "scipy.constants",
    "distance": "scipy.spatial.distance",
    "transform": "scipy.spatial.transform",
    "ndimage": "scipy.ndimage",
    "vq": "scipy.cluster.vq",
    "metrics": "sklearn.metrics",
    "pairwise": "sklearn.metrics.pairwise",
    "preprocessing": "sklearn.preprocessing",
    "decomposition": "sklearn.decomposition",
    "discriminant": "sklearn.discriminant_analysis",
    "linear_model": "sklearn.linear_model",
    "mixture": "sklearn.mixture",
    "naive_bayes": "sklearn.naive_bayes",
    "kernel_approximation": "sklearn.kernel_approximation",
    "pipeline": "sklearn.pipeline",
    "extmath": "sklearn.utils.extmath",
    "xpx": "array_api_extra",
    "einops": "einops",
    "einops_array_api": "einops.array_api",
}

SCIPY_SPECIAL = """
special.entr(p)
special.erf(x)
special.erfc(x)
special.erfinv(x / 4)
special.expit(x)
special.logit(q)
special.log_ndtr(x)
special.ndtr(x)
special.ndtri(q)
special.gammaln(p)
special.psi(p)
special.polygamma(1, p)
special.i0(x)
special.i0e(x)
special.i1(x)
special.i1e(x)
special.gammainc(counts, p)
special.gammaincc(counts, p)
special.rel_entr(p, q)
special.kl_div(p, q)
special.xlogy(p, p)
special.xlog1py(x, p)
special.chdtr(counts, p)
special.chdtrc(counts, p)
special.sinc(x)
special.betaln(p, xp.flip(p))
special.betainc(counts, 2.0, q)
special.zeta(p + 1.5, counts)
special.huber(1.0, x)
special.pseudo_huber(1.0, x)
special.j0(p)
special.j1(p)
special.k0(p)
special.k1(p)
special.gamma(p)
special.loggamma(p)
special.exp1(p)
special.exprel(x)
special.stdtr(counts, x)
special.boxcox(p, 0.3)
special.cbrt(p)
special.exp2(x)
special.exp10(x)
special.multigammaln(p + 2, 2)
special.logsumexp(x)
special.logsumexp(m, axis=1, b=n * n)
special.logsumexp(m, axis=0, return_sign=True)
special.softmax(m, axis=1)
special.log_softmax(m, axis=0)
special.binom(p + 3, 2.0)
special.poch(p, 2.0)
special.cosm1(x)
special.log1p(p)
special.wofz(x)
"""

SCIPY_STATS = """
stats.skew(x)
stats.skew(m, axis=1, bias=False)
stats.kurtosis(x)
stats.kurtosis(m, axis=0, fisher=False, bias=False)
stats.moment(m, order=3)
stats.moment(x, order=[1, 2, 3])
stats.describe(m).variance
stats.describe(m).kurtosis
stats.variation(p)
stats.variation(m + 5, ddof=1)
stats.zscore(m)
stats.zmap(x, y)
stats.gzscore(p)
stats.gmean(p)
stats.gmean(m * m + 1, axis=1, weights=n * n)
stats.hmean(p)
stats.pmean(p, 2)
stats.gstd(p)
stats.sem(m)
stats.tmean(x, (-1, 1))
stats.tvar(x, (-1, 1))
stats.tstd(x, (-1, 1))
stats.tsem(x, (-1, 1))
stats.tmin(x, -1)
stats.tmax(x, 1)
stats.trim_mean(m, 0.2)
stats.trimboth(x, 0.2)
stats.sigmaclip(x, 1.3, 1.3).clipped
stats.iqr(x)
stats.iqr(m, axis=0, rng=(10, 80))
stats.median_abs_deviation(x)
stats.median_abs_deviation(m, scale="normal")
stats.quantile(x, 0.3)
stats.quantile(m, 0.6, axis=1, method="hazen")
stats.entropy(p)
stats.entropy(p, q, base=2)
stats.differential_entropy(m, method="vasicek")
stats.differential_entropy(x, method="ebrahimi")
stats.kstat(x, 3)
stats.kstatvar(x, 2)
stats.lmoment(x)
stats.circmean(x)
stats.circvar(x)
stats.circstd(m, axis=1)
stats.directional_stats(m).mean_direction
stats.boxcox_llf(0.4, p)
stats.yeojohnson_llf(0.4, x)
stats.ttest_1samp(x, 0.3)
stats.ttest_1samp(x, 0.3).confidence_interval().low
stats.ttest_rel(x, y)
stats.ttest_ind(x, y)
stats.ttest_ind(m, n, equal_var=False, alternative="less")
stats.ttest_ind_from_stats(t, p[0], 9, t / 2, p[1], 9)
stats.f_oneway(x, y, p)
stats.alexandergovern(x, y, p)
stats.bartlett(x, y, p)
stats.levene(x, y, p)
stats.skewtest(m)
stats.kurtosistest(m)
stats.normaltest(m)
stats.jarque_bera(x)
stats.pearsonr(x, y)
stats.pearsonr(m, n, axis=0).statistic
stats.pearsonr(x, y).confidence_interval().low
stats.pointbiserialr(small, x)
stats.chisquare(p, p.sum() * counts / counts.sum())
stats.power_divergence(p, p.sum() * counts / counts.sum(), lambda_="log-likelihood")
stats.combine_pvalues(q)
stats.combine_pvalues(q, method="stouffer", weights=p)
stats.combine_pvalues(q, method="pearson")
stats.combine_pvalues(q, method="mudholkar_george")
stats.false_discovery_control(q)
stats.mode(x).mode
stats.ks_1samp(x, stats.norm.cdf)
stats.cramervonmises(x, special.ndtr).statistic
stats.epps_singleton_2samp(x, y)
stats.norm.pdf(x)
stats.norm.logpdf(x)
stats.norm.cdf(x, y, p)
stats.Normal(mu=t, sigma=1.5).pdf(x)
stats.Normal(mu=0.3).logcdf(x)
stats.linregress(x, y)
stats.theilslopes(x, y)
stats.gaussian_kde(x)(y)
stats.bootstrap((x,), xp.mean, n_resamples=9, rng=1).standard_error
stats.monte_carlo_test(x, lambda size: xp.asarray(np.random.default_rng(1).normal(size=size)), lambda z, axis: xp.mean(z, axis=axis), n_resamples=9, vectorized=True).statistic
stats.permutation_test((x, y), lambda z, w, axis: xp.mean(z, axis=axis) - xp.mean(w, axis=axis), n_resamples=9, vectorized=True).statistic
stats.wasserstein_distance(x, y)
stats.energy_distance(x, y)
stats.expectile(x, 0.3)
"""

SCIPY_SPATIAL = """
transform.Rotation.from_rotvec(v).as_matrix()
transform.Rotation.from_rotvec(m).as_quat()
transform.Rotation.from_quat(x[:4]).as_euler("xyz")
transform.Rotation.from_quat(x[:4]).as_rotvec()
transform.Rotation.from_quat(x[:4]).as_mrp()
transform.Rotation.from_quat(x[:4], scalar_first=True).as_matrix()
transform.Rotation.from_euler("zyx", v, degrees=True).as_matrix()
transform.Rotation.from_euler("ZXZ", m).apply(n)
transform.Rotation.from_mrp(v).as_quat()
transform.Rotation.from_matrix(a[:3, :3]).as_quat()
transform.Rotation.from_davenport(xp.eye(3), "extrinsic", v).as_quat()
transform.Rotation.from_rotvec(v).inv().as_quat()
transform.Rotation.from_rotvec(v).magnitude()
transform.Rotation.from_rotvec(m).mean().as_quat()
transform.Rotation.from_rotvec(m).apply(v, inverse=True)
(transform.Rotation.from_rotvec(v) * transform.Rotation.from_rotvec(m)).as_quat()
(transform.Rotation.from_rotvec(v) ** 2.5).as_rotvec()
transform.Rotation.align_vectors(m, n)[0].as_quat()
transform.Rotation.align_vectors(m, n)[1]
transform.Rotation.concatenate([transform.Rotation.from_rotvec(v), transform.Rotation.from_rotvec(m)]).as_quat()
transform.Rotation.from_rotvec(m).reduce().as_quat()
transform.Slerp(grid[:3], transform.Rotation.from_rotvec(m[:3])) (grid[1:3] / 1.3).as_quat()
transform.RigidTransform.from_exp_coords(x[:6]).as_matrix()
transform.RigidTransform.from_translation(v).apply(m)
transform.RigidTransform.from_components(v, transform.Rotation.from_rotvec(m[0])).inv().apply(n)
transform.RigidTransform.from_matrix(xp.concat([xp.concat([xp.eye(3), v[:, None]], axis=1), xp.asarray([[0.0, 0.0, 0.0, 1.0]])])).as_exp_coords()
transform.RigidTransform.from_exp_coords(x[:6]).as_dual_quat()
(transform.RigidTransform.from_exp_coords(x[:6]) ** 2).as_matrix()
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
"""

SCIPY_OTHER = """
linalg.block_diag(a, m)
linalg.fiedler(x)
linalg.orthogonal_procrustes(m, n)
linalg.expm(a)
linalg.inv(a)
linalg.solve(a, x[:4])
linalg.det(a)
linalg.norm(a)
linalg.cholesky(a @ a.T)
linalg.svdvals(a)
fft.fft(x)
fft.ifft(m, axis=0)
fft.rfft(x, n=9)
fft.irfft(fft.rfft(x), n=7)
fft.fft2(m)
fft.fftn(u, norm="ortho")
fft.rfftn(u)
fft.hfft(x)
fft.ihfft(x)
fft.hfftn(m)
fft.fftshift(x)
fft.fht(p, 0.1, 0.5)
fft.ifht(p, 0.1, 0.5)
fft.dct(x)
fft.dstn(m)
integrate.trapezoid(x, p)
integrate.trapezoid(m, dx=0.3, axis=0)
integrate.cumulative_trapezoid(x, dx=0.5)
integrate.cumulative_trapezoid(m, axis=0, initial=0)
integrate.cumulative_simpson(m, dx=0.5, axis=0)
integrate.cumulative_simpson(x, x=xp.cumulative_sum(p), initial=t)
integrate.simpson(x, dx=0.2)
integrate.romb(m, axis=0)
integrate.cubature(lambda z, c: xp.exp(-z[:, 0] * c), xp.asarray([0.0]), xp.asarray([1.0]), args=(t,)).estimate
integrate.cubature(lambda z, c: xp.sum(z * c, axis=-1) ** 2, xp.asarray([0.0, 0.0]), xp.asarray([1.0, 2.0]), rule="genz-malik", args=(x[:2],)).estimate
integrate.tanhsinh(lambda z, c: xp.exp(-z * z * c), xp.zeros(7), xp.ones(7), args=(p,)).integral
integrate.tanhsinh(lambda z: xp.cos(z), xp.zeros(7), p).integral
integrate.nsum(lambda k, c: 1.0 / k ** c, xp.ones(7), xp.ones(7) * 30, args=(p + 2.0,)).sum
integrate.fixed_quad(lambda z: z * z * t, 0.0, 1.0)[0]
integrate.quad(lambda z: z * t, 0.0, 1.0)[0]
integrate.quad_vec(lambda z: xp.exp(-z * x), 0.0, 1.0)[0]
elementwise.find_root(lambda r, c: r ** 3 - c, (xp.zeros(7), xp.full(7, 4.0)), args=(p,)).x
elementwise.find_root(lambda r, c: xp.cos(r) - c * r, (xp.asarray(0.0), xp.asarray(2.0)), args=(t,)).x
elementwise.find_minimum(lambda r, c: (r - c) ** 4 + r * r, (xp.full(7, -1.0), xp.zeros(7), xp.full(7, 9.0)), args=(p,)).f_x
elementwise.bracket_minimum(lambda r, c: (r - c) ** 2, x, args=(p,)).f_bracket
differentiate.derivative(lambda z, c: xp.sin(z * c), x, args=(p,)).df
differentiate.jacobian(lambda z: xp.stack([z[0] * z[1], xp.exp(z[2])]), v).df
differentiate.hessian(lambda z: xp.exp(z[0]) * z[1] ** 2, v[:2]).ddf
optimize.rosen(x)
optimize.rosen_der(x)
optimize.rosen_hess(x)
optimize.rosen_hess_prod(x, y)
optimize.minimize(lambda z: xp.sum((xp.asarray(z) - v) ** 2), np.zeros(3)).x
optimize.newton(lambda z: z * z - t, 1.0)
optimize.approx_fprime(x, lambda z: xp.sum(z * z))
interpolate.RBFInterpolator(m, n[:, 0])(m[:3] + 0.1)
interpolate.RBFInterpolator(m, n, kernel="gaussian", epsilon=1.0)(m[:3] + 0.1)
interpolate.CubicSpline(grid[:7], x)(q)
interpolate.PchipInterpolator(grid[:7], x)(q)
interpolate.interp1d(grid[:7], x)(q * 0.7)
interpolate.RegularGridInterpolator((grid, grid[:3]), m)(n[:4, :2] / 99 + 0.15)
interpolate.BSpline(grid, x[:5], 3)(q)
interpolate.make_interp_spline(grid[:7], x)(q)
constants.convert_temperature(x, "Celsius", "Fahrenheit")
constants.lambda2nu(p)
constants.nu2lambda(p)
vq.whiten(m)
vq.vq(m, n[:2])[1]
vq.kmeans2(m, m[:2], minit="matrix")[0]
ndimage.gaussian_filter(m, 1.0)
ndimage.center_of_mass(m * m)
ndimage.zoom(m, 2.0)
signal.hilbert(x)
signal.hilbert2(m)
signal.envelope(x)
signal.detrend(m, axis=0)
signal.detrend(x, type="constant")
signal.savgol_filter(x, 5, 2)
signal.fftconvolve(x, y)
signal.convolve(x, y[:3])
signal.correlate(m, n[:2, :2])
signal.oaconvolve(x, y[:3])
signal.resample(x, 11)
signal.resample_poly(x, 3, 2)
signal.wiener(m, (3, 3))
signal.lfilter(p[:3], p[3:], x)
signal.filtfilt(p[:2], p[3:5], x, padlen=2)
signal.sosfilt(xp.asarray(signal.butter(4, 0.2, output="sos")), x)
signal.decimate(xp.tile(x, (5,)), 2)
signal.vectorstrength(p, t)
signal.freqz(x[:3], p[:3])[1]
signal.freqz(x, worN=p)[1]
signal.freqz_zpk(q[:3], q[3:5], t)[1]
signal.freqz_sos(xp.concat([x[:3], xp.ones(1), q[:2]])[None, :])[1]
signal.freqs(x[:3], p[:3], worN=p)[1]
signal.freqs_zpk(q[:3], -q[3:5], t, worN=p)[1]
signal.group_delay((x[:3], p[:3]))[1]
signal.bilinear(x[:3], p[:3], 2.0)
signal.bilinear_zpk(x[:2], -p[:3], t, 2.0)
signal.lp2lp(x[:3], p[:3], 2.0)
signal.lp2hp(x[:3], p[:3], 2.0)
signal.lp2bp_zpk(x[:2], -p[:3], t, 2.0)
signal.lp2lp_zpk(x[:2], -p[:3], t, 2.0)
signal.lp2hp_zpk(x[:2], -p[:3], t, 2.0)
signal.lp2bs_zpk(x[:2], -p[:3], t, 2.0)
xp.sum(xp.abs(signal.tf2zpk(x[:3], p[:3])[0]) ** 2)
signal.zpk2tf(x[:2], p[:3], t)
signal.sos2tf(xp.reshape(m[:2, :], (1, 6)))
xp.sum(xp.abs(signal.sos2zpk(xp.reshape(m[:2, :], (1, 6)))[0]) ** 2)
signal.normalize(x[:3], p[:3])
signal.abcd_normalize(a, m[:4, :2], n[:2, :1] @ a[:1, :], a[:2, :2])
signal.gauss_spline(x, 3)
signal.cspline1d(x)
signal.periodogram(x)[1]
signal.welch(x, nperseg=4)[1]
signal.csd(x, y, nperseg=4)[1]
signal.stft(x, nperseg=4)[2]
signal.lombscargle(p, x, q)
signal.chirp(p, t, 1.0, 2.0)
signal.sawtooth(p)
signal.medfilt(x)
signal.firwin(5, t)
signal.upfirdn(x[:3], y, 2)
signal.czt(x)
signal.minimum_phase(p)
"""

SKLEARN = """
preprocessing.StandardScaler().fit_transform(m)
preprocessing.StandardScaler().fit(m).scale_
preprocessing.MinMaxScaler().fit_transform(m)
preprocessing.MaxAbsScaler().fit_transform(m)
preprocessing.Normalizer().fit_transform(m)
preprocessing.normalize(m, norm="l1")
preprocessing.normalize(m, norm="max")
preprocessing.scale(m)
preprocessing.minmax_scale(m)
preprocessing.maxabs_scale(m)
preprocessing.Binarizer().fit_transform(m) * t
preprocessing.KernelCenterer().fit_transform(m @ m.T)
preprocessing.PolynomialFeatures(2).fit_transform(m)
preprocessing.RobustScaler().fit_transform(m)
preprocessing.PowerTransformer().fit_transform(m)
preprocessing.FunctionTransformer(lambda z: z * z).fit_transform(m)
preprocessing.add_dummy_feature(m)
decomposition.PCA(2, svd_solver="full").fit_transform(m)
decomposition.PCA(2, svd_solver="full").fit(m).explained_variance_
decomposition.PCA(2, svd_solver="full", whiten=True).fit_transform(m)
decomposition.PCA(2, svd_solver="covariance_eigh").fit(m).components_
decomposition.PCA(2, svd_solver="full").fit(m).get_covariance()
decomposition.PCA(2, svd_solver="full").fit(m).inverse_transform(n[:, :2])
decomposition.PCA(2, svd_solver="full").fit(m).score_samples(n)
decomposition.TruncatedSVD(2, algorithm="randomized", random_state=0).fit_transform(m)
decomposition.FastICA(2, random_state=0).fit_transform(m)
decomposition.NMF(2, random_state=0).fit_transform(m * m)
discriminant.LinearDiscriminantAnalysis(solver="svd").fit(m, labels).decision_function(n)
discriminant.LinearDiscriminantAnalysis(solver="svd").fit(m, many).transform(n)
linear_model.Ridge(alpha=0.7, solver="svd").fit(m, n[:, 0]).coef_
linear_model.Ridge(alpha=0.7, solver="svd").fit(m, n).predict(n)
linear_model.RidgeCV(alphas=[0.5, 5.0], gcv_mode="eigen").fit(m, n[:, 0]).coef_
linear_model.LinearRegression().fit(m, n[:, 0]).coef_
linear_model.Lasso(0.1).fit(m, n[:, 0]).coef_
linear_model.LogisticRegression(solver="lbfgs").fit(m, labels).coef_
linear_model.PoissonRegressor().fit(m, p[0] + n[:, 0] ** 2).coef_
linear_model.BayesianRidge().fit(m, n[:, 0]).coef_
mixture.GaussianMixture(2, random_state=0, init_params="random", max_iter=5, tol=0.0).fit(m).means_
mixture.GaussianMixture(2, random_state=0, init_params="random", max_iter=5, tol=0.0, reg_covar=0.1).fit(m).means_
mixture.GaussianMixture(2, covariance_type="diag", random_state=0, init_params="random", max_iter=5, tol=0.0).fit(m).score_samples(n)
mixture.GaussianMixture(1, random_state=0, init_params="random", max_iter=5).fit(m).bic(n)
mixture.GaussianMixture(2, covariance_type="spherical", random_state=0, init_params="random", max_iter=4, tol=0.0).fit(m).predict_proba(n)
mixture.GaussianMixture(2, covariance_type="tied", random_state=0, init_params="random", max_iter=4, tol=0.0).fit(m).precisions_
naive_bayes.GaussianNB().fit(m, labels).predict_log_proba(n)
naive_bayes.GaussianNB().fit(m, labels).var_
naive_bayes.MultinomialNB().fit(m * m, labels).feature_log_prob_
naive_bayes.BernoulliNB().fit(m, labels).feature_log_prob_ * t
naive_bayes.ComplementNB().fit(m * m, labels).feature_log_prob_
kernel_approximation.Nystroem(n_components=3, random_state=0, gamma=0.3).fit_transform(m)
kernel_approximation.RBFSampler(n_components=3, random_state=0, gamma=0.3).fit_transform(m)
pipeline.make_pipeline(preprocessing.StandardScaler(), decomposition.PCA(2, svd_solver="full")).fit_transform(m)
metrics.mean_squared_error(x, y)
metrics.root_mean_squared_error(x, y)
metrics.mean_absolute_error(x, y)
metrics.mean_absolute_percentage_error(x, y)
metrics.mean_squared_log_error(p, q)
metrics.median_absolute_error(x, y)
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
metrics.silhouette_score(m, labels)
metrics.calinski_harabasz_score(m, labels)
metrics.davies_bouldin_score(m, labels)
metrics.silhouette_samples(m, labels)
pairwise.cosine_similarity(m, n)
pairwise.cosine_distances(m, n)
pairwise.euclidean_distances(m, n)
pairwise.euclidean_distances(m, n, squared=True)
pairwise.manhattan_distances(m, n)
pairwise.linear_kernel(m, n)
pairwise.polynomial_kernel(m, n, gamma=0.3)
pairwise.rbf_kernel(m, n, gamma=0.3)
pairwise.sigmoid_kernel(m, n, gamma=0.3)
pairwise.laplacian_kernel(m, n, gamma=0.3)
pairwise.additive_chi2_kernel(m * m, n * n)
pairwise.chi2_kernel(m * m, n * n)
pairwise.paired_cosine_distances(m, n)
pairwise.paired_euclidean_distances(m, n)
pairwise.paired_manhattan_distances(m, n)
pairwise.haversine_distances(m[:, :2] / 4, n[:, :2] / 4)
pairwise.pairwise_distances(m, n, metric="cosine")
pairwise.pairwise_kernels(m, n, metric="rbf")
extmath.softmax(xp.asarray(m, copy=True))
extmath.row_norms(m)
extmath.stable_cumsum(x)
extmath.randomized_svd(m, 2, random_state=0)[1]
extmath.safe_sparse_dot(m, n.T)
"""

ARRAY_API_EXTRA = """
xpx.angle(x + 1j * y)
xpx.apply_where(x > 0, x, lambda z: z ** 0.5, fill_value=0.0)
xpx.apply_where(x > 0, (x, y), lambda z, w: z * w, lambda z, w: z - w)
xpx.at(x)[2].set(3.0)
xpx.at(x)[1:4].add(y[:3])
xpx.at(x)[0].multiply(y[0])
xpx.at(x)[0].divide(p[0])
xpx.at(x)[0].power(2)
xpx.at(x)[:2].min(y[:2])
xpx.at(x)[:2].max(y[:2])
xpx.at(x)[x > 0].set(0.0)
xpx.atleast_nd(x, ndim=3)
xpx.cov(m.T)
xpx.create_diagonal(x)
xpx.create_diagonal(m, offset=1)
xpx.deg2rad(x)
xpx.rad2deg(x)
xpx.expand_dims(m, axis=(0, 3))
xpx.kron(m, a)
xpx.nan_to_num(xp.where(x > 0, x, xp.nan), fill_value=2.0)
xpx.nanmax(m, axis=0)
xpx.nanmin(m)
xpx.nansum(m, axis=1)
xpx.nanmean(m, axis=1)
xpx.pad(x, 2, constant_values=1.5)
xpx.pad(m, ((1, 0), (0, 2)))
xpx.partition(x, 3)[3]
xpx.setdiff1d(x, y, assume_unique=True)
xpx.union1d(x, y)
xpx.sinc(x)
xpx.one_hot(small, 2) * p[:, None]
xpx.nunique(x) * t
xpx.lazy_apply(np.sin, x)
xpx.searchsorted(xp.sort(x), y) * p
"""

EINOPS = """
einops_array_api.rearrange(u, "a b c -> c (b a)")
einops_array_api.rearrange(m, "(h i) w -> i w h", i=3)
einops_array_api.reduce(u, "a b c -> b", "mean")
einops_array_api.reduce(u, "a b (c d) -> a c", "max", d=2)
einops_array_api.reduce(u, "a b c -> a 1 1", "sum")
einops_array_api.reduce(u, "a b c -> c", "prod")
einops_array_api.reduce(m, "a b -> a", "min")
einops_array_api.repeat(m, "a b -> a (b 2)")
einops_array_api.repeat(x, "a -> a k", k=3)
einops_array_api.pack([m, n], "* c")[0]
einops_array_api.unpack(u, [[2], [1]], "a * c")[0]
einops.rearrange(u, "a b c -> c (b a)")
einops.reduce(u, "a b c -> b", "mean")
einops.repeat(m, "a b -> a (b 2)")
einops.einsum(m, n, "i j, k j -> i k")
einops.pack([m, n], "* c")[0]
einops.unpack(u, [[2], [1]], "a * c")[1]
einops.rearrange([x, y], "two a -> a two")
"""

SECTIONS = {
    "scipy.special": SCIPY_SPECIAL,
    "scipy.stats": SCIPY_STATS,
    "scipy.spatial": SCIPY_SPATIAL,
    "scipy, others": SCIPY_OTHER,
    "scikit-learn": SKLEARN,
    "array-api-extra": ARRAY_API_EXTRA,
    "einops": EINOPS,
}
CALLS = {line: section for section, text in SECTIONS.items() for line in text.strip().splitlines()}


def variables_of(call):
    """The names of the variables in an expression, in order of appearance."""
    found = compile(call, call, "eval")
    names = set()
    todo = [found]
    while todo:
        code = todo.pop()
        names.update(code.co_names)
        todo.extend(c for c in code.co_consts if hasattr(c, "co_names"))
    return [name for name in VARIABLES if name in names]


def run(call, xp, convert, values):
    """Evaluate an expression for some library's arrays."""
    names = {name: importlib.import_module(path) for name, path in MODULES.items() if name in call}
    names.update({k: convert(v) for k, v in CONSTANTS.items() if k in call})
    return eval(call, {**names, "xp": xp, "np": np, **values})
