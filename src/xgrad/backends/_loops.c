/* NumPy's inner loops, called without what surrounds them.

A call of a NumPy function costs a third of a microsecond before its loop begins: arguments are
parsed, dtypes resolved, an iterator made. Where shapes, dtypes and memory are known before, all of
that can be done before, too. A Batch is a list of such calls, and one call of it runs their loops, the
very ones that NumPy would run, one after the other. */

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include "../core/_speedups.h"
#include <fenv.h>
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
    npy_intp zeros;  /* bytes of the last operand to be set to zero before: of a sum */
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

/* -- a loop that is no function of NumPy's --------------------------------------------------- */

#define SELECT(name, type)                                                                      \
    static void name(char **args, const npy_intp *count, const npy_intp *steps, void *unused)    \
    {                                                                                           \
        char *c = args[0], *a = args[1], *b = args[2], *out = args[3];                          \
        npy_intp n = *count;                                                                    \
        if (steps[0] == 1 && steps[1] == sizeof(type) && steps[2] == sizeof(type) &&            \
            steps[3] == sizeof(type)) {                                                         \
            for (npy_intp i = 0; i < n; i++)                                                    \
                ((type *)out)[i] = c[i] ? ((type *)a)[i] : ((type *)b)[i];                      \
            return;                                                                             \
        }                                                                                       \
        for (; n > 0; n--, c += steps[0], a += steps[1], b += steps[2], out += steps[3])        \
            *(type *)out = *c ? *(type *)a : *(type *)b;                                        \
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
    if (step->zeros) {  /* out + all of x, into out */
        char *total[3] = {args[1], args[0], args[1]};
        npy_intp places[3] = {0, strides[0], 0};
        memset(args[1], 0, step->zeros);
        step->loop(total, step->shape, places, step->data);
        return;
    }
    for (;;) {
        char *these[MOST_OPERANDS];  /* loops may change what they are given */
        npy_intp count = step->shape[last];
        memcpy(these, args, sizeof args);
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
    int wanted = 4;
    if (function == Py_None)
        step->loop = select_of(which);
    else if (Py_TYPE(function) == &PyUFunc_Type) {
        PyUFuncObject *ufunc = (PyUFuncObject *)function;
        wanted = step->zeros ? 2 : ufunc->nargs;
        if (which >= 0 && which < ufunc->ntypes) {
            step->loop = ufunc->functions[which];
            step->data = ufunc->data ? (void *)ufunc->data[which] : NULL;
        }
    }
    if (!step->loop || step->operands != wanted || wanted > MOST_OPERANDS || !step->axes ||
        (step->zeros && step->axes != 1)) {
        PyErr_SetString(PyExc_ValueError, "no such loop");
        return -1;
    }
    for (int k = 0; k < step->operands; k++) {
        Operand *operand = &step->operand[k];
        PyObject *strides;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(operands, k), "nnO", &operand->memory,
                              &operand->start, &strides))
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
    if (PyType_Ready(&BatchType) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module && (PyModule_AddStringConstant(module, "SOURCE", XGRAD_SOURCE) < 0 ||
                   PyModule_AddIntConstant(module, "MOST_OPERANDS", MOST_OPERANDS) < 0 ||
                   PyModule_AddIntConstant(module, "MOST_AXES", MOST_AXES) < 0 ||
                   PyModule_AddObjectRef(module, "Batch", (PyObject *)&BatchType) < 0))
        Py_CLEAR(module);
    return module;
}
