/* Windows of arrays, element by element: the largest of each, and what goes back.

All take a view of what a window shows (numpy_windows.py), (examples, *positions, *window, channels),
whose channels lie side by side. NumPy would run its loops over the channels alone, which are few: a call
of a loop for sixteen elements. What does not fit is refused by returning False, and NumPy does it. */

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include "../core/_speedups.h"
#include "_vectors.h"
#include <numpy/arrayobject.h>

enum { MOST_PARTS = 256 };  /* elements of a window whose largest is looked for */

/* From this many bytes on, other threads may run meanwhile. */
enum { MANY = 1 << 16 };

/* What is shown, place by place: outer axes, and for the largest of a window where its elements lie. */
typedef struct {
    int axes;
    npy_intp shape[NPY_MAXDIMS], strides[NPY_MAXDIMS];
    npy_intp places, channels, parts;
    npy_intp part[MOST_PARTS];
} View;

/* Go from one place to the next. */
static inline const char *
next_place(const View *v, npy_intp *index, const char *at)
{
    for (int axis = v->axes - 1; axis >= 0; axis--) {
        at += v->strides[axis];
        if (++index[axis] < v->shape[axis])
            return at;
        at -= v->strides[axis] * v->shape[axis];
        index[axis] = 0;
    }
    return at;
}

/* -- arguments ---------------------------------------------------------------------------------- */

/* Whether an argument is an array of plain numbers that C can walk through. */
static int
is_plain(PyObject *object, int type)
{
    return PyArray_CheckExact(object) && PyArray_TYPE((PyArrayObject *)object) == type &&
           PyArray_ISALIGNED((PyArrayObject *)object) &&
           PyArray_ISNOTSWAPPED((PyArrayObject *)object);
}

/* Whether an argument is such an array, in order and to be written to or not. */
static int
is_in_order(PyObject *object, int type, npy_intp size, int written)
{
    PyArrayObject *array = (PyArrayObject *)object;
    return is_plain(object, type) && PyArray_IS_C_CONTIGUOUS(array) && PyArray_SIZE(array) == size &&
           (!written || PyArray_ISWRITEABLE(array));
}

/* -- the largest of each window --------------------------------------------------------------- */

/* As numpy.maximum: NaN wins. */
#define LARGER(a, b) ((a) >= (b) || (a) != (a) ? (a) : (b))

#define LARGEST_OF(name, type)                                                                  \
    WIDE static void name(const View *v, const char *at, char *into)                            \
    {                                                                                           \
        npy_intp index[NPY_MAXDIMS] = {0}, many = v->channels;                                  \
        const npy_intp *part = v->part;                                                         \
        type *__restrict y = (type *)into;                                                      \
        for (npy_intp i = 0; i < v->places; i++, y += many) {                                   \
            npy_intp k = 1;                                                                     \
            memcpy(y, at + part[0], many * sizeof(type));                                       \
            for (; k + 3 <= v->parts; k += 3) {                                                 \
                const type *a = (const type *)(at + part[k]);                                   \
                const type *b = (const type *)(at + part[k + 1]);                               \
                const type *c = (const type *)(at + part[k + 2]);                               \
                for (npy_intp j = 0; j < many; j++) {                                           \
                    type p = LARGER(y[j], a[j]), q = LARGER(b[j], c[j]);                        \
                    y[j] = LARGER(p, q);                                                        \
                }                                                                               \
            }                                                                                   \
            for (; k < v->parts; k++) {                                                         \
                const type *a = (const type *)(at + part[k]);                                   \
                for (npy_intp j = 0; j < many; j++)                                             \
                    y[j] = LARGER(y[j], a[j]);                                                  \
            }                                                                                   \
            at = next_place(v, index, at);                                                      \
        }                                                                                       \
    }

LARGEST_OF(largest_float, npy_float)
LARGEST_OF(largest_double, npy_double)

/* Channels of one window by vectors, whose lanes do not branch, as long as there are enough. */
#if defined(__GNUC__)
#define SHARED_BY_LANES(type, whole)                                                            \
    enum { LANES = 32 / (int)sizeof(type) };                                                    \
    typedef type Lanes __attribute__((vector_size(32)));                                        \
    typedef whole Masks __attribute__((vector_size(32)));                                       \
    for (; j + LANES <= many; j += LANES) {                                                     \
        Lanes x, most, share, r;                                                                \
        Masks count = {0};                                                                      \
        memcpy(&most, top + j, 32);                                                             \
        memcpy(&share, g + j, 32);                                                              \
        for (npy_intp k = 0; k < v->parts; k++) {                                               \
            memcpy(&x, (const type *)(at + v->part[k]) + j, 32);                                \
            count -= x == most;                                                                 \
        }                                                                                       \
        count -= count == 0;                                                                    \
        share /= __builtin_convertvector(count, Lanes);                                         \
        for (npy_intp k = 0; k < v->parts; k++) {                                               \
            type *into = (type *)((char *)at + v->part[k] + back) + j;                          \
            memcpy(&x, (const type *)(at + v->part[k]) + j, 32);                                \
            x = (Lanes)((x == most) & (Masks)share);                                            \
            if (add) {                                                                          \
                memcpy(&r, into, 32);                                                           \
                x += r;                                                                         \
            }                                                                                   \
            memcpy(into, &x, 32);                                                               \
        }                                                                                       \
    }
#else
#define SHARED_BY_LANES(type, whole)
#endif

/* What is given for each window, shared equally by the elements that attain its largest, which is finite;
where an element may be in several windows, it is added. */
#define SHARED_OF(name, type, whole)                                                            \
    WIDE static void name(const View *v, const char *at, const type *top, const type *g,        \
                          npy_intp back, int add)                                               \
    {                                                                                           \
        npy_intp index[NPY_MAXDIMS] = {0}, many = v->channels;                                  \
        for (npy_intp i = 0; i < v->places; i++, top += many, g += many) {                      \
            npy_intp j = 0;                                                                     \
            SHARED_BY_LANES(type, whole)                                                        \
            for (; j < many; j++) {                                                             \
                whole count = 0;                                                                \
                for (npy_intp k = 0; k < v->parts; k++)                                         \
                    count += ((const type *)(at + v->part[k]))[j] == top[j];                    \
                type share = g[j] / (count ? count : 1);                                        \
                for (npy_intp k = 0; k < v->parts; k++) {                                       \
                    type part = ((const type *)(at + v->part[k]))[j] == top[j] ? share : 0;     \
                    type *into = (type *)((char *)at + v->part[k] + back) + j;                  \
                    *into = add ? *into + part : part;                                          \
                }                                                                               \
            }                                                                                   \
            at = next_place(v, index, at);                                                      \
        }                                                                                       \
    }

SHARED_OF(shared_float, npy_float, npy_int32)
SHARED_OF(shared_double, npy_double, npy_int64)

/* Read what a window shows: 1, or 0 if it is not of floats with channels side by side, or the window is
large. */
static int
read_view(PyObject *object, View *v)
{
    PyArrayObject *seen = (PyArrayObject *)object;
    if (!PyArray_CheckExact(object))
        return 0;
    int type = PyArray_TYPE(seen), ndim = PyArray_NDIM(seen);
    if ((type != NPY_FLOAT && type != NPY_DOUBLE) || !is_plain(object, type) || ndim < 2 || ndim % 2)
        return 0;
    const npy_intp *shape = PyArray_DIMS(seen), *strides = PyArray_STRIDES(seen);
    int inner = (ndim - 2) / 2;
    v->axes = 1 + inner;
    v->places = v->parts = 1;
    v->channels = shape[ndim - 1];
    if (v->channels != 1 && strides[ndim - 1] != PyArray_ITEMSIZE(seen))
        return 0;
    for (int axis = 0; axis < v->axes; axis++) {
        v->shape[axis] = shape[axis];
        v->strides[axis] = strides[axis];
        v->places *= shape[axis];
    }
    v->part[0] = 0;
    for (int axis = v->axes; axis < ndim - 1; axis++) {
        npy_intp before = v->parts;
        if (shape[axis] > MOST_PARTS / before)
            return 0;
        v->parts *= shape[axis];
        for (npy_intp k = v->parts - 1; k >= 0; k--)
            v->part[k] = v->part[k / shape[axis]] + k % shape[axis] * strides[axis];
    }
    return v->parts > 0;
}

/* largest(seen, y): whether it was written */
static PyObject *
largest(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    View v;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "largest takes two arrays");
        return NULL;
    }
    if (!read_view(args[0], &v))
        Py_RETURN_FALSE;
    PyArrayObject *seen = (PyArrayObject *)args[0];
    if (!is_in_order(args[1], PyArray_TYPE(seen), v.places * v.channels, 1))
        Py_RETURN_FALSE;
    const char *at = PyArray_BYTES(seen);
    char *y = PyArray_BYTES((PyArrayObject *)args[1]);
    NPY_BEGIN_THREADS_DEF;
    if (PyArray_NBYTES(seen) >= MANY)
        NPY_BEGIN_THREADS;
    (PyArray_TYPE(seen) == NPY_FLOAT ? largest_float : largest_double)(&v, at, y);
    NPY_END_THREADS;
    Py_RETURN_TRUE;
}

/* shared(seen, top, g, into, add): whether it was written or added; `into` is as what is seen */
static PyObject *
shared(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    View v, w;
    if (count != 5) {
        PyErr_SetString(PyExc_TypeError, "shared takes four arrays and whether to add");
        return NULL;
    }
    int add = PyObject_IsTrue(args[4]);
    if (add < 0)
        return NULL;
    if (!read_view(args[0], &v) || !read_view(args[3], &w))
        Py_RETURN_FALSE;
    PyArrayObject *seen = (PyArrayObject *)args[0], *into = (PyArrayObject *)args[3];
    int type = PyArray_TYPE(seen), ndim = PyArray_NDIM(seen);
    npy_intp size = v.places * v.channels;
    if (PyArray_TYPE(into) != type || PyArray_NDIM(into) != ndim || !PyArray_ISWRITEABLE(into) ||
        !is_in_order(args[1], type, size, 0) || !is_in_order(args[2], type, size, 0))
        Py_RETURN_FALSE;
    for (int axis = 0; axis < ndim; axis++)
        if (PyArray_DIM(into, axis) != PyArray_DIM(seen, axis) ||
            PyArray_STRIDE(into, axis) != PyArray_STRIDE(seen, axis))
            Py_RETURN_FALSE;
    const char *at = PyArray_BYTES(seen);
    const void *top = PyArray_DATA((PyArrayObject *)args[1]);
    const void *g = PyArray_DATA((PyArrayObject *)args[2]);
    npy_intp back = PyArray_BYTES(into) - at;
    NPY_BEGIN_THREADS_DEF;
    if (PyArray_NBYTES(seen) >= MANY)
        NPY_BEGIN_THREADS;
    if (type == NPY_FLOAT)
        shared_float(&v, at, top, g, back, add);
    else
        shared_double(&v, at, top, g, back, add);
    NPY_END_THREADS;
    Py_RETURN_TRUE;
}

static PyMethodDef methods[] = {
    {"largest", (PyCFunction)(void (*)(void))largest, METH_FASTCALL,
     "largest(seen, y)\n--\n\nWrite the largest of each window; False if NumPy has to."},
    {"shared", (PyCFunction)(void (*)(void))shared, METH_FASTCALL,
     "shared(seen, top, g, into, add)\n--\n\n"
     "Write what goes back to those that attain the largest; False if NumPy has to."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "xgrad.backends._windows",
    .m_doc = "Windows of arrays, element by element.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__windows(void)
{
    import_array();
    return make_module(&definition);
}
