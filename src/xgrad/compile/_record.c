/* What a recording is told, written down: the commonest operations of `Recording.told`, compiled.

A `Writer` stands before the method of recording.py, which is the readable account, and shares its lists and
dictionaries. It takes operations with one result, a small NumPy array, on NumPy arrays that are known and Python
numbers; everything else goes to the method before anything is written. tests/compile/test_record.py
compares what the two leave behind. */

#include "../core/_node.h"

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <numpy/arrayobject.h>

/* What recording.py gives when it connects. */
static PyTypeObject *Instruction, *Literal, *Spec, *Cut;
static PyObject *plain;

static PyObject *name_shape, *name_name, *nothing;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *slow, *numbers, *specs, *kept, *instructions, *nodes, *follower;
    Py_ssize_t large;  /* elements of what is not kept alive */
} Writer;

/* A named tuple of a class, of these items, which are stolen with the tuple. */
static PyObject *
named(PyTypeObject *type, PyObject *items)
{
    PyObject *args = items ? PyTuple_Pack(1, items) : NULL;
    PyObject *made = args ? PyTuple_Type.tp_new(type, args, NULL) : NULL;
    Py_XDECREF(items);
    Py_XDECREF(args);
    return made;
}

static PyObject *
number_of(PyObject *numbers, PyObject *array)
{
    PyObject *key = PyLong_FromVoidPtr(array);
    PyObject *found = key ? PyDict_GetItemWithError(numbers, key) : NULL;
    Py_XDECREF(key);
    return found;
}

static int
is_number(PyObject *x)
{
    PyTypeObject *type = Py_TYPE(x);
    return type == &PyFloat_Type || type == &PyLong_Type || type == &PyBool_Type ||
           type == &PyComplex_Type;
}

/* The operands of an instruction: NULL without an exception if they are others than a writer takes.
`belongs` says whether one of them is known. */
static PyObject *
operands_of(const Writer *self, PyObject *arrays, int *belongs)
{
    Py_ssize_t count = PyTuple_GET_SIZE(arrays);
    PyObject *operands = PyTuple_New(count);
    for (Py_ssize_t i = 0; operands && i < count; i++) {
        PyObject *x = PyTuple_GET_ITEM(arrays, i), *operand = NULL;
        if (PyArray_CheckExact(x)) {
            operand = Py_XNewRef(number_of(self->numbers, x));
            *belongs |= operand != NULL;
        }
        else if (is_number(x))
            operand = named(Literal, PyTuple_Pack(1, x));
        if (!operand)
            Py_CLEAR(operands);
        else
            PyTuple_SET_ITEM(operands, i, operand);
    }
    return operands;
}

/* `user_line` of observers.py: code object and instruction of the innermost frame that is not ours. */
static PyObject *
user_line(void)
{
    PyFrameObject *frame = (PyFrameObject *)Py_XNewRef((PyObject *)PyEval_GetFrame());
    while (frame) {
        PyObject *globals = PyFrame_GetGlobals(frame);
        PyObject *name = PyDict_GetItemWithError(globals, name_name);
        int ours = name && PyUnicode_Check(name) && PyUnicode_GetLength(name) >= 6;
        if (ours) {
            static const char prefix[] = "xgrad.";
            for (int i = 0; i < 6; i++)
                ours &= PyUnicode_READ_CHAR(name, i) == (Py_UCS4)prefix[i];
        }
        Py_DECREF(globals);
        PyFrameObject *back = ours ? PyFrame_GetBack(frame) : NULL;
        if (!back)
            break;
        Py_SETREF(frame, back);
    }
    if (!frame || PyErr_Occurred()) {  /* frames are made when somebody asks for them */
        Py_XDECREF(frame);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    PyObject *code = (PyObject *)PyFrame_GetCode(frame);
    PyObject *place = PyLong_FromLong(PyFrame_GetLasti(frame));
    PyObject *where = place ? PyTuple_Pack(2, code, place) : NULL;
    Py_DECREF(code);
    Py_XDECREF(place);
    Py_DECREF(frame);
    return where;
}

/* Append a weak reference to a node. */
static int
remember(const Writer *self, PyObject *node)
{
    PyObject *reference = PyWeakref_NewRef(node, NULL);
    int status = reference ? PyList_Append(self->nodes, reference) : -1;
    Py_XDECREF(reference);
    return status;
}

/* A node of a result that only the recording follows. */
static PyObject *
new_node(const Writer *self, PyObject *shape, PyObject *dtype, PyObject *where)
{
    PyObject *traces = PyTuple_Pack(1, self->follower), *node = NULL;
    if (traces)
        node = make_node(
            Py_None, Py_None, nothing, nothing, Py_None, shape, dtype, traces, where);
    Py_XDECREF(traces);
    if (node && remember(self, node) < 0)
        Py_CLEAR(node);
    return node;
}

/* `Recording._followed`: a node that says that the value belongs to the recording. */
static PyObject *
followed(const Writer *self, PyObject *node, PyObject *shape, PyObject *dtype, PyObject *where)
{
    if (node == Py_None || Py_TYPE(node) == Cut)
        return new_node(self, shape, dtype, where);
    if (SLOT(node, node_where) == Py_None)
        set_slot(node, node_where, Py_NewRef(where));
    PyObject *traces = SLOT(node, node_traces);
    int known = PySequence_Contains(traces, self->follower);
    if (known < 0)
        return NULL;
    if (!known) {
        Py_ssize_t count = PyTuple_GET_SIZE(traces);
        PyObject *more = PyTuple_New(count + 1);
        if (!more)
            return NULL;
        for (Py_ssize_t i = 0; i < count; i++)
            PyTuple_SET_ITEM(more, i, Py_NewRef(PyTuple_GET_ITEM(traces, i)));
        PyTuple_SET_ITEM(more, count, Py_NewRef(self->follower));
        set_slot(node, node_traces, more);
        if (remember(self, node) < 0)
            return NULL;
    }
    return Py_NewRef(node);
}

/* `Recording._define`, of a small array: its number. */
static PyObject *
define(const Writer *self, PyObject *y, PyObject *shape, PyObject *dtype)
{
    PyObject *key = PyLong_FromVoidPtr(y), *spec = named(Spec, PyTuple_Pack(2, shape, dtype));
    PyObject *number = PyLong_FromSsize_t(PyDict_GET_SIZE(self->specs));  /* as in `_define` */
    if (!number || !key || !spec || PyDict_SetItem(self->specs, number, spec) < 0 ||
        PyDict_SetItem(self->numbers, key, number) < 0 || PyList_Append(self->kept, y) < 0)
        Py_CLEAR(number);
    Py_XDECREF(key);
    Py_XDECREF(spec);
    return number;
}

/* Append the instruction. */
static int
append(const Writer *self, PyObject *primitive, PyObject *operands, PyObject *parameters,
       PyObject *number, PyObject *where)
{
    PyObject *own = parameters == Py_None ? PyDict_New() : PyDict_Copy(parameters);
    PyObject *results = own ? PyTuple_Pack(1, number) : NULL;
    PyObject *items = results ? PyTuple_Pack(5, primitive, operands, own, results, where) : NULL;
    PyObject *made = named(Instruction, items);
    int status = made ? PyList_Append(self->instructions, made) : -1;
    Py_XDECREF(own);
    Py_XDECREF(results);
    Py_XDECREF(made);
    return status;
}

/* Write an operation of known operands down; the node of its result. */
static PyObject *
write_down(const Writer *self, PyObject *primitive, PyObject *operands, PyObject *parameters,
           PyObject *y, PyObject *new)
{
    PyObject *number = NULL, *node = NULL, *dtype = (PyObject *)PyArray_DESCR((PyArrayObject *)y);
    PyObject *where = user_line(), *shape = where ? PyObject_GetAttr(y, name_shape) : NULL;
    if (shape && (number = define(self, y, shape, dtype)) &&
        append(self, primitive, operands, parameters, number, where) == 0)
        node = followed(self, new, shape, dtype, where);
    Py_XDECREF(where);
    Py_XDECREF(shape);
    Py_XDECREF(number);
    return node;
}

/* told(primitive, arrays, nodes, parameters, y, new, outside) */
static PyObject *
told(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    const Writer *self = (Writer *)callable;
    if (PyVectorcall_NARGS(nargsf) != 7 || kwnames)
        return PyObject_Vectorcall(self->slow, args, nargsf, kwnames);
    PyObject *primitive = args[0], *arrays = args[1], *parameters = args[3], *y = args[4];
    PyObject *new = args[5];
    int takes = PyArray_CheckExact(y) && PyArray_SIZE((PyArrayObject *)y) < self->large &&
                PyTuple_CheckExact(arrays);
    if (takes)
        takes = PySet_Contains(plain, primitive);
    if (takes == 1 && (number_of(self->numbers, y) || PyErr_Occurred()))
        takes = PyErr_Occurred() ? -1 : 0;
    int belongs = 0;
    PyObject *operands = takes == 1 ? operands_of(self, arrays, &belongs) : NULL;
    if (!operands)
        return takes < 0 || PyErr_Occurred() ? NULL
                                             : PyObject_Vectorcall(self->slow, args, nargsf, NULL);
    PyObject *node = belongs ? write_down(self, primitive, operands, parameters, y, new)
                             : Py_NewRef(new);
    Py_DECREF(operands);
    return node;
}

static int
writer_clear(Writer *self)
{
    Py_CLEAR(self->slow);
    Py_CLEAR(self->numbers);
    Py_CLEAR(self->specs);
    Py_CLEAR(self->kept);
    Py_CLEAR(self->instructions);
    Py_CLEAR(self->nodes);
    Py_CLEAR(self->follower);
    return 0;
}

static int
writer_traverse(Writer *self, visitproc visit, void *arg)
{
    Py_VISIT(self->slow);
    Py_VISIT(self->numbers);
    Py_VISIT(self->specs);
    Py_VISIT(self->kept);
    Py_VISIT(self->instructions);
    Py_VISIT(self->nodes);
    Py_VISIT(self->follower);
    return 0;
}

static void
writer_dealloc(Writer *self)
{
    PyObject_GC_UnTrack(self);
    writer_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *
writer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"slow",  "numbers",  "specs", "kept", "instructions",
                            "nodes", "follower", "large", NULL};
    PyObject *slow, *numbers, *specs, *kept, *instructions, *nodes, *follower;
    Py_ssize_t large;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$OO!O!O!O!O!On", names, &slow, &PyDict_Type,
                                     &numbers, &PyDict_Type, &specs, &PyList_Type, &kept,
                                     &PyList_Type, &instructions, &PyList_Type, &nodes, &follower,
                                     &large))
        return NULL;
    Writer *self = (Writer *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->vectorcall = told;
    self->slow = Py_NewRef(slow);
    self->numbers = Py_NewRef(numbers);
    self->specs = Py_NewRef(specs);
    self->kept = Py_NewRef(kept);
    self->instructions = Py_NewRef(instructions);
    self->nodes = Py_NewRef(nodes);
    self->follower = Py_NewRef(follower);
    self->large = large;
    return (PyObject *)self;
}

static PyTypeObject WriterType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "xgrad.compile._record.Writer",
    .tp_doc = "Writer(*, slow, numbers, specs, kept, instructions, nodes, follower, large)\n--\n\n"
              "Writes down what a recording is told.",
    .tp_basicsize = sizeof(Writer),
    .tp_new = writer_new,
    .tp_dealloc = (destructor)writer_dealloc,
    .tp_traverse = (traverseproc)writer_traverse,
    .tp_clear = (inquiry)writer_clear,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Writer, vectorcall),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
};

static PyObject *
connect(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"Instruction", "Literal", "Spec",    "Node",
                            "Cut",         "plain",   "serials", NULL};
    PyObject *instruction, *literal, *spec, *node, *cut;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$OOOOOO!O", names, &instruction, &literal,
                                     &spec, &node, &cut, &PyFrozenSet_Type, &plain, &serials))
        return NULL;
    if (find_nodes(node) < 0)
        return NULL;
    /* They live as long as the process does. */
    Instruction = (PyTypeObject *)Py_NewRef(instruction);
    Literal = (PyTypeObject *)Py_NewRef(literal);
    Spec = (PyTypeObject *)Py_NewRef(spec);
    Cut = (PyTypeObject *)Py_NewRef(cut);
    Py_INCREF(plain);
    Py_INCREF(serials);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"connect", (PyCFunction)(void (*)(void))connect, METH_VARARGS | METH_KEYWORDS,
     "connect(*, Instruction, Literal, ...)\n--\n\nSay what writers work with; called once."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "xgrad.compile._record",
    .m_doc = "What a recording is told, written down.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__record(void)
{
    import_array();
    const Name names[] = {{&name_shape, "shape"}, {&name_name, "__name__"}, {NULL}};
    if (make_names(names) < 0 || PyType_Ready(&WriterType) < 0)
        return NULL;
    nothing = PyTuple_New(0);
    PyObject *module = make_module(&definition);
    if (module && PyModule_AddObjectRef(module, "Writer", (PyObject *)&WriterType) < 0)
        Py_CLEAR(module);
    return module;
}
