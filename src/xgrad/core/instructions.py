"""THE INSTRUCTION SET, on one page: every primitive, by kind.

``name(arrays; parameters)``. Arrays are operands: watched, saved, batched. Parameters are static.
A starred operand stands for any number of arrays. ``-> n`` means several outputs. Names are the
array API standard's wherever it has one; the extras are explained at the end. The rules are in
`rules/`, the implementations in `backends/`, the public functions in `ops/`."""

from __future__ import annotations

from .primitive import Kind, Primitive, define

__all__ = ["PRIMITIVES", "SPECIAL", "primitive"]

_TABLE = {
    # One derivative per argument serves both modes; a zero cotangent gives zero (rules/edges.py).
    Kind.ELEMENTWISE: """
        abs(x) acos(x) acosh(x) activate(x; function) activate_sum(*terms; function) asin(x)
        asinh(x) atan(x) atan2(x1, x2) atanh(x) complex_sign(x)
        copysign(x1, x2)         cos(x) cosh(x) divide(x1, x2) exp(x) expm1(x) hypot(x1, x2) log(x) log10(x) log1p(x)
        log2(x) logaddexp(x1, x2) multiply(x1, x2) pow(x1, x2) power(x; exponent) reciprocal(x)
        remainder(x1, x2) sin(x) sinh(x) sqrt(x) square(x)
        squash_sum(*terms; function) tan(x) tanh(x)""",
    # Elementwise, and the partial derivative is a constant or a mask: it cannot blow up.
    Kind.SELECTION: """
        add(x1, x2) clip_lower(x, bound) clip_upper(x, bound) conj(x) imag(x) maximum(x1, x2)
        minimum(x1, x2) negative(x) positive(x) real(x) relu(x) subtract(x1, x2)
        where(condition, x1, x2) zero_where_zero(r, g)""",
    # Linear; ends a run of elementwise work.
    Kind.REDUCTION: """
        sum(x; axis, dtype, keepdims)""",
    # Linear; the same elements in other places.
    Kind.MOVEMENT: """
        astype(x; dtype) broadcast_to(x; shape) check_numerics(x; message, origin, gradient)
        concat(*arrays; axis) copy(x)
        cumulative_sum(x; axis, include_initial) flip(x; axis)
        matrix_transpose(x) permute_dims(x; axes) reshape(x; shape) roll(x; shift, axis)
        stack(*arrays; axis) to_device(x; device, source) tril(x; k) triu(x; k)
        unstack(x; axis) -> n""",
    # Linear; library calls that combine elements.
    Kind.LINEAR: """
        fftn(x; axis, norm) fold(x; window, steps, size) ifftn(x; axis, norm)
        irfftn(x; axis, size, norm) rfftn(x; axis, norm) windows(x; window, steps)""",
    # Multilinear; broadcast stacks are summed at the edge.
    Kind.CONTRACTION: """
        absorbing_contract(x1, x2; subscripts, zeros) absorbing_matmul(x1, x2; zeros)
        contract(x1, x2; subscripts) convolve(x1, x2; steps, zeros)
        convolve_input(x1, x2; steps, size, zeros) convolve_kernel(x1, x2; steps, window, zeros)
        matmul(x1, x2) tensordot(x1, x2; axes)
        vecdot(x1, x2; axis)""",
    # Linear in the arrays that are not indices.
    Kind.INDEXING: """
        getitem(x, *indices; key) put(x, *indices; key, shape) setitem(x, value, *indices; key)
        take(x, indices; axis) take_sparse(x, indices; axis) index_add(x, indices; axis, size)
        take_along_axis(x, indices; axis) scatter_along_axis(x, indices; axis, size)""",
    # Functions of the last axes; those before are a stack, which broadcasts.
    Kind.STACKED: """
        cholesky(x) cofactor(x) det(x) eig(x) -> 2 eigh(x) -> 2 eigvals(x) eigvalsh(x) expm(x)
        inv(x) lu(x) -> 2 pinv(x; rtol) qr(x) -> 2 qr_complete(x) -> 2 slogdet(x) -> 2
        solve(x1, x2) solve_triangular(x1, x2; upper) svd(x; full_matrices) -> 3 svdvals(x)""",
    # A rule of its own, exact shapes.
    Kind.GENERAL: """
        cross_entropy(x, labels; axis) cumulative_max(x; axis) cumulative_min(x; axis)
        cumulative_prod(x; axis, include_initial) log_softmax(x; axis)
        logsumexp(x; axis, keepdims) max(x; axis, keepdims)
        max_pool(x; window, steps) max_pool_input(g, x, top; window, steps)
        max_pool_tangent(t, x, top; window, steps)
        min(x; axis, keepdims) prod(x; axis, dtype, keepdims)
        scatter(x, indices, updates; axis, mode) softmax(x; axis)
        sort(x; axis, descending, stable) sparse_cross_entropy(x, indices; axis, ignored)
        standardize(x; axis, epsilon) std(x; axis, correction, keepdims)
        vector_norm(x; axis, keepdims, ord)""",
    # No derivative; the reasons are in rules/constants.py.
    Kind.CONSTANT: """
        all(x; axis, keepdims) any(x; axis, keepdims) argmax(x; axis, keepdims)
        argmin(x; axis, keepdims) argsort(x; axis, descending, stable) bitwise_and(x1, x2)
        bitwise_invert(x) bitwise_left_shift(x1, x2) bitwise_or(x1, x2)
        bitwise_right_shift(x1, x2) bitwise_xor(x1, x2) cast(x; dtype) ceil(x)
        count_nonzero(x; axis, keepdims) equal(x1, x2) floor(x) floor_divide(x1, x2)
        greater(x1, x2) greater_equal(x1, x2) isfinite(x) isin(x1, x2; invert) isinf(x) isnan(x)
        less(x1, x2) less_equal(x1, x2) logical_and(x1, x2) logical_not(x) logical_or(x1, x2)
        logical_xor(x1, x2) nextafter(x1, x2) nonzero(x) -> n not_equal(x1, x2) round(x)
        searchsorted(x1, x2; side, sorter) sign(x) signbit(x) stop_gradient(x) trunc(x)
        unique_all(x) -> 4 unique_counts(x) -> 2 unique_inverse(x) -> 2 unique_values(x)""",
}

# Special functions, under SciPy's names (backends/special/ finds or computes them).
_SPECIAL = {
    Kind.ELEMENTWISE: """
        erf(x) erfc(x) erfcinv(x) erfcx(x) erfinv(x) log_ndtr(x) ndtr(x) ndtri(x)
        entr(x) expit(x) kl_div(x1, x2) log_expit(x) logit(x) pseudo_huber(delta, r)
        rel_entr(x1, x2) softplus(x) xlog1py(x1, x2) xlogy(x1, x2)
        boxcox(x, lmbda) boxcox1p(x, lmbda) inv_boxcox(x, lmbda) inv_boxcox1p(x, lmbda)
        beta(a, b) betaln(a, b) binom(n, k) digamma(x) gamma(x) gammaln(x) loggamma(x) poch(x, m)
        polygamma(n, x) rgamma(x) riemann_zeta(x) zeta(x, q) zetac(x)
        betainc(a, b, x) betaincc(a, b, x) betainccinv(a, b, p) betaincinv(a, b, p)
        gammainc(a, x) gammaincc(a, x) gammainccinv(a, p) gammaincinv(a, p) stdtr(df, t)
        stdtrit(df, p)
        i0(x) i0e(x) i1(x) i1e(x) j0(x) j1(x) k0(x) k0e(x) k1(x) k1e(x) y0(x) y1(x) yn(n, x)
        iv(v, x) ive(v, x) jv(v, x) kv(v, x) kve(v, x) yv(v, x)
        ellipk(x) ellipkm1(x) exp1(x) expi(x) expn(n, x) hyp1f1(a, b, x) lpmv(m, v, x) spence(x)
        cbrt(x) cosdg(x) cosm1(x) cotdg(x) exp10(x) exp2(x) exprel(x) sinc(x) sindg(x) tandg(x)

        bessel_i(x; n) bessel_j(x; n) beta_density(a, b, x) betainc_derivative(a, b, x; orders)
        ellipkm1_derivative(x; order) erfcx_derivative(x; order) exprel_derivative(x; order)
        gamma_density(a, x) gamma_draw(a, x) gammainc_derivative(a, x; order) i0e_derivative(x; order)
        k0e_derivative(x; order) log1prel(x; order) lpmv_quotient(m, v, x)
        polygamma_difference(x, d; order) sinc_derivative(x; order) zeta_derivative(x, q; order)""",
    Kind.CONSTANT: "gammasgn(x)",
}

SPECIAL: dict[str, Primitive] = define(_SPECIAL)
PRIMITIVES: dict[str, Primitive] = define(_TABLE) | SPECIAL


def primitive(name: str) -> Primitive:
    """The primitive of a name in the table above."""
    return PRIMITIVES[name]


# The extras, beyond the standard:
#   power(x; exponent)       pow with a Python scalar as exponent, which can be looked at
#   complex_sign(x)          sign of complex numbers, which has a derivative
#   clip_lower, clip_upper   maximum and minimum with clip's convention at the bounds
#   put(x, ..; key, shape)   zeros of `shape`, with x added at `key`: the transpose of getitem
#   setitem(x, value; key)   x with `value` at `key`, as a new array
#   absorbing_matmul         matmul where a zero of operand number `zeros`, 0 or 1, times anything is
#                            zero: what the rules of products are made of (decisions/0007)
#   absorbing_contract       the same for contract
#   contract(..; subscripts) einsum of two arrays; letters are in two of the three terms at least
#   convolve(..; steps)      the window x2 moved over x1 by `steps` (backends/convolution.py); its
#                            transposes in x1 and in x2 are convolve_input and convolve_kernel
#   windows, fold            what a moving window shows, and the sum of that: transposes
#   max_pool                 the largest that a moving window shows; its derivative, a linear map, is
#                            max_pool_tangent, and the transpose of that max_pool_input
#   irfftn(..; size)         the size of the last transformed axis of the result, odd or even
#   take_sparse              take, whose gradient may stay rows and indices (interpreters/rows.py)
#   index_add                zeros with slices of x added at 1-d `indices`: the transpose of take
#   scatter_along_axis       zeros with x added along an axis: the transpose of take_along_axis
#   logsumexp, softmax, log_softmax, cumulative_max, cumulative_min   what their names say
#   relu                     max(x, 0), whose gradient at 0 is 0
#   activate(x; function)    gelu, gelu_tanh, sigmoid, silu; activate_sum: of the sum of two terms, a
#                            bias for one; squash_sum: relu and tanh, whose derivatives are
#                            written in the result
#   cross_entropy            -sum labels log softmax(x) along an axis; sparse: labels are the numbers
#                            of classes, of which the `ignored` one has the loss 0
#   standardize(x; axis, epsilon)   mean 0 and variance 1 along axes: layer_norm without parameters
#   scatter(x, indices, updates; axis, mode)   x with updates: set, add, multiply, min, max
#   cofactor                 the gradient of det: det(x) x^-T where x has an inverse
#   lu                       permutation, and both triangles in one matrix; no more columns than rows
#   qr, qr_complete          the factors of the standard's two modes
#   solve, solve_triangular  for matrices on both sides; a vector is a matrix of one column
#   vector_norm              the orders that are neither 0 nor infinite
#   to_device, copy, cast    a move, a fresh copy, a conversion to a dtype without derivatives
#   zero_where_zero(r, g)    r, with 0 where g is 0 and r is not finite: the edge's guard
#   check_numerics           the identity, unless the value or its gradient is not finite
#   stop_gradient            the identity that no tape follows
#
# gamma_draw(a, x) is x, drawn from the gamma distribution of a, with which it moves (random/). The
# other special functions of the second group are derivatives of the others for which every formula
# in terms of these cancels, so they are computed on their own, to any order:
#   <f>_derivative(..; order)   of f; of i0e for x >= 0, of zeta in x, of gammainc and betainc in
#                            their shapes (orders: in a and b)
#   gamma_density, beta_density   of gammainc and betainc in x
#   polygamma_difference(x, d; order)   psi^(order)(x + d) - psi^(order)(x)
#   log1prel(x; order)       of log(1 + x) / x
#   lpmv_quotient(m, v, x)   lpmv without its factor (1 - x^2)^(|m| / 2), smooth at the ends
#   bessel_i, bessel_j       I_n(x) and J_n(x)
