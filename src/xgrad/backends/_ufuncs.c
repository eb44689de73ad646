/* Functions of real numbers as ufuncs, whose loops compilers turn into vectors.

NumPy's maximum with 0 takes three times as long as a sum, and SciPy's special functions take one number at a
time, ten nanoseconds each. Here every number goes the same way, without branches:
exponentials by reduction to |r| <= log(2) / 2, log1p by the series of atanh, and erfc(t) exp(t^2) (1 + 2 t) as a
polynomial in (t - 3) / (t + 3) (M. M. Shepherd and J. G. Laframboise, Chebyshev approximation of
(1 + 2x) exp(x^2) erfc x in 0 <= x < infinity, Math. Comp. 36, 1981). Single precision is computed in double and
rounded once; double precision is within 6 units in the last place, tails included. Products and sums are not
contracted (hatch_build.py): the digits are the same wherever a number lies, and on every processor. The tables
are printed by scripts/special_coefficients.py. */

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include "../core/_speedups.h"
#include "_vectors.h"
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

#define LENGTH(table) ((int)(sizeof(table) / sizeof(table[0])))

static const double ERFCX_DOUBLE[] = {
    0x1.40c522d7e4987p+0, -0x1.15c084bb9e8f3p-3, -0x1.85a15c58aa4eap-5,
    0x1.098366a5b46c8p-3, -0x1.e88b803a4a976p-4, 0x1.17ca2877f0d2cp-4,
    -0x1.8574c40b65516p-6, 0x1.4b884e44cd0e1p-9, 0x1.ef1bdd0bb2a66p-10,
    -0x1.98db513818f4ap-11, -0x1.b91262a99168ap-14, 0x1.065a3be611552p-13,
    0x1.4c225639c5885p-18, -0x1.513c1a4a08a45p-16, -0x1.885831a7de850p-21,
    0x1.d21dfa3539366p-19, 0x1.7df1f4db22675p-22, -0x1.4b68ad1b45d14p-21,
    -0x1.2d90f5a1e329cp-23, 0x1.b853b0903e576p-24, 0x1.60759b5fc132ap-25,
    -0x1.d8431ba5bb8ddp-27, -0x1.19ee783a4b3bdp-27, 0x1.3a555a247e121p-30,
    0x1.cc52dfb8af559p-31, -0x1.bb7a8d4dea67ep-36,
};
static const double ERFCX_FLOAT[] = {
    0x1.40c522d7e4987p+0, -0x1.15c084819cc10p-3, -0x1.85a15c4f8dee7p-5,
    0x1.09835e25a6cebp-3, -0x1.e88b80e716b35p-4, 0x1.17cae241605e6p-4,
    -0x1.8574a5bca62d4p-6, 0x1.4b175b17fa1f9p-9, 0x1.ef123531e4ad7p-10,
    -0x1.9462668781995p-11, -0x1.b76b6c6504d8ap-14, 0x1.dabfe2cbabdfbp-14,
    0x1.22205d2b98782p-18, -0x1.726e631e87fedp-17, -0x1.1ad226d799fd3p-23,
};
static const double EXP_DOUBLE[] = {
    0x1.0000000000001p-1, 0x1.5555555555556p-3, 0x1.5555555553d63p-5,
    0x1.11111111109b3p-7, 0x1.6c16c1788bd90p-10, 0x1.a01a01a7c41d5p-13,
    0x1.a019b90d2ae7ap-16, 0x1.71de0dae63bb3p-19, 0x1.289185613a3d6p-22,
    0x1.af38a9b0ec855p-26,
};
static const double EXP_FLOAT[] = {
    0x1.0000000b9129bp-1, 0x1.5555555a78ed4p-3, 0x1.5554e9063586ep-5,
    0x1.1110e0f238322p-7, 0x1.6d43246b523b4p-10, 0x1.a124f19fe89acp-13,
};
static const double LOG1P_DOUBLE[] = {
    0x1.5555555555555p-2, 0x1.9999999999944p-3, 0x1.2492492499d46p-3,
    0x1.c71c71bedea97p-4, 0x1.745d19937b1fcp-4, 0x1.3b13515f6f9efp-4,
    0x1.111abdc8abe16p-4, 0x1.e0a2d581ab68fp-5, 0x1.bc37f0140c19ep-5,
    0x1.32e0d25c9c761p-5, 0x1.401d3e65cdc48p-4,
};
static const double LOG1P_FLOAT[] = {
    0x1.55555553e7594p-2, 0x1.9999a0d3dcfedp-3, 0x1.248f579c7d0d0p-3,
    0x1.c7fb3587cdba6p-4, 0x1.65ad56d9e0064p-4, 0x1.a9bafb0c93ac9p-4,
};
static const double ERF_DOUBLE[] = {
    0x1.20dd750429b6dp+0, -0x1.812746b0379e7p-2, 0x1.ce2f21a042bdep-4,
    -0x1.b82ce312889bap-6, 0x1.565bcd0e6502dp-8, -0x1.c02db3feeb579p-11,
    0x1.f9a326c233146p-14, -0x1.f4d2561aeafd4p-17, 0x1.b9e6509b9867dp-20,
    -0x1.5f6d925a0bc7ap-23, 0x1.fc4356498c2d9p-27, -0x1.4e607b41a6416p-30,
    0x1.7f072188e194dp-34, -0x1.29b9f1b3df556p-38,
};
static const double ERF_FLOAT[] = {
    0x1.20dd7504045d6p+0, -0x1.81274665754c3p-2, 0x1.ce2f08fec14fdp-4,
    -0x1.b829c897922e5p-6, 0x1.562a60ddba6e6p-8, -0x1.bccf664d7f763p-11,
    0x1.d887505de3ba6p-14, -0x1.445f47d33d87bp-17,
};

/* -- what they are made of ---------------------------------------------------------------------- */

INLINE double
polynomial(const double *table, int length, double x)
{
    double y = table[length - 1];
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC unroll 32
#endif
    for (int k = length - 2; k >= 0; k--)
        y = y * x + table[k];
    return y;
}

#define POLYNOMIAL(table, x) polynomial(table, LENGTH(table), x)

INLINE int64_t
bits_of(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INLINE double
of_bits(int64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* exp(x - d) for x <= 0 and a small d, by a table for exp. What is subnormal is made in two steps. */
INLINE double
decay(double x, double d, const double *table, int length)
{
    const double magic = 0x1.8p52; /* to which a number is added to be rounded to a whole one */
    x = x < -750.0 ? -750.0 : x;
    double n = x * 0x1.71547652b82fep0 + magic, k = n - magic;
    double r = (x - k * 0x1.62e42fefa0000p-1) - k * 0x1.cf79abc9e3b3ap-40 - d;
    double y = 1.0 + (r + r * r * polynomial(table, length, r));
    n += k < -1000.0 ? 1000.0 : 0.0;
    y *= of_bits((bits_of(n) - bits_of(magic) + 1023) << 52);
    return y * (k < -1000.0 ? 0x1p-1000 : 1.0);
}

/* Half of the digits of a number, whose square is exact. */
INLINE double
upper_half(double x)
{
    return of_bits(bits_of(x) & ~(int64_t)0x7ffffff);
}

/* exp(-x * x * scale), in which the square would lose digits. */
INLINE double
bell(double x, double scale, const double *table, int length)
{
    double high = upper_half(x);
    return decay(-scale * (high * high), scale * ((x - high) * (x + high)), table, length);
}

/* exp(t^2) erfc(t) for t >= 0. */
INLINE double
scaled_erfc(double t, const double *table, int length)
{
    return polynomial(table, length, (t - 3.0) / (t + 3.0)) / (1.0 + 2.0 * t);
}

INLINE double
at_most(double x, double bound)
{
    return x > bound ? bound : x;
}

/* -- functions, y of x, by the tables of their precision ---------------------------------------------------- */

#define DECAY(x, P) decay(x, 0.0, EXP_##P, LENGTH(EXP_##P))
#define BELL(x, scale, P) bell(x, scale, EXP_##P, LENGTH(EXP_##P))
#define SCALED_ERFC(t, P) scaled_erfc(t, ERFCX_##P, LENGTH(ERFCX_##P))

/* log(1 + e) for 0 <= e <= 1: twice the atanh of e / (2 + e). */
#define LOG1P(e, P)                                                                             \
    double twice = (e + e) / (2.0 + e), square = 0.25 * (twice * twice);                        \
    double log1p_e = twice + twice * (square * POLYNOMIAL(LOG1P_##P, square));

#define EXPIT(P)                                                                                \
    double e = DECAY(-fabs(x), P);                                                              \
    y = (x < 0.0 ? e : 1.0) / (1.0 + e);

#define RELU(P) y = x < 0 ? 0 : x; /* NaN stays */

#define SOFTPLUS(P)                                                                             \
    double e = DECAY(-fabs(x), P);                                                              \
    LOG1P(e, P)                                                                                 \
    y = (x < 0.0 ? 0.0 : x) + log1p_e;

#define LOG_EXPIT(P)                                                                            \
    double e = DECAY(-fabs(x), P);                                                              \
    LOG1P(e, P)                                                                                 \
    y = (x > 0.0 ? 0.0 : x) - log1p_e;

/* What is equal, infinities too, has no distance. */
#define LOGADDEXP(P)                                                                            \
    double e = DECAY(x1 == x2 ? 0.0 : -fabs(x1 - x2), P);                                       \
    LOG1P(e, P)                                                                                 \
    y = (x1 < x2 ? x2 : x1) + log1p_e;

#define LONG_LOGADDEXP(P)                                                                       \
    npy_longdouble e = expl(x1 == x2 ? 0 : -fabsl(x1 - x2));                                    \
    y = (x1 < x2 ? x2 : x1) + log1pl(e);

#define RELU_COTANGENT(P) y = x2 > 0 ? x1 : 0;

#define NDTR(P)                                                                                 \
    double m = at_most(fabs(x), 50.0);                                                          \
    double tail = 0.5 * (BELL(m, 0.5, P) * SCALED_ERFC(m * 0x1.6a09e667f3bcdp-1, P));           \
    y = x < 0.0 ? tail : 1.0 - tail;

#define ERFC(P)                                                                                 \
    double m = at_most(fabs(x), 50.0), tail = BELL(m, 1.0, P) * SCALED_ERFC(m, P);              \
    y = x < 0.0 ? 2.0 - tail : tail;

#define ERF(P)                                                                                  \
    double m = at_most(fabs(x), 50.0), tail = BELL(m, 1.0, P) * SCALED_ERFC(m, P);              \
    double part = at_most(m, 1.0), middle = part * POLYNOMIAL(ERF_##P, part * part);            \
    y = copysign(m > 1.0 ? 1.0 - tail : middle, x);

/* Activations x s(x), in which x is bounded where s is 0 or 1, so that infinite x give limits. */
#define WITHIN(x, reach) ((x) < -(reach) ? -(reach) : (x) > (reach) ? (reach) : (x))
#define ABOVE(x, reach) ((x) < -(reach) ? -(reach) : (x))

/* s = expit(u), and the derivative s (1 - s), with its digits. */
#define LOGISTIC(u, P)                                                                          \
    double e = DECAY(-fabs(u), P), d = 1.0 + e;                                                 \
    double s = (u < 0.0 ? e : 1.0) / d, tails = e / (d * d);

/* The formula with tanh is x expit(u): Hendrycks and Gimpel's constants, by 2 sqrt(2 / pi). */
#define BEND 1.5957691216057308
#define CUBE (0.044715 * BEND)

#define SILU(P)                                                                                 \
    LOGISTIC(x, P)                                                                              \
    (void)tails;                                                                                \
    y = ABOVE(x, 800.0) * s;

#define GELU(P)                                                                                 \
    NDTR(P)                                                                                     \
    y *= ABOVE(x, 200.0);

#define GELU_TANH(P)                                                                            \
    double inner = WITHIN(x, 32.0), u = inner * (BEND + CUBE * (inner * inner));                \
    LOGISTIC(u, P)                                                                              \
    (void)tails;                                                                                \
    y = ABOVE(x, 32.0) * s;

/* x1 times the derivative at x2; 0 where x1 is. */
#define TIMES(slope) y = x1 == 0 ? 0.0 : x1 * (slope);

#define SIGMOID_COTANGENT(P)                                                                    \
    LOGISTIC(x2, P)                                                                             \
    (void)s;                                                                                    \
    TIMES(tails)

#define SILU_COTANGENT(P)                                                                       \
    LOGISTIC(x2, P)                                                                             \
    TIMES(s + WITHIN(x2, 800.0) * tails)

#define GELU_COTANGENT(P)                                                                       \
    double x = WITHIN(x2, 200.0);                                                               \
    NDTR(P)                                                                                     \
    TIMES(y + x * (BELL(x, 0.5, P) * 0x1.9884533d43651p-2))

#define GELU_TANH_COTANGENT(P)                                                                  \
    double x = WITHIN(x2, 32.0), square = x * x, u = x * (BEND + CUBE * square);                \
    LOGISTIC(u, P)                                                                              \
    TIMES(s + x * tails * (BEND + 3.0 * CUBE * square))

/* The same by C's functions. */
#define LONG_LOGISTIC(u)                                                                        \
    npy_longdouble e = expl(-fabsl(u)), d = 1 + e, s = (u < 0 ? e : 1) / d, tails = e / (d * d);
#define LONG_NDTR(x) (erfcl((x) * -0.707106781186547524400844362104849039L) / 2)
#define LONG_SIGMOID_COTANGENT(P) LONG_LOGISTIC(x2) (void)s; TIMES(tails)
#define LONG_SILU_COTANGENT(P) LONG_LOGISTIC(x2) TIMES(s + WITHIN(x2, 12000) * tails)
#define LONG_GELU_COTANGENT(P)                                                                  \
    npy_longdouble x = WITHIN(x2, 200);                                                         \
    TIMES(LONG_NDTR(x) + x * (expl(x * x / -2) * 0.398942280401432677939946059934381868L))
#define LONG_GELU_TANH_COTANGENT(P)                                                             \
    npy_longdouble x = WITHIN(x2, 32), u = x * (BEND + CUBE * (x * x));                         \
    LONG_LOGISTIC(u)                                                                            \
    TIMES(s + x * tails * (BEND + 3 * CUBE * (x * x)))

static inline npy_longdouble
long_expit(npy_longdouble x)
{
    return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}

static inline npy_longdouble
long_gelu_tanh(npy_longdouble x)
{
    npy_longdouble inner = WITHIN(x, 32);
    return ABOVE(x, 32) * long_expit(inner * (BEND + CUBE * (inner * inner)));
}

/* -- loops ---------------------------------------------------------------------------------------- */

enum { BLOCK = 256 }; /* elements that do not lie side by side, copied at a time */

/* Forget what computing both sides of a choice has raised. */
static void
forget(void)
{
    if (fetestexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW | FE_UNDERFLOW))
        feclearexcept(FE_ALL_EXCEPT);
}

/* A function that computes with `wide` numbers. */
#define LOOP(name, type, wide, BODY, P)                                                         \
    WIDEST static void name##_flat(const type *in, type *out, npy_intp count)                   \
    {                                                                                           \
        ELEMENT_BY_ELEMENT                                                                      \
        for (npy_intp i = 0; i < count; i++) {                                                  \
            wide x = in[i], y;                                                                  \
            BODY(P)                                                                             \
            out[i] = (type)y;                                                                   \
        }                                                                                       \
    }                                                                                           \
                                                                                                \
    static void name(char **args, const npy_intp *dimensions, const npy_intp *steps, void *data) \
    {                                                                                           \
        const char *in = args[0];                                                               \
        char *out = args[1];                                                                    \
        npy_intp count = dimensions[0];                                                         \
        if (steps[0] == sizeof(type) && steps[1] == sizeof(type)) {                             \
            name##_flat((const type *)in, (type *)out, count);                                  \
            count = 0;                                                                          \
        }                                                                                       \
        for (npy_intp done = 0; done < count; done += BLOCK) {                                  \
            type block[BLOCK];                                                                  \
            npy_intp many = count - done < BLOCK ? count - done : BLOCK;                        \
            for (npy_intp i = 0; i < many; i++, in += steps[0])                                 \
                block[i] = *(const type *)in;                                                   \
            name##_flat(block, block, many);                                                    \
            for (npy_intp i = 0; i < many; i++, out += steps[1])                                \
                *(type *)out = block[i];                                                        \
        }                                                                                       \
        forget();                                                                               \
    }

/* Of two operands. What does not lie side by side is copied by blocks, a single number once. */
#define LOOP_OF_TWO(name, type, wide, BODY, P)                                                     \
    WIDEST static void name##_flat(const type *in1, const type *in2, type *out, npy_intp count)    \
    {                                                                                              \
        ELEMENT_BY_ELEMENT                                                                         \
        for (npy_intp i = 0; i < count; i++) {                                                     \
            wide x1 = in1[i], x2 = in2[i], y;                                                      \
            BODY(P)                                                                                \
            out[i] = (type)y;                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    static void name(char **args, const npy_intp *dimensions, const npy_intp *steps, void *data)   \
    {                                                                                              \
        char *at[3] = {args[0], args[1], args[2]};                                                 \
        npy_intp count = dimensions[0], size = sizeof(type);                                       \
        type blocks[3][BLOCK];                                                                     \
        for (npy_intp done = 0; done < count;) {                                                   \
            npy_intp many = count - done;                                                          \
            type *flat[3];                                                                         \
            for (int k = 0; k < 3; k++)                                                            \
                many = steps[k] != size && many > BLOCK ? BLOCK : many;                            \
            for (int k = 0; k < 3; k++) {                                                          \
                flat[k] = steps[k] == size ? (type *)at[k] : blocks[k];                            \
                for (npy_intp i = 0; k < 2 && flat[k] == blocks[k] && (steps[k] || !done) && i < many; i++)\
                    blocks[k][i] = *(const type *)(at[k] + i * steps[k]);                          \
            }                                                                                      \
            name##_flat(flat[0], flat[1], flat[2], many);                                          \
            for (npy_intp i = 0; flat[2] == blocks[2] && i < many; i++)                            \
                *(type *)(at[2] + i * steps[2]) = blocks[2][i];                                    \
            for (int k = 0; k < 3; k++)                                                            \
                at[k] += many * steps[k];                                                          \
            done += many;                                                                          \
        }                                                                                          \
        forget();                                                                                  \
    }

/* Long doubles go one by one, by C's own functions. */
#define LONG_LOOP(name, value)                                                                  \
    static void name(char **args, const npy_intp *dimensions, const npy_intp *steps, void *data) \
    {                                                                                           \
        const char *in = args[0];                                                               \
        char *out = args[1];                                                                    \
        for (npy_intp i = 0; i < dimensions[0]; i++, in += steps[0], out += steps[1]) {         \
            npy_longdouble x = *(const npy_longdouble *)in;                                     \
            *(npy_longdouble *)out = value;                                                     \
        }                                                                                       \
        forget();                                                                               \
    }

#define LOOPS(name, BODY, value)                                                                \
    LOOP(name##_float, npy_float, double, BODY, FLOAT)                                          \
    LOOP(name##_double, npy_double, double, BODY, DOUBLE)                                       \
    LONG_LOOP(name##_long, value)                                                               \
    static PyUFuncGenericFunction name##_loops[] = {name##_float, name##_double, name##_long};

LOOPS(erf, ERF, erfl(x))
LOOPS(erfc, ERFC, erfcl(x))
LOOPS(expit, EXPIT, long_expit(x))
LOOPS(gelu, GELU, ABOVE(x, 200) * LONG_NDTR(x))
LOOPS(gelu_tanh, GELU_TANH, long_gelu_tanh(x))
LOOPS(log_expit, LOG_EXPIT, (x > 0 ? 0 : x) - log1pl(expl(-fabsl(x))))
LOOPS(ndtr, NDTR, LONG_NDTR(x))
LOOPS(silu, SILU, ABOVE(x, 12000) * long_expit(x))
LOOPS(softplus, SOFTPLUS, (x < 0 ? 0 : x) + log1pl(expl(-fabsl(x))))

LOOP(relu_float, npy_float, npy_float, RELU, FLOAT)
LOOP(relu_double, npy_double, npy_double, RELU, DOUBLE)
LONG_LOOP(relu_long, x < 0 ? 0 : x)
static PyUFuncGenericFunction relu_loops[] = {relu_float, relu_double, relu_long};

#define LOOPS_OF_TWO(name, wide, BODY, LONG_BODY)                                               \
    LOOP_OF_TWO(name##_float, npy_float, wide, BODY, FLOAT)                                     \
    LOOP_OF_TWO(name##_double, npy_double, double, BODY, DOUBLE)                                \
    LOOP_OF_TWO(name##_long, npy_longdouble, npy_longdouble, LONG_BODY, DOUBLE)                 \
    static PyUFuncGenericFunction name##_loops[] = {name##_float, name##_double, name##_long};

LOOPS_OF_TWO(gelu_cotangent, double, GELU_COTANGENT, LONG_GELU_COTANGENT)
LOOPS_OF_TWO(gelu_tanh_cotangent, double, GELU_TANH_COTANGENT, LONG_GELU_TANH_COTANGENT)
LOOPS_OF_TWO(logaddexp, double, LOGADDEXP, LONG_LOGADDEXP)
LOOPS_OF_TWO(relu_cotangent, npy_float, RELU_COTANGENT, RELU_COTANGENT)
LOOPS_OF_TWO(sigmoid_cotangent, double, SIGMOID_COTANGENT, LONG_SIGMOID_COTANGENT)
LOOPS_OF_TWO(silu_cotangent, double, SILU_COTANGENT, LONG_SILU_COTANGENT)

/* What loops are given besides, and what they take and make: one dtype, which is written as often. */
static void *const nothing[] = {NULL, NULL, NULL};
static const char of_one[] = {NPY_FLOAT, NPY_FLOAT, NPY_DOUBLE, NPY_DOUBLE, NPY_LONGDOUBLE, NPY_LONGDOUBLE};
static const char of_two[] = {NPY_FLOAT,  NPY_FLOAT,      NPY_FLOAT,      NPY_DOUBLE,    NPY_DOUBLE,
                              NPY_DOUBLE, NPY_LONGDOUBLE, NPY_LONGDOUBLE, NPY_LONGDOUBLE};

static const struct {
    const char *name;
    PyUFuncGenericFunction *loops;
    int operands;
    const char *text;
} functions[] = {
    {"erf", erf_loops, 1, "The error function."},
    {"erfc", erfc_loops, 1, "1 - erf(x)."},
    {"expit", expit_loops, 1, "1 / (1 + exp(-x))."},
    {"gelu", gelu_loops, 1, "x ndtr(x)."},
    {"gelu_cotangent", gelu_cotangent_loops, 2, "x1 times the derivative of gelu at x2."},
    {"gelu_tanh", gelu_tanh_loops, 1, "x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2."},
    {"gelu_tanh_cotangent", gelu_tanh_cotangent_loops, 2, "x1 times the derivative of that at x2."},
    {"log_expit", log_expit_loops, 1, "The logarithm of expit."},
    {"logaddexp", logaddexp_loops, 2, "log(exp(x1) + exp(x2))."},
    {"ndtr", ndtr_loops, 1, "The normal distribution function."},
    {"relu", relu_loops, 1, "x, or 0 where that is negative."},
    {"relu_cotangent", relu_cotangent_loops, 2, "x1 where x2 is positive, else 0."},
    {"sigmoid_cotangent", sigmoid_cotangent_loops, 2, "x1 times the derivative of expit at x2."},
    {"silu", silu_loops, 1, "x expit(x)."},
    {"silu_cotangent", silu_cotangent_loops, 2, "x1 times the derivative of silu at x2."},
    {"softplus", softplus_loops, 1, "log(1 + exp(x))."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "xgrad.backends._ufuncs",
    .m_doc = "Functions of real numbers as ufuncs.",
    .m_size = -1,
};

PyMODINIT_FUNC
PyInit__ufuncs(void)
{
    import_array();
    import_umath();
    PyObject *module = make_module(&definition);
    for (int i = 0; module && functions[i].name; i++) {
        const char *types = functions[i].operands == 1 ? of_one : of_two;
        PyObject *ufunc =
            PyUFunc_FromFuncAndData(functions[i].loops, nothing, types, 3, functions[i].operands, 1,
                                    PyUFunc_None, functions[i].name, functions[i].text, 0);
        if (!ufunc || PyModule_AddObject(module, functions[i].name, ufunc) < 0) {
            Py_XDECREF(ufunc);
            Py_CLEAR(module);
        }
    }
    return module;
}
