/* Functions of whole rows of real numbers as generalized ufuncs: a mean of 0 and a variance of 1, and what goes back.

NumPy takes a dozen passes over memory for them; here a row stays in the cache. Sums are of many lanes and of short
blocks, which are added up in double precision. Nobody asks what the side of a choice has raised that was not chosen
(hatch_build.py). */

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include "../core/_speedups.h"
#include "_vectors.h"
#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>

enum { LANES = 32, BLOCK = 16 * LANES }; /* sums side by side, and elements after which they are added up */

/* The sum of TERM(i) for i from 0 to n - 1. */
#define SUM(total, type, TERM)                                                                  \
    double total = 0;                                                                           \
    for (npy_intp i = 0; i < n;) {                                                              \
        npy_intp end = n - i < BLOCK ? n : i + BLOCK;                                           \
        type lanes[LANES] = {0};                                                                \
        double rest = 0;                                                                        \
        for (; i + LANES <= end; i += LANES)                                                    \
            for (int l = 0; l < LANES; l++)                                                     \
                lanes[l] += TERM(i + l);                                                        \
        for (; i < end; i++)                                                                    \
            rest += TERM(i);                                                                    \
        for (int l = 0; l < LANES; l++)                                                         \
            rest += lanes[l];                                                                   \
        total += rest;                                                                          \
    }

#define X(i) x[i]
#define CENTERED(i) (x[i] - mean)
#define SQUARE(i) CENTERED(i) * CENTERED(i)
#define G(i) g[i]
#define G_TIMES_CENTERED(i) (g[i] == 0 ? 0 : g[i] * CENTERED(i))

#define MOMENTS(type)                                                                           \
    SUM(sum, type, X)                                                                           \
    type mean = (type)(sum / n);                                                                \
    SUM(squares, type, SQUARE)                                                                  \
    double exact = 1 / sqrt(squares / n + epsilon);                                             \
    type inverse = (type)exact;

#define ROWS_OF(type)                                                                           \
    WIDEST static void standardize_##type(const type *x, double epsilon, type *y, npy_intp n)   \
    {                                                                                           \
        MOMENTS(type)                                                                           \
        ELEMENT_BY_ELEMENT                                                                      \
        for (npy_intp i = 0; i < n; i++)                                                        \
            y[i] = CENTERED(i) * inverse;                                                       \
    }                                                                                           \
                                                                                                \
    /* (g - mean g - y mean(g y)) / scale, in which zeros stay what else there is */            \
    WIDEST static void standardize_cotangent_##type(const type *g, const type *x, double epsilon, \
                                                    type *r, npy_intp n)                        \
    {                                                                                           \
        MOMENTS(type)                                                                           \
        SUM(given, type, G)                                                                     \
        SUM(products, type, G_TIMES_CENTERED)                                                   \
        type level = (type)(given / n), inner = (type)(products / n * exact * exact);           \
        int alone = products == 0;                                                              \
        ELEMENT_BY_ELEMENT                                                                      \
        for (npy_intp i = 0; i < n; i++) {                                                      \
            type part = g[i] - level - (alone ? 0 : CENTERED(i) * inner);                       \
            r[i] = part == 0 ? 0 : part * inverse;                                              \
        }                                                                                       \
    }                                                                                           \
                                                                                                \
    /* Rows that do not lie side by side are copied. */                                         \
    static const type *row_of_##type(const char *at, npy_intp step, type *room, npy_intp n)     \
    {                                                                                           \
        if (step == sizeof(type))                                                               \
            return (const type *)at;                                                            \
        for (npy_intp i = 0; i < n; i++)                                                        \
            room[i] = *(const type *)(at + i * step);                                           \
        return room;                                                                            \
    }                                                                                           \
                                                                                                \
    /* Of x, or of a cotangent and x; then epsilon, and the result. */                          \
    static void run_##type(char **args, const npy_intp *dimensions, const npy_intp *steps, void *both) \
    {                                                                                           \
        int many = both ? 2 : 1;                                                                \
        npy_intp n = dimensions[1];                                                             \
        const npy_intp *inner = steps + many + 2;                                               \
        type *room = malloc((3 * n + 1) * sizeof(type));                                        \
        if (!room) {                                                                            \
            out_of_memory();                                                                    \
            return;                                                                             \
        }                                                                                       \
        for (npy_intp k = 0; k < dimensions[0]; k++) {                                          \
            const type *x[2];                                                                   \
            for (int j = 0; j < many; j++)                                                      \
                x[j] = row_of_##type(args[j] + k * steps[j], inner[j], room + j * n, n);        \
            double epsilon = *(const type *)(args[many] + k * steps[many]);                     \
            char *to = args[many + 1] + k * steps[many + 1];                                    \
            type *y = inner[many] == sizeof(type) ? (type *)to : room + 2 * n;                  \
            if (both)                                                                           \
                standardize_cotangent_##type(x[0], x[1], epsilon, y, n);                        \
            else                                                                                \
                standardize_##type(x[0], epsilon, y, n);                                        \
            for (npy_intp i = 0; (char *)y != to && i < n; i++)                                 \
                *(type *)(to + i * inner[many]) = y[i];                                         \
        }                                                                                       \
        free(room);                                                                             \
        feclearexcept(FE_ALL_EXCEPT);                                                           \
    }

static void
out_of_memory(void)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyErr_NoMemory();
    PyGILState_Release(state);
}

ROWS_OF(npy_float)
ROWS_OF(npy_double)

static PyUFuncGenericFunction loops[] = {run_npy_float, run_npy_double};
static void *const of_one[] = {NULL, NULL};
static void *const of_both[] = {loops, loops}; /* which is not NULL */
static const char types[] = {NPY_FLOAT,  NPY_FLOAT,  NPY_FLOAT,  NPY_FLOAT,
                             NPY_DOUBLE, NPY_DOUBLE, NPY_DOUBLE, NPY_DOUBLE};
static const char types_of_one[] = {NPY_FLOAT, NPY_FLOAT, NPY_FLOAT, NPY_DOUBLE, NPY_DOUBLE, NPY_DOUBLE};

static const struct {
    const char *name;
    void *const *data;
    const char *types;
    int operands;
    const char *text, *signature;
} functions[] = {
    {"standardize", of_one, types_of_one, 2, "x of mean 0, and of variance 1 but for epsilon.", "(n),()->(n)"},
    {"standardize_cotangent", of_both, types, 3, "What goes back to x.", "(n),(n),()->(n)"},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "xgrad.backends._rows",
    .m_doc = "Functions of rows as generalized ufuncs.",
    .m_size = -1,
};

PyMODINIT_FUNC
PyInit__rows(void)
{
    import_array();
    import_umath();
    PyObject *module = make_module(&definition);
    for (int i = 0; module && functions[i].name; i++) {
        PyObject *ufunc = PyUFunc_FromFuncAndDataAndSignature(
            loops, functions[i].data, functions[i].types, 2, functions[i].operands, 1, PyUFunc_None,
            functions[i].name, functions[i].text, 0, functions[i].signature);
        if (!ufunc || PyModule_AddObject(module, functions[i].name, ufunc) < 0) {
            Py_XDECREF(ufunc);
            Py_CLEAR(module);
        }
    }
    return module;
}
