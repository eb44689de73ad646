/* The way from the call of a recorded function to its program, compiled.

A `Caller` takes calls with Tensors of the forms that its `Replay` has, while nobody watches, and runs the
program. Everything else, and whatever fails or has to run once more with care, goes to the method
`_call_slowly` of function.py, which is the readable account of what happens. */

#include "../core/_node.h"

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <numpy/arrayobject.h>

enum { MOST_AXES = 8, MOST_INPUTS = 32 };

/* What function.py gives when it connects. */
static PyObject *state, *settings, *chosen_dtype, *default_device;
static Py_ssize_t settings_inspected, settings_told;

static PyObject *name_raw, *name_observers, *name_call_slowly, *name_ready, *nothing;

/* What an array has to be. */
typedef struct {
    PyObject *dtype;
    int axes;
    npy_intp shape[MOST_AXES];
} Form;

/* How results are put together: a Tensor, a tuple of Tensors, or by a function. */
enum { ONE, TUPLE, ELSE };

/* What a call has to be like for a program, and the program; it does not change. */
typedef struct {
    PyObject_HEAD
    Py_ssize_t arguments, reads;
    Form form[MOST_INPUTS];  /* of the arguments, then of what Variables hold */
    PyObject *variables, *dtype, *device, *executor, *acquire, *release, *context, *finish;
    int results;
} Replay;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *replay;  /* of the last call, or NULL */
} Caller;

static PyObject *
call_slowly(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *method = PyObject_GetAttr(self, name_call_slowly);
    if (!method)
        return NULL;
    PyObject *result = PyObject_Vectorcall(method, args, nargsf, kwnames);
    Py_DECREF(method);
    return result;
}

static int
has_form(PyObject *x, const Form *form)
{
    if (!PyArray_CheckExact(x))
        return 0;
    PyArrayObject *array = (PyArrayObject *)x;
    return (PyObject *)PyArray_DESCR(array) == form->dtype && PyArray_NDIM(array) == form->axes &&
           PyArray_CompareLists(PyArray_DIMS(array), form->shape, form->axes);
}

/* Whether a function without arguments gives an object; -1 with an exception. */
static int
gives(PyObject *function, PyObject *expected)
{
    PyObject *found = PyObject_CallNoArgs(function);
    Py_XDECREF(found);  /* which is compared, and not looked into */
    return found ? found == expected : -1;
}

/* Whether somebody watches, in this thread or another one; -1 with an exception. */
static int
is_watched(void)
{
    if (SLOT(settings, settings_inspected) != Py_False || SLOT(settings, settings_told) != Py_False)
        return 1;
    PyObject *observers = PyObject_GetAttr(state, name_observers);
    if (!observers)
        return -1;
    int watched = PyObject_IsTrue(observers);
    Py_DECREF(observers);
    return watched;
}

/* Gather the inputs of the program, new references from `free` on; 0 if they are others, -1 with an
exception. `count` says how many there are so far, in either case. */
static int
gather(const Replay *self, PyObject *const *args, PyObject **inputs, Py_ssize_t *count)
{
    for (Py_ssize_t i = 0; i < self->arguments; i++) {
        PyObject *array = Py_TYPE(args[i]) == Tensor ? SLOT(args[i], tensor_raw) : NULL;
        if (!array || !has_form(array, &self->form[i]))
            return 0;
        inputs[(*count)++] = Py_NewRef(array);
    }
    for (Py_ssize_t i = 0; i < self->reads; i++) {
        PyObject *array = PyObject_GetAttr(PyTuple_GET_ITEM(self->variables, i), name_raw);
        if (!array)
            return -1;
        inputs[(*count)++] = array;
        if (!has_form(array, &self->form[self->arguments + i]))
            return 0;
    }
    int same = gives(chosen_dtype, self->dtype);
    return same == 1 ? gives(default_device, self->device) : same;
}

/* The outputs of the program, a list; None if it has to run otherwise, NULL with an exception. */
static PyObject *
run_program(const Replay *self, PyObject *const *inputs, Py_ssize_t count)
{
    PyObject *run = PyObject_GetAttr(self->executor, name_ready);
    if (!run || run == Py_None)
        return run;
    PyObject *held = PyObject_CallOneArg(self->acquire, Py_False);
    if (held != Py_True) {  /* another thread has it */
        Py_DECREF(run);
        if (!held)
            return NULL;
        Py_DECREF(held);
        return Py_NewRef(Py_None);
    }
    Py_DECREF(held);
    PyObject *outputs = NULL;
    if (PyContext_Enter(self->context) == 0) {
        outputs = PyObject_Vectorcall(run, inputs, count, NULL);
        if (PyContext_Exit(self->context) < 0)
            Py_CLEAR(outputs);
    }
    Py_DECREF(run);
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyObject *released = PyObject_CallNoArgs(self->release);
    if (!released)
        Py_CLEAR(outputs);
    Py_XDECREF(released);
    if (type)
        PyErr_Restore(type, error, traceback);
    return outputs;
}

/* Give the outputs their structure. */
static PyObject *
put_together(const Replay *self, PyObject *outputs)
{
    if (self->results == ELSE)
        return PyObject_CallOneArg(self->finish, outputs);
    if (self->results == ONE)
        return wrap(Py_NewRef(PyList_GET_ITEM(outputs, 0)), Py_NewRef(Py_None));
    PyObject *results = PyTuple_New(PyList_GET_SIZE(outputs));
    for (Py_ssize_t i = 0; results && i < PyList_GET_SIZE(outputs); i++) {
        PyObject *tensor = wrap(Py_NewRef(PyList_GET_ITEM(outputs, i)), Py_NewRef(Py_None));
        if (!tensor)
            Py_CLEAR(results);
        else
            PyTuple_SET_ITEM(results, i, tensor);
    }
    return results;
}

static PyTypeObject ReplayType;

static PyObject *
call(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *given = ((Caller *)callable)->replay;
    if (!given || Py_TYPE(given) != &ReplayType || kwnames ||
        PyVectorcall_NARGS(nargsf) != ((Replay *)given)->arguments)
        return call_slowly(callable, args, nargsf, kwnames);
    const Replay *replay = (Replay *)Py_NewRef(given);  /* another thread may replace it meanwhile */
    PyObject *inputs[MOST_INPUTS + 1], *outputs = NULL, *result = NULL;
    Py_ssize_t count = 0;
    int watched = is_watched(), found = watched < 0 ? -1 : 0;
    if (!watched) {
        inputs[count++] = Py_NewRef(nothing);  /* no argument is free to be written over */
        found = gather(replay, args, inputs, &count);
        if (found == 1)
            outputs = run_program(replay, inputs, count);
        for (Py_ssize_t i = 0; i < count; i++)
            Py_DECREF(inputs[i]);
    }
    if (outputs && PyList_CheckExact(outputs))
        result = put_together(replay, outputs);
    else if (found == 0 || outputs || PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear();  /* it comes again, and is explained */
        result = call_slowly(callable, args, nargsf, kwnames);
    }
    Py_XDECREF(outputs);
    Py_DECREF(replay);
    return result;
}

static int
read_form(PyObject *text, Form *form)
{
    PyObject *shape, *dtype;
    if (!PyArg_ParseTuple(text, "O!O", &PyTuple_Type, &shape, &dtype))
        return -1;
    form->axes = (int)PyTuple_GET_SIZE(shape);
    if (form->axes > MOST_AXES) {
        PyErr_SetString(PyExc_ValueError, "too many axes");
        return -1;
    }
    for (int i = 0; i < form->axes; i++)
        form->shape[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(shape, i));
    form->dtype = Py_NewRef(dtype);
    return PyErr_Occurred() ? -1 : 0;
}

static int
replay_clear(Replay *self)
{
    for (int i = 0; i < MOST_INPUTS; i++)
        Py_CLEAR(self->form[i].dtype);
    Py_CLEAR(self->variables);
    Py_CLEAR(self->dtype);
    Py_CLEAR(self->device);
    Py_CLEAR(self->executor);
    Py_CLEAR(self->acquire);
    Py_CLEAR(self->release);
    Py_CLEAR(self->context);
    Py_CLEAR(self->finish);
    return 0;
}

static int
replay_traverse(Replay *self, visitproc visit, void *arg)
{
    Py_VISIT(self->variables);
    Py_VISIT(self->device);
    Py_VISIT(self->executor);
    Py_VISIT(self->context);
    Py_VISIT(self->finish);
    return 0;
}

static void
replay_dealloc(Replay *self)
{
    PyObject_GC_UnTrack(self);
    replay_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *
replay_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"forms",    "dtype",   "device", "variables",
                            "executor", "results", "finish", NULL};
    PyObject *forms, *dtype, *device, *variables, *executor, *finish;
    int results;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "$O!OOO!OiO", names, &PyTuple_Type, &forms, &dtype, &device,
            &PyTuple_Type, &variables, &executor, &results, &finish))
        return NULL;
    Py_ssize_t all = PyTuple_GET_SIZE(forms), reads = PyTuple_GET_SIZE(variables);
    if (all > MOST_INPUTS || reads > all) {
        PyErr_SetString(PyExc_ValueError, "too many arrays");
        return NULL;
    }
    Replay *self = (Replay *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->reads = reads;
    self->arguments = all - reads;
    self->variables = Py_NewRef(variables);
    self->dtype = Py_NewRef(dtype);
    self->device = Py_NewRef(device);
    self->executor = Py_NewRef(executor);
    self->finish = Py_NewRef(finish);
    self->results = results;
    PyObject *lock = PyObject_GetAttrString(executor, "lock");
    self->acquire = lock ? PyObject_GetAttrString(lock, "acquire") : NULL;
    self->release = self->acquire ? PyObject_GetAttrString(lock, "release") : NULL;
    self->context = self->release ? PyObject_GetAttrString(executor, "context") : NULL;
    Py_XDECREF(lock);
    for (Py_ssize_t i = 0; self->context && i < all; i++)
        if (read_form(PyTuple_GET_ITEM(forms, i), &self->form[i]) < 0)
            Py_CLEAR(self->context);
    if (!self->context) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static PyTypeObject ReplayType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "xgrad.compile._replay.Replay",
    .tp_doc = "Replay(*, forms, dtype, device, variables, executor, results, finish)\n--\n\n"
              "A program, and for which arrays it is; the last forms are those of the Variables.",
    .tp_basicsize = sizeof(Replay),
    .tp_new = replay_new,
    .tp_dealloc = (destructor)replay_dealloc,
    .tp_traverse = (traverseproc)replay_traverse,
    .tp_clear = (inquiry)replay_clear,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
};

static PyObject *
caller_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    Caller *self = (Caller *)type->tp_alloc(type, 0);
    if (self)
        self->vectorcall = call;
    return (PyObject *)self;
}

static int
caller_traverse(Caller *self, visitproc visit, void *arg)
{
    Py_VISIT(self->replay);
    return 0;
}

static int
caller_clear(Caller *self)
{
    Py_CLEAR(self->replay);
    return 0;
}

static void
caller_dealloc(Caller *self)
{
    PyObject_GC_UnTrack(self);
    caller_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMemberDef caller_members[] = {
    {"_replay", T_OBJECT, offsetof(Caller, replay), 0, "The program of the last call, or None."},
    {NULL},
};

static PyTypeObject CallerType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "xgrad.compile._replay.Caller",
    .tp_doc = "What calls programs.",
    .tp_basicsize = sizeof(Caller),
    .tp_new = caller_new,
    .tp_dealloc = (destructor)caller_dealloc,
    .tp_traverse = (traverseproc)caller_traverse,
    .tp_clear = (inquiry)caller_clear,
    .tp_members = caller_members,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Caller, vectorcall),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
                Py_TPFLAGS_HAVE_VECTORCALL,
};

static PyObject *
connect(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"Tensor", "state", "settings", "chosen_dtype", "default_device", NULL};
    PyObject *tensor;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$OOOOO", names, &tensor, &state, &settings,
                                     &chosen_dtype, &default_device))
        return NULL;
    const SlotOf slots[] = {
        {&settings_inspected, (PyObject *)Py_TYPE(settings), "inspected"},
        {&settings_told, (PyObject *)Py_TYPE(settings), "told"},
        {NULL},
    };
    if (find_tensors(tensor) < 0 || find_slots(slots) < 0)
        return NULL;
    /* They live as long as the process does. */
    PyObject *kept[] = {state, settings, chosen_dtype, default_device};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(kept); i++)
        Py_INCREF(kept[i]);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"connect", (PyCFunction)(void (*)(void))connect, METH_VARARGS | METH_KEYWORDS,
     "connect(*, Tensor, state, ...)\n--\n\nSay what callers work with; called once."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "xgrad.compile._replay",
    .m_doc = "The way from a call to its program, compiled.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__replay(void)
{
    import_array();
    const Name names[] = {
        {&name_raw, "raw"},
        {&name_observers, "observers"},
        {&name_call_slowly, "_call_slowly"},
        {&name_ready, "ready"},
        {NULL},
    };
    if (make_names(names) < 0 || PyType_Ready(&ReplayType) < 0 || PyType_Ready(&CallerType) < 0)
        return NULL;
    nothing = PyTuple_New(0);
    PyObject *module = make_module(&definition);
    if (module && (PyModule_AddIntConstant(module, "MOST_AXES", MOST_AXES) < 0 ||
                   PyModule_AddIntConstant(module, "MOST_INPUTS", MOST_INPUTS) < 0 ||
                   PyModule_AddObjectRef(module, "Replay", (PyObject *)&ReplayType) < 0 ||
                   PyModule_AddObjectRef(module, "Caller", (PyObject *)&CallerType) < 0))
        Py_CLEAR(module);
    return module;
}
