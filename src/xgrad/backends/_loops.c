/* NumPy's inner loops, called without what surrounds them.

A call of a NumPy function costs a third of a microsecond before its loop begins: arguments are
parsed, dtypes resolved, an iterator made. Where shapes, dtypes and memory are known before, all of
that can be done before, too. A Batch is a list of such calls, and one call of it runs their loops, the
very ones that NumPy would run, one after the other. A Sweep runs them over large flat arrays in blocks
of a few thousand bytes, so that what passes between them stays in the innermost cache. */

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include "../core/_speedups.h"
#include "_vectors.h"
#include <fenv.h>
#include <math.h>
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>

enum { MOST_OPERANDS = 4, MOST_AXES = 4 };  /* numpy_loops.py asks for them */

/* From this many elements on, other threads may run meanwhile. */
enum { MANY = 1 << 14 };

/* One operand of a step: which memory, from which byte on, and how it goes on. */
typedef struct {
    Py_ssize_t memory;  /* 0: an address; then what the call is given, and what it makes */
    npy_intp start;
    npy_intp strides[MOST_AXES];
} Operand;

typedef struct {
    PyUFuncGenericFunction loop;
    void *data;
    int operands, axes;
    npy_intp zeros;  /* bytes of the last operand to be set to zero before: of sums, which stay there */
    int product;  /* of matrices, whose sizes m, k and n are the shape */
    npy_intp shape[MOST_AXES];
    Operand operand[MOST_OPERANDS];
} Step;

/* What an array that the call is given, or makes, has to be. */
typedef struct {
    PyArray_Descr *dtype;
    int written, axes;
    npy_intp shape[NPY_MAXDIMS];
} Form;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *slow, *kept;
    Py_ssize_t steps, given, made;
    int many;
    Step *step;
    Form *form;  /* of what is given, then of what is made */
} Batch;

/* -- loops that are no functions of NumPy's -------------------------------------------------- */

/* By masks of bits, which compilers make vectors of; `p` and `q` are 1, or 0 for a number. */
#define SELECT_BITS(type, p, q)                                                                 \
    do {                                                                                        \
        type *y = (type *)out;                                                                  \
        const type *x1 = (const type *)a, *x2 = (const type *)b;                                \
        ELEMENT_BY_ELEMENT                                                                      \
        for (npy_intp i = 0; i < n; i++) {                                                      \
            type mask = (type)(0 - (type)(c[i] != 0));                                          \
            y[i] = (type)((x1[i * p] & mask) | (x2[i * q] & (type)~mask));                      \
        }                                                                                       \
        return;                                                                                 \
    } while (0)

#define SELECT(name, type)                                                                      \
    WIDE static void name(char **args, const npy_intp *count, const npy_intp *steps, void *unused)    \
    {                                                                                           \
        char *c = args[0], *a = args[1], *b = args[2], *out = args[3];                          \
        npy_intp n = *count, size = sizeof(type);                                               \
        npy_uintp places = (npy_uintp)a | (npy_uintp)b | (npy_uintp)out;                        \
        if (steps[0] == 1 && steps[3] == size && places % sizeof(type) == 0) {                  \
            if (steps[1] == size && steps[2] == size)                                           \
                SELECT_BITS(type, 1, 1);                                                        \
            if (steps[1] == size && !steps[2])                                                  \
                SELECT_BITS(type, 1, 0);                                                        \
            if (!steps[1] && steps[2] == size)                                                  \
                SELECT_BITS(type, 0, 1);                                                        \
        }                                                                                       \
        for (; n > 0; n--, c += steps[0], a += steps[1], b += steps[2], out += steps[3])        \
            memmove(out, *c ? a : b, sizeof(type));                                             \
    }

SELECT(select_1, npy_uint8)
SELECT(select_2, npy_uint16)
SELECT(select_4, npy_uint32)
SELECT(select_8, npy_uint64)

static PyUFuncGenericFunction
select_of(Py_ssize_t itemsize)
{
    switch (itemsize) {
    case 1: return select_1;
    case 2: return select_2;
    case 4: return select_4;
    case 8: return select_8;
    }
    return NULL;
}

/* Numbers of one dtype as those of another, as `astype` has them. */
#define CAST(name, from, to)                                                                    \
    WIDE static void name(char **args, const npy_intp *count, const npy_intp *steps, void *unused)    \
    {                                                                                           \
        char *x = args[0], *y = args[1];                                                        \
        npy_intp n = *count;                                                                    \
        if (steps[0] == sizeof(from) && steps[1] == sizeof(to)) {                               \
            const from *a = (const from *)x;                                                    \
            to *b = (to *)y;                                                                    \
            ELEMENT_BY_ELEMENT                                                                  \
            for (npy_intp i = 0; i < n; i++)                                                    \
                b[i] = (to)a[i];                                                                \
            return;                                                                             \
        }                                                                                       \
        for (; n > 0; n--, x += steps[0], y += steps[1])                                        \
            *(to *)y = (to) * (const from *)x;                                                  \
    }

CAST(float_of_double, npy_double, npy_float)
CAST(float_of_integer, npy_int64, npy_float)
CAST(float_of_bool, npy_bool, npy_float)
CAST(double_of_float, npy_float, npy_double)
CAST(double_of_integer, npy_int64, npy_double)
CAST(double_of_bool, npy_bool, npy_double)

/* From and to what, for numpy_loops.py, and the loops in the same order. */
static const char casts[] = "f8f4 i8f4 b1f4 f4f8 i8f8 b1f8";
static const PyUFuncGenericFunction cast_loops[] = {
    float_of_double, float_of_integer,  float_of_bool,
    double_of_float, double_of_integer, double_of_bool,
};

/* -- running --------------------------------------------------------------------------------- */

static void
run_step(const Step *step, char *const *memory)
{
    char *args[MOST_OPERANDS];
    npy_intp strides[MOST_OPERANDS], at[MOST_AXES] = {0};
    int last = step->axes - 1;
    for (int k = 0; k < step->operands; k++) {
        args[k] = memory[step->operand[k].memory] + step->operand[k].start;
        strides[k] = step->operand[k].strides[last];
    }
    if (step->zeros) {
        memset(args[1], 0, step->zeros);
        npy_intp along = strides[0];
        strides[0] = strides[2] = strides[1];
        strides[1] = along;
    }
    if (step->product) {
        npy_intp sizes[4] = {1, step->shape[0], step->shape[1], step->shape[2]}, places[9] = {0};
        for (int k = 0; k < 3; k++)
            memcpy(&places[3 + 2 * k], step->operand[k].strides, 2 * sizeof(npy_intp));
        step->loop(args, sizes, places, step->data);
        return;
    }
    for (;;) {
        char *these[MOST_OPERANDS];  /* loops may change what they are given */
        npy_intp count = step->shape[last];
        memcpy(these, args, sizeof args);
        if (step->zeros) {  /* out + x, into out */
            these[0] = these[2] = args[1];
            these[1] = args[0];
        }
        step->loop(these, &count, strides, step->data);
        int axis = last - 1;
        for (; axis >= 0; axis--) {
            if (++at[axis] < step->shape[axis]) {
                for (int k = 0; k < step->operands; k++)
                    args[k] += step->operand[k].strides[axis];
                break;
            }
            at[axis] = 0;
            for (int k = 0; k < step->operands; k++)
                args[k] -= step->operand[k].strides[axis] * (step->shape[axis] - 1);
        }
        if (axis < 0)
            return;
    }
}

static int
fits(PyObject *x, const Form *form)
{
    if (!PyArray_CheckExact(x))
        return 0;
    PyArrayObject *array = (PyArrayObject *)x;
    if (PyArray_TYPE(array) != form->dtype->type_num || PyArray_NDIM(array) != form->axes ||
        !PyArray_IS_C_CONTIGUOUS(array) || !PyArray_ISALIGNED(array) ||
        !PyArray_ISNOTSWAPPED(array) || (form->written && !PyArray_ISWRITEABLE(array)))
        return 0;
    for (int i = 0; i < form->axes; i++)
        if (PyArray_DIM(array, i) != form->shape[i])
            return 0;
    return 1;
}

static PyObject *
call_batch(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Batch *self = (Batch *)callable;
    Py_ssize_t count = PyVectorcall_NARGS(nargsf);
    if (count != self->given || kwnames || !self->slow) {
        PyErr_Format(PyExc_TypeError, "%zd arrays are needed, and %zd given", self->given, count);
        return NULL;
    }
    char *memory[1 + 64];
    memory[0] = NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!fits(args[i], &self->form[i]))
            return PyObject_Vectorcall(self->slow, args, nargsf, NULL);
        memory[1 + i] = PyArray_BYTES((PyArrayObject *)args[i]);
    }
    PyObject *made = self->made == 1 ? NULL : PyTuple_New(self->made), *last = NULL;
    if (self->made != 1 && !made)
        return NULL;
    for (Py_ssize_t i = 0; i < self->made; i++) {
        const Form *form = &self->form[count + i];
        Py_INCREF(form->dtype);
        last = PyArray_Empty(form->axes, form->shape, form->dtype, 0);
        if (!last) {
            Py_XDECREF(made);
            return NULL;
        }
        memory[1 + count + i] = PyArray_BYTES((PyArrayObject *)last);
        if (made)
            PyTuple_SET_ITEM(made, i, last);
    }
    if (self->many) {
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t i = 0; i < self->steps; i++)
            run_step(&self->step[i], memory);
        Py_END_ALLOW_THREADS
    }
    else
        for (Py_ssize_t i = 0; i < self->steps; i++)
            run_step(&self->step[i], memory);
    feclearexcept(FE_ALL_EXCEPT);
    if (PyErr_Occurred()) {  /* a loop may refuse values: integers to negative powers */
        Py_XDECREF(made ? made : last);
        return NULL;
    }
    return made ? made : last;
}

/* -- making ---------------------------------------------------------------------------------- */

static int
read_integers(PyObject *tuple, npy_intp *into, int most)
{
    if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) > most) {
        PyErr_SetString(PyExc_ValueError, "a tuple of integers, not too long, is needed");
        return -1;
    }
    int count = (int)PyTuple_GET_SIZE(tuple);
    for (int i = 0; i < count; i++)
        into[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(tuple, i));
    return PyErr_Occurred() ? -1 : count;
}

/* (function, which of its loops or the size of elements, bytes to set to zero, shape, operands) */
static int
read_step(PyObject *text, Step *step, Py_ssize_t memories)
{
    PyObject *function, *shape, *operands;
    Py_ssize_t which, elements = 1;
    if (!PyArg_ParseTuple(text, "OnnO!O!", &function, &which, &step->zeros, &PyTuple_Type, &shape,
                          &PyTuple_Type, &operands))
        return -1;
    step->operands = (int)PyTuple_GET_SIZE(operands);
    step->axes = read_integers(shape, step->shape, MOST_AXES);
    if (step->axes < 0)
        return -1;
    int wanted = step->operands == 2 ? 2 : 4;
    if (function == Py_None && wanted == 2)
        step->loop = which >= 0 && which < (Py_ssize_t)Py_ARRAY_LENGTH(cast_loops) ? cast_loops[which] : NULL;
    else if (function == Py_None)
        step->loop = select_of(which);
    else if (Py_TYPE(function) == &PyUFunc_Type) {
        PyUFuncObject *ufunc = (PyUFuncObject *)function;
        wanted = step->zeros ? 2 : ufunc->nargs;
        step->product = ufunc->core_enabled;
        if (which >= 0 && which < ufunc->ntypes) {
            step->loop = ufunc->functions[which];
            step->data = ufunc->data ? (void *)ufunc->data[which] : NULL;
        }
    }
    if (!step->loop || step->operands != wanted || wanted > MOST_OPERANDS || !step->axes ||
        (step->product && (step->axes != 3 || wanted != 3 || step->zeros))) {
        PyErr_SetString(PyExc_ValueError, "no such loop");
        return -1;
    }
    for (int k = 0; k < step->operands; k++) {
        Operand *operand = &step->operand[k];
        PyObject *start, *strides;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(operands, k), "nOO", &operand->memory, &start,
                              &strides))
            return -1;
        operand->start = (npy_intp)PyLong_AsVoidPtr(start);  /* an address, or a distance */
        if (PyErr_Occurred())
            return -1;
        int axes = read_integers(strides, operand->strides, MOST_AXES);
        if (axes < 0)
            return -1;
        if (axes != step->axes || operand->memory < 0 || operand->memory > memories) {
            PyErr_SetString(PyExc_ValueError, "an operand does not fit its step");
            return -1;
        }
    }
    for (int i = 0; i < step->axes; i++) {
        if (step->shape[i] < 1) {
            PyErr_SetString(PyExc_ValueError, "a step without elements");
            return -1;
        }
        elements *= step->shape[i];
    }
    return elements >= MANY;
}

/* (dtype, shape, whether it is written) */
static int
read_form(PyObject *text, Form *form)
{
    PyObject *dtype, *shape;
    if (!PyArg_ParseTuple(text, "O!O!p", &PyArrayDescr_Type, &dtype, &PyTuple_Type, &shape,
                          &form->written))
        return -1;
    form->axes = read_integers(shape, form->shape, NPY_MAXDIMS);
    if (form->axes < 0)
        return -1;
    form->dtype = (PyArray_Descr *)Py_NewRef(dtype);
    return 0;
}

static void
batch_dealloc(Batch *self)
{
    PyObject_GC_UnTrack(self);
    for (Py_ssize_t i = 0; self->form && i < self->given + self->made; i++)
        Py_XDECREF(self->form[i].dtype);
    PyMem_Free(self->step);
    PyMem_Free(self->form);
    Py_XDECREF(self->slow);
    Py_XDECREF(self->kept);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static int
batch_traverse(Batch *self, visitproc visit, void *arg)
{
    Py_VISIT(self->slow);
    Py_VISIT(self->kept);
    return 0;
}

static int
batch_clear(Batch *self)
{
    Py_CLEAR(self->slow);  /* what is kept is memory only, and may still be written to */
    return 0;
}

static PyObject *
batch_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"steps", "given", "made", "kept", "slow", NULL};
    PyObject *steps, *given, *made, *kept, *slow;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!O!OO", names, &PyList_Type, &steps,
                                     &PyList_Type, &given, &PyList_Type, &made, &kept, &slow))
        return NULL;
    Batch *self = (Batch *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->vectorcall = call_batch;
    self->slow = Py_NewRef(slow);
    self->kept = Py_NewRef(kept);
    self->steps = PyList_GET_SIZE(steps);
    Py_ssize_t count = PyList_GET_SIZE(given), all = count + PyList_GET_SIZE(made);
    if (all > 64) {
        PyErr_SetString(PyExc_ValueError, "more than 64 arrays");
        goto failed;
    }
    self->step = PyMem_Calloc(self->steps, sizeof(Step));
    self->form = PyMem_Calloc(all, sizeof(Form));
    if (!self->step || !self->form) {
        PyErr_NoMemory();
        goto failed;
    }
    self->given = count;
    self->made = all - count;
    for (Py_ssize_t i = 0; i < all; i++)
        if (read_form(i < count ? PyList_GET_ITEM(given, i) : PyList_GET_ITEM(made, i - count),
                      &self->form[i]) < 0)
            goto failed;
    for (Py_ssize_t i = 0; i < self->steps; i++) {
        int many = read_step(PyList_GET_ITEM(steps, i), &self->step[i], all);
        if (many < 0)
            goto failed;
        self->many |= many;
    }
    return (PyObject *)self;
failed:
    Py_DECREF(self);
    return NULL;
}

static PyTypeObject BatchType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "xgrad.backends._loops.Batch",
    .tp_doc = "Batch(steps, given, made, kept, slow)\n--\n\n"
              "Loops of NumPy that run one after the other (numpy_loops.py).",
    .tp_basicsize = sizeof(Batch),
    .tp_new = batch_new,
    .tp_dealloc = (destructor)batch_dealloc,
    .tp_traverse = (traverseproc)batch_traverse,
    .tp_clear = (inquiry)batch_clear,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Batch, vectorcall),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_HAVE_GC,
};

/* -- blocks of large arrays ------------------------------------------------------------------- */

enum { MOST_MEMORIES = 64, BLOCK_BYTES = 1 << 14 };

/* What a step of a sweep does; but for sums, the last operand is its result. What ADD_ROWS adds to is what
is there, and for SCATTER zeros. A GUARD_LATER is a guard whose operand shows in an output, if it is not
finite: nothing is done before that is seen. */
enum { LOOP, SUM, PRODUCT_SUM, GUARD, GATHER, SCATTER, ADD_ROWS, GUARD_LATER };

typedef struct {
    int kind, operands;
    PyUFuncGenericFunction loop;
    void *data;
    npy_intp width;  /* elements of a row that is gathered or scattered */
    int memory[MOST_OPERANDS];
} SweepStep;

/* A row of memory: how far it goes with each element of the sweep, and within a block. */
typedef struct {
    int type;  /* NumPy's number */
    npy_intp advance, stride, size;  /* size: bytes of an element */
    char *fixed;  /* of a number, or NULL */
    int aside;  /* a table, or indices into one, whose elements are not those of the sweep */
    int shows;  /* an output in which what a GUARD_LATER guards shows */
} Row;

/* The arrays of a call: where they begin, and how many elements they have. */
typedef struct {
    char *start[MOST_MEMORIES];
    npy_intp size[MOST_MEMORIES];
} Memories;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *slow, *kept;
    Py_ssize_t steps, inputs, outputs, scratch, rows, block, sums;
    SweepStep *step;
    Row *row;
    PyUFuncGenericFunction add[2], multiply[2];  /* of float and of double */
    int waits;  /* whether there are guards for later */
} Sweep;

/* Whether all values are finite. And 0 where g is 0 and r is not finite (rules/edges.py): a look, and work
only where that finds any. */
#define GUARD_OF(look, name, type, bits, exponent)                                              \
    WIDE static int look(const char *values, npy_intp count)                                        \
    {                                                                                           \
        const bits *b = (const bits *)values;                                                   \
        bits found = 0;                                                                         \
        for (npy_intp i = 0; i < count; i++)                                                    \
            found |= (b[i] & exponent) == exponent;                                             \
        return !found;                                                                          \
    }                                                                                           \
    static void name(char *values, const char *cotangents, npy_intp stride, npy_intp count)      \
    {                                                                                           \
        type *r = (type *)values;                                                               \
        if (look(values, count))                                                                \
            return;                                                                             \
        for (npy_intp i = 0; i < count; i++)                                                    \
            if (r[i] - r[i] != 0 && *(const type *)(cotangents + i * stride) == 0)              \
                r[i] = 0;                                                                       \
    }

GUARD_OF(is_finite_float, guard_float, npy_float, npy_uint32, 0x7f800000u)
GUARD_OF(is_finite_double, guard_double, npy_double, npy_uint64, 0x7ff0000000000000u)

/* The sum of a block by NumPy's loop, which adds up in pairs. */
static double
sum_block(const Sweep *self, const Row *row, char *x, npy_intp count)
{
    int type = row->type;
    npy_float single = 0;
    npy_double whole = 0;
    char *total = type == NPY_FLOAT ? (char *)&single : (char *)&whole;
    char *args[3] = {total, x, total};
    npy_intp strides[3] = {0, row->size, 0};
    self->add[type == NPY_DOUBLE](args, &count, strides, NULL);
    return type == NPY_FLOAT ? single : whole;
}

/* A sum with what its roundings lost (Neumaier, 1974), so that many blocks add up as a few would. */
typedef struct {
    double sum, lost;
} Total;

static void
add_to(Total *total, double x)
{
    double sum = total->sum + x;
    total->lost += fabs(total->sum) >= fabs(x) ? (total->sum - sum) + x : (x - sum) + total->sum;
    total->sum = sum;
}

static double
value_of(const Total *total)
{
    return isfinite(total->lost) ? total->sum + total->lost : total->sum;
}

static int
is_of_rows(const SweepStep *step)
{
    return step->kind >= GATHER && step->kind <= ADD_ROWS;
}

/* Which operand of a step is the table that it takes rows from, or adds rows to. */
static int
table_of(const SweepStep *step)
{
    return step->memory[step->kind == GATHER ? 0 : 2];
}

/* Whether all rows of a table are there that some elements belong to; negative ones count from the end. */
static int
has_rows(const SweepStep *step, const Memories *memory, Py_ssize_t low, Py_ssize_t high)
{
    if (low >= high)
        return 1;
    npy_intp rows = memory->size[table_of(step)] / step->width;
    const npy_intp *index = (const npy_intp *)memory->start[step->memory[1]];
    npy_intp last = (high - 1) / step->width, least = 0, most = -1;
    if (last >= memory->size[step->memory[1]])
        return 0;
    for (npy_intp i = low / step->width; i <= last; i++) {
        least = index[i] < least ? index[i] : least;
        most = index[i] > most ? index[i] : most;
    }
    return least >= -rows && most < rows;
}

/* Copy elements of rows, which lie side by side in each. 0 if a row is not there: indices may have
changed since they were looked at, in an array that another thread writes to. */
static int
gather(const SweepStep *step, const Memories *memory, char *out, npy_intp size, npy_intp low,
       npy_intp count)
{
    npy_intp width = step->width, rows = memory->size[step->memory[0]] / width;
    const npy_intp *index = (const npy_intp *)memory->start[step->memory[1]] + low / width;
    const char *table = memory->start[step->memory[0]];
    npy_intp column = low % width;
    for (; count; index++, column = 0) {
        npy_intp found = *(const volatile npy_intp *)index, row = found < 0 ? found + rows : found;
        npy_intp many = width - column < count ? width - column : count;
        if (row < 0 || row >= rows)
            return 0;
        memcpy(out, table + (row * width + column) * size, many * size);
        out += many * size;
        count -= many;
    }
    return 1;
}

/* Add elements to those of rows; 0 as above. */
#define SCATTER_OF(name, type)                                                                  \
    WIDE static int name(const SweepStep *step, const Memories *memory, const char *values,        \
                          npy_intp low, npy_intp count)                                         \
    {                                                                                           \
        npy_intp width = step->width, rows = memory->size[step->memory[2]] / width;             \
        const npy_intp *index = (const npy_intp *)memory->start[step->memory[1]] + low / width; \
        npy_intp column = low % width;                                                          \
        for (const type *x = (const type *)values; count; index++, column = 0) {                \
            npy_intp found = *(const volatile npy_intp *)index;                                 \
            npy_intp row = found < 0 ? found + rows : found;                                    \
            npy_intp many = width - column < count ? width - column : count;                    \
            if (row < 0 || row >= rows)                                                         \
                return 0;                                                                       \
            type *y = (type *)memory->start[step->memory[2]] + row * width + column;            \
            for (npy_intp i = 0; i < many; i++)                                                 \
                y[i] += x[i];                                                                   \
            x += many;                                                                          \
            count -= many;                                                                      \
        }                                                                                       \
        return 1;                                                                               \
    }

SCATTER_OF(scatter_float, npy_float)
SCATTER_OF(scatter_double, npy_double)

static npy_intp
size_of_type(int type)
{
    PyArray_Descr *dtype = PyArray_DescrFromType(type);
    if (!dtype) {
        PyErr_Clear();
        return -1;
    }
    npy_intp size = PyDataType_ELSIZE(dtype);
    Py_DECREF(dtype);
    return size;
}

/* Run the steps on one block; 0 if a row is not there. */
static int
run_block(const Sweep *self, const Memories *memory, Py_ssize_t a, npy_intp count, Total *sum, int later)
{
    double products[BLOCK_BYTES / sizeof(double)];
    for (const SweepStep *step = self->step; step < self->step + self->steps; step++) {
        char *args[MOST_OPERANDS];
        npy_intp strides[MOST_OPERANDS], n = count;
        for (int k = 0; k < step->operands; k++) {
            const Row *row = &self->row[step->memory[k]];
            args[k] = memory->start[step->memory[k]] + a * row->advance;
            strides[k] = row->stride;
        }
        const Row *first = &self->row[step->memory[0]];
        int type = first->type;
        switch (step->kind) {
        case LOOP:
            step->loop(args, &n, strides, step->data);
            break;
        case SUM:
            add_to(sum++, sum_block(self, first, args[0], count));
            break;
        case PRODUCT_SUM:
            args[2] = (char *)products;
            strides[2] = first->size;
            self->multiply[type == NPY_DOUBLE](args, &n, strides, NULL);
            add_to(sum++, sum_block(self, first, (char *)products, count));
            break;
        case GUARD:
        case GUARD_LATER:
            if (args[0] != args[2])
                memcpy(args[2], args[0], count * first->size);
            if (!later || step->kind == GUARD)
                (type == NPY_FLOAT ? guard_float : guard_double)(args[2], args[1], strides[1], count);
            break;
        case GATHER:
            if (!gather(step, memory, args[2], strides[2], a, count))
                return 0;
            break;
        case SCATTER:
        case ADD_ROWS:
            if (!(type == NPY_FLOAT ? scatter_float : scatter_double)(step, memory, args[0], a, count))
                return 0;
        }
    }
    return 1;
}

/* Whether nothing shows in the outputs of a block that a guard would have had to mend. */
static int
shows_nothing(const Sweep *self, const Memories *memory, Py_ssize_t a, npy_intp count)
{
    for (Py_ssize_t i = self->inputs; i < self->inputs + self->outputs; i++) {
        const Row *row = &self->row[i];
        if (row->shows && !(row->type == NPY_FLOAT ? is_finite_float : is_finite_double)(
                              memory->start[i] + a * row->advance, count))
            return 0;
    }
    return 1;
}

/* Run the steps, block by block; 0 if a row is not there. A block in which something shows runs again
with all guards, for which its inputs must be as they were. */
static int
sweep_blocks(const Sweep *self, const Memories *memory, Py_ssize_t low, Py_ssize_t high, Total *sums,
             int later)
{
    for (Py_ssize_t a = low; a < high; a += self->block) {
        npy_intp count = high - a < self->block ? high - a : self->block;
        Total before[MOST_MEMORIES];
        if (later)
            memcpy(before, sums, self->sums * sizeof(Total));
        if (!run_block(self, memory, a, count, sums, later))
            return 0;
        if (later && !shows_nothing(self, memory, a, count)) {
            memcpy(sums, before, self->sums * sizeof(Total));
            if (!run_block(self, memory, a, count, sums, 0))
                return 0;
        }
    }
    return 1;
}

/* Whether no output lies where an input does. */
static int
keeps_inputs(const Sweep *self, const Memories *memory)
{
    for (Py_ssize_t y = self->inputs; y < self->inputs + self->outputs; y++)
        for (Py_ssize_t x = 0; x < self->inputs; x++) {
            const char *from = memory->start[x], *into = memory->start[y];
            if (from < into + memory->size[y] * self->row[y].size &&
                into < from + memory->size[x] * self->row[x].size)
                return 0;
        }
    return 1;
}

/* Take the addresses of some rows out of a list or tuple of flat arrays, which have to have so many
elements: 1, or 0 if one is different. */
static int
take_rows(const Sweep *self, PyObject *arrays, Py_ssize_t first, Py_ssize_t count,
          Py_ssize_t length, Memories *memory)
{
    PyObject *const *item = PySequence_Fast_ITEMS(arrays);
    if (PySequence_Fast_GET_SIZE(arrays) != count)
        return 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        const Row *row = &self->row[first + i];
        if (!PyArray_CheckExact(item[i]))
            return 0;
        PyArrayObject *array = (PyArrayObject *)item[i];
        if (PyArray_TYPE(array) != row->type || !PyArray_ISALIGNED(array) ||
            !PyArray_ISNOTSWAPPED(array) || !PyArray_IS_C_CONTIGUOUS(array) ||
            (!row->advance && !row->stride && !row->aside && PyArray_SIZE(array) != 1) ||
            (first + i >= self->inputs && !PyArray_ISWRITEABLE(array)))
            return 0;
        if (row->stride && PyArray_SIZE(array) < length)
            return 0;
        memory->start[first + i] = PyArray_BYTES(array);
        memory->size[first + i] = PyArray_SIZE(array);
    }
    return 1;
}

/* sweep(low, high, scratch, inputs, outputs): the sums of these elements, as arrays without axes */
static PyObject *
call_sweep(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Sweep *self = (Sweep *)callable;
    if (PyVectorcall_NARGS(nargsf) != 5 || kwnames || !self->slow) {
        PyErr_SetString(PyExc_TypeError, "a sweep takes low, high, scratch, inputs and outputs");
        return NULL;
    }
    Memories memory;
    Total sums[MOST_MEMORIES] = {{0}};
    Py_ssize_t low = PyLong_AsSsize_t(args[0]), high = PyLong_AsSsize_t(args[1]);
    if (PyErr_Occurred())
        return NULL;
    for (int i = 2; i < 5; i++)
        if (!PyList_Check(args[i]) && !PyTuple_Check(args[i])) {
            PyErr_SetString(PyExc_TypeError, "arrays come in a list or a tuple");
            return NULL;
        }
    Py_ssize_t block = high - low < self->block ? high - low : self->block;
    if (low < 0 || !take_rows(self, args[3], 0, self->inputs, high, &memory) ||
        !take_rows(self, args[4], self->inputs, self->outputs, high, &memory) ||
        !take_rows(self, args[2], self->inputs + self->outputs, self->scratch, block, &memory))
        return PyObject_Vectorcall(self->slow, args, nargsf, NULL);
    for (Py_ssize_t i = self->inputs + self->outputs + self->scratch; i < self->rows; i++)
        memory.start[i] = self->row[i].fixed;
    int fits = 1, later = self->waits && keeps_inputs(self, &memory);
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; fits && i < self->steps; i++)
        fits = !is_of_rows(&self->step[i]) || has_rows(&self->step[i], &memory, low, high);
    for (Py_ssize_t i = 0; fits && i < self->steps; i++)
        if (self->step[i].kind == SCATTER) {
            int table = self->step[i].memory[2];
            memset(memory.start[table], 0, memory.size[table] * self->row[table].size);
        }
    fits = fits && sweep_blocks(self, &memory, low, high, sums, later);
    feclearexcept(FE_ALL_EXCEPT);
    Py_END_ALLOW_THREADS
    if (!fits)  /* NumPy says which index is outside */
        return PyObject_Vectorcall(self->slow, args, nargsf, NULL);
    PyObject *result = PyErr_Occurred() ? NULL : PyList_New(self->sums);
    Py_ssize_t place = 0;
    for (Py_ssize_t i = 0; result && i < self->steps; i++) {
        const SweepStep *step = &self->step[i];
        if (step->kind != SUM && step->kind != PRODUCT_SUM)
            continue;
        int type = self->row[step->memory[0]].type;
        PyObject *sum = PyArray_ZEROS(0, NULL, type, 0);
        if (!sum) {
            Py_CLEAR(result);
            break;
        }
        if (type == NPY_FLOAT)
            *(npy_float *)PyArray_DATA((PyArrayObject *)sum) = (npy_float)value_of(&sums[place]);
        else
            *(npy_double *)PyArray_DATA((PyArrayObject *)sum) = value_of(&sums[place]);
        PyList_SET_ITEM(result, place++, sum);
    }
    return result;
}

static PyUFuncGenericFunction
find_loop(PyObject *function, Py_ssize_t which, int operands, void **data)
{
    if (function == Py_None)
        return operands == 4 ? select_of(which) : NULL;
    if (Py_TYPE(function) != &PyUFunc_Type)
        return NULL;
    PyUFuncObject *ufunc = (PyUFuncObject *)function;
    if (ufunc->nargs != operands || which < 0 || which >= ufunc->ntypes)
        return NULL;
    *data = ufunc->data ? (void *)ufunc->data[which] : NULL;
    return ufunc->functions[which];
}

/* (kind, function, which of its loops or how wide a row is, rows of the operands) */
static int
read_sweep_step(PyObject *text, SweepStep *step, const Sweep *self)
{
    PyObject *function, *rows;
    Py_ssize_t which;
    npy_intp numbers[MOST_OPERANDS];
    if (!PyArg_ParseTuple(text, "iOnO!", &step->kind, &function, &which, &PyTuple_Type, &rows))
        return -1;
    step->operands = read_integers(rows, numbers, MOST_OPERANDS);
    if (step->operands < 0)
        return -1;
    static const int wanted[] = {0, 1, 2, 3};
    int good = step->kind >= LOOP && step->kind <= GUARD_LATER && step->operands > 0;
    for (int k = 0; good && k < step->operands; k++) {
        int adds = step->kind == SCATTER || step->kind == ADD_ROWS;
        int aside = step->kind == GATHER ? k < 2 : adds && k > 0;
        good = numbers[k] >= 0 && numbers[k] < self->rows && self->row[numbers[k]].aside == aside;
        step->memory[k] = (int)numbers[k];
    }
    if (good && step->kind == LOOP) {
        step->loop = find_loop(function, which, step->operands, &step->data);
        good = step->loop != NULL;
    }
    else if (good && is_of_rows(step)) {
        const Row *table = &self->row[table_of(step)], *index = &self->row[step->memory[1]];
        const Row *elements = &self->row[step->memory[step->kind == GATHER ? 2 : 0]];
        step->width = which;
        good = step->operands == 3 && which > 0 && table->type == elements->type &&
               PyTypeNum_ISSIGNED(index->type) && index->size == sizeof(npy_intp) &&
               elements->stride > 0 && elements->size == elements->stride;
        if (good && step->kind != GATHER)
            good = (table->type == NPY_FLOAT || table->type == NPY_DOUBLE) &&
                   step->memory[2] >= self->inputs && step->memory[2] < self->inputs + self->outputs;
    }
    else if (good) {
        const Row *first = &self->row[step->memory[0]];
        int kind = step->kind == GUARD_LATER ? GUARD : step->kind;
        good = step->operands == wanted[kind] && first->stride &&
               (first->type == NPY_FLOAT || first->type == NPY_DOUBLE);
        for (int k = 1; good && k < step->operands; k++)
            good = self->row[step->memory[k]].type == first->type;
    }
    if (!good)
        PyErr_SetString(PyExc_ValueError, "no such step");
    return good ? 0 : -1;
}

/* (type, bytes for each element, bytes within a block, address of a number or 0, aside, shows) */
static int
read_row(PyObject *text, Row *row)
{
    PyObject *address;
    if (!PyArg_ParseTuple(text, "innOpp", &row->type, &row->advance, &row->stride, &address,
                          &row->aside, &row->shows))
        return -1;
    row->size = size_of_type(row->type);
    if (row->size < 0 || (row->shows && row->type != NPY_FLOAT && row->type != NPY_DOUBLE)) {
        PyErr_SetString(PyExc_ValueError, "no such row");
        return -1;
    }
    row->fixed = PyLong_AsVoidPtr(address);
    return PyErr_Occurred() ? -1 : 0;
}

static void
sweep_dealloc(Sweep *self)
{
    PyObject_GC_UnTrack(self);
    PyMem_Free(self->step);
    PyMem_Free(self->row);
    Py_XDECREF(self->slow);
    Py_XDECREF(self->kept);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static int
sweep_traverse(Sweep *self, visitproc visit, void *arg)
{
    Py_VISIT(self->slow);
    Py_VISIT(self->kept);
    return 0;
}

static int
sweep_clear(Sweep *self)
{
    Py_CLEAR(self->slow);
    return 0;
}

static PyObject *
sweep_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"steps", "rows", "inputs", "outputs", "scratch", "block", "add",
                            "multiply", "kept", "slow", NULL};
    PyObject *steps, *rows, *add, *multiply, *kept, *slow;
    Py_ssize_t inputs, outputs, scratch, block, loops[4];
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "O!O!nnnn(Onn)(Onn)OO", names, &PyList_Type, &steps, &PyList_Type, &rows,
            &inputs, &outputs, &scratch, &block, &add, &loops[0], &loops[1], &multiply, &loops[2],
            &loops[3], &kept, &slow))
        return NULL;
    Sweep *self = (Sweep *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->vectorcall = call_sweep;
    self->slow = Py_NewRef(slow);
    self->kept = Py_NewRef(kept);
    self->steps = PyList_GET_SIZE(steps);
    self->rows = PyList_GET_SIZE(rows);
    self->inputs = inputs;
    self->outputs = outputs;
    self->scratch = scratch;
    self->block = block;
    void *unused;
    for (int i = 0; i < 2; i++) {
        self->add[i] = find_loop(add, loops[i], 3, &unused);
        self->multiply[i] = find_loop(multiply, loops[2 + i], 3, &unused);
    }
    if (self->rows > MOST_MEMORIES || inputs < 0 || outputs < 0 || scratch < 0 ||
        inputs + outputs + scratch > self->rows || block < 1 ||
        block > BLOCK_BYTES / (Py_ssize_t)sizeof(double) || !self->add[0] || !self->add[1] ||
        !self->multiply[0] || !self->multiply[1]) {
        PyErr_SetString(PyExc_ValueError, "no such sweep");
        goto failed;
    }
    self->step = PyMem_Calloc(self->steps, sizeof(SweepStep));
    self->row = PyMem_Calloc(self->rows, sizeof(Row));
    if (!self->step || !self->row) {
        PyErr_NoMemory();
        goto failed;
    }
    for (Py_ssize_t i = 0; i < self->rows; i++)
        if (read_row(PyList_GET_ITEM(rows, i), &self->row[i]) < 0)
            goto failed;
    int adds = 0;
    for (Py_ssize_t i = 0; i < self->steps; i++) {
        if (read_sweep_step(PyList_GET_ITEM(steps, i), &self->step[i], self) < 0)
            goto failed;
        int kind = self->step[i].kind;
        self->sums += kind == SUM || kind == PRODUCT_SUM;
        self->waits |= kind == GUARD_LATER;
        adds |= kind == SCATTER || kind == ADD_ROWS;
    }
    self->waits = self->waits && !adds;  /* what was added cannot be taken back */
    if (self->sums > MOST_MEMORIES) {
        PyErr_SetString(PyExc_ValueError, "too many sums");
        goto failed;
    }
    return (PyObject *)self;
failed:
    Py_DECREF(self);
    return NULL;
}

static PyTypeObject SweepType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "xgrad.backends._loops.Sweep",
    .tp_doc = "Sweep(steps, rows, inputs, outputs, scratch, block, add, multiply, kept, slow)\n--\n\n"
              "Loops of NumPy over large flat arrays, in blocks (numpy_sweeps.py).",
    .tp_basicsize = sizeof(Sweep),
    .tp_new = sweep_new,
    .tp_dealloc = (destructor)sweep_dealloc,
    .tp_traverse = (traverseproc)sweep_traverse,
    .tp_clear = (inquiry)sweep_clear,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Sweep, vectorcall),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_HAVE_GC,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "xgrad.backends._loops",
    .m_doc = "NumPy's inner loops, called without what surrounds them.",
    .m_size = -1,
};

PyMODINIT_FUNC
PyInit__loops(void)
{
    import_array();
    import_umath();
    if (PyType_Ready(&BatchType) < 0 || PyType_Ready(&SweepType) < 0)
        return NULL;
    PyObject *module = make_module(&definition);
    if (module && (PyModule_AddIntConstant(module, "MOST_OPERANDS", MOST_OPERANDS) < 0 ||
                   PyModule_AddIntConstant(module, "MOST_AXES", MOST_AXES) < 0 ||
                   PyModule_AddStringConstant(module, "CASTS", casts) < 0 ||
                   PyModule_AddIntConstant(module, "MOST_MEMORIES", MOST_MEMORIES) < 0 ||
                   PyModule_AddObjectRef(module, "Batch", (PyObject *)&BatchType) < 0 ||
                   PyModule_AddObjectRef(module, "Sweep", (PyObject *)&SweepType) < 0))
        Py_CLEAR(module);
    return module;
}
