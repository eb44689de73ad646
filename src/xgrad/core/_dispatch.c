/* The hot paths of dispatch.py, compiled: `unary`, `binary` and `apply1`.

Each takes the commonest calls (Tensors and Variables of one library, Python numbers, one tape that
follows the operands) and hands everything else, before anything was computed, to the function of
dispatch.py that it stands for, which is the readable account of what happens. What a call leaves
behind is the same either way; tests/core/test_speedups.py compares them. */

#include "_node.h"
#include <math.h>

/* What dispatch.py gives when it connects. */
static PyTypeObject *Cut, *Primitive;
static PyObject *handles, *numbers, *state, *settings, *explain_failure, *finish;
static PyObject *another, *slow_apply1;

/* Where slots are. */
static Py_ssize_t recorder_record, recorder_traces, recorder_watched, recorder_keep, recorder_nodes;
static Py_ssize_t recorder_sweep, recorder_tells;
static Py_ssize_t plan_code, plan_save, plan_calls;
static Py_ssize_t primitive_implementations, primitive_plans, primitive_may_do_nothing;
static Py_ssize_t settings_locations, settings_told;

static PyObject *name_raw, *name_node, *name_recorder, *name_shape, *name_dtype, *name_of_number;
static PyObject *nothing, *masks[4];

/* As in primitive.py. */
enum { KEEPS_NOTHING, KEEPS_1, KEEPS_2, KEEPS_2_AND_1, KEEPS_ELSE };

/* What a step found: go on, take the slow way, or an exception is set. */
enum { FAILED = -1, SLOW = 0, FOUND = 1 };

/* Take a Tensor or Variable apart, into new references. */
static int
take_apart(PyObject *x, PyObject **array, PyObject **node)
{
    if (Py_TYPE(x) == Tensor) {
        if (!SLOT(x, tensor_raw) || !SLOT(x, tensor_node))
            return SLOW;
        *array = Py_NewRef(SLOT(x, tensor_raw));
        *node = Py_NewRef(SLOT(x, tensor_node));
        return FOUND;
    }
    int known = PySet_Contains(handles, (PyObject *)Py_TYPE(x));
    if (known != 1)
        return known;
    *array = PyObject_GetAttr(x, name_raw);
    if (!*array)
        return FAILED;
    *node = PyObject_GetAttr(x, name_node);
    return *node ? FOUND : FAILED;
}

/* Whether a Python number is finite and not zero, and so is a partial that is it, or one over it. */
static int
is_regular(PyObject *x)
{
    double value = PyFloat_AsDouble(x);
    if (value == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        return 0;
    }
    return value != 0 && isfinite(value);
}

/* Find a Python number as an array of a dtype (Backend.numbers), a new reference. */
static int
find_number(PyObject *x, PyObject *array, PyObject **number)
{
    if (Py_TYPE(x) == &PyFloat_Type) {
        double value = PyFloat_AS_DOUBLE(x);
        if (value == 0 && signbit(value))
            return SLOW;
    } else if (Py_TYPE(x) != &PyLong_Type)
        return SLOW;
    PyObject *table = PyDict_GetItemWithError(numbers, (PyObject *)Py_TYPE(array));
    if (!table)
        return PyErr_Occurred() ? FAILED : SLOW;
    PyObject *dtype = PyObject_GetAttr(array, name_dtype);
    if (!dtype)
        return FAILED;
    PyObject *key = PyTuple_Pack(2, dtype, x);
    Py_DECREF(dtype);
    if (!key)
        return FAILED;
    *number = PyObject_GetItem(table, key);
    Py_DECREF(key);
    if (!*number)
        return FAILED;
    if (*number == Py_None) {
        Py_CLEAR(*number);
        return SLOW;
    }
    return FOUND;
}

/* Whether the recorder's only tape follows a node. */
static int
is_followed(PyObject *node, PyObject *recorder)
{
    if (SLOT(node, node_traces) == SLOT(recorder, recorder_traces))
        return 1;
    return PySequence_Contains(SLOT(recorder, recorder_watched), node);
}

/* Find the plan for operands whose bits are in a mask, a new reference. */
static int
find_plan(PyObject *plans, int mask, PyObject **plan)
{
    *plan = Py_XNewRef(PyDict_GetItemWithError(plans, masks[mask]));
    return *plan ? FOUND : PyErr_Occurred() ? FAILED : SLOW;
}

/* Put dispatch.py's exception in the place of a library's own. Returns NULL. */
static PyObject *
explain(PyObject *primitive, PyObject *array1, PyObject *array2, PyObject *parameters)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return NULL;
    PyObject *error, *arrays, *better = NULL;
#if PY_VERSION_HEX >= 0x030C0000
    error = PyErr_GetRaisedException();
#else
    PyObject *type, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    if (traceback)
        PyException_SetTraceback(error, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
#endif
    arrays = array2 ? PyTuple_Pack(2, array1, array2) : PyTuple_Pack(1, array1);
    if (arrays)
        better = PyObject_CallFunctionObjArgs(
            explain_failure, primitive, arrays, parameters, error, NULL);
    Py_XDECREF(arrays);
    if (better) {
        if (better != error) {
            PyException_SetCause(better, Py_NewRef(error));
            PyException_SetContext(better, Py_NewRef(error));
        }
#if PY_VERSION_HEX >= 0x030C0000
        PyErr_SetRaisedException(better);
#else
        type = Py_NewRef(Py_TYPE(better));
        PyErr_Restore(type, better, PyException_GetTraceback(better));
#endif
    }
    Py_DECREF(error);
    return NULL;
}

/* Make sure that a result is an array of the operands' type; steals it. */
static PyObject *
finished(PyObject *y, PyObject *array)
{
    if (!y || Py_TYPE(y) == Py_TYPE(array))
        return y;
    PyObject *whole = PyObject_CallFunctionObjArgs(finish, array, y, NULL);
    Py_DECREF(y);
    return whole;
}

/* Tell the tape that a node keeps something. */
static int
keep(PyObject *recorder, PyObject *node)
{
    PyObject *done, *reference = PyWeakref_NewRef(node, NULL);
    if (!reference)
        return -1;
    done = PyObject_CallOneArg(SLOT(recorder, recorder_keep), reference);
    Py_DECREF(reference);
    if (!done)
        return -1;
    Py_DECREF(done);
    Py_ssize_t count = PyObject_Size(SLOT(recorder, recorder_nodes));
    if (count & 1023)
        return count < 0 ? -1 : 0;
    done = PyObject_CallNoArgs(SLOT(recorder, recorder_sweep));
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* The Tensor of a result with its node; steals y, parents and saved, of which any may be NULL. */
static PyObject *
record(PyObject *recorder, PyObject *primitive, PyObject *parameters, PyObject *plan, PyObject *y,
       PyObject *parents, PyObject *saved, int keeps)
{
    PyObject *shape = y && parents && saved ? PyObject_GetAttr(y, name_shape) : NULL;
    PyObject *dtype = shape ? PyObject_GetAttr(y, name_dtype) : NULL, *node = NULL;
    if (dtype)
        node = make_node(primitive, parameters, parents, saved, plan, shape, dtype,
                         SLOT(recorder, recorder_traces), Py_None);
    Py_XDECREF(parents);
    Py_XDECREF(saved);
    Py_XDECREF(shape);
    Py_XDECREF(dtype);
    if (node && keeps && keep(recorder, node) < 0)
        Py_CLEAR(node);
    return wrap(y, node);
}

/* The Tensor of a result that somebody writes down, whatever its operands are; steals all but the first three. */
static PyObject *
tell_recorder(PyObject *recorder, PyObject *primitive, PyObject *parameters, PyObject *arrays,
              PyObject *nodes, PyObject *y)
{
    if (arrays && nodes && y && SLOT(primitive, primitive_may_do_nothing) != Py_False)
        Py_SETREF(y, PyObject_CallFunctionObjArgs(another, primitive, arrays, y, NULL));
    PyObject *node = NULL;
    if (arrays && nodes && y) {
        PyObject *all[] = {NULL, primitive, arrays, nodes, parameters, y};
        node = PyObject_Vectorcall(SLOT(recorder, recorder_record), all + 1,
                                   5 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    }
    Py_XDECREF(arrays);
    Py_XDECREF(nodes);
    return wrap(y, node);
}

/* An operand taken apart, and what to do with it: where nothing is recorded `plan` is NULL, and the
result has the node `passed` (borrowed); `tells` says that somebody writes everything down. */
typedef struct {
    PyObject *array, *node, *function, *recorder, *plan, *passed;
    int tells;
} Operand;

/* Find out who watches, if that matters for operands with a node, or without one. */
static int
find_recorder(Operand *x, int followed)
{
    if (!followed && SLOT(settings, settings_told) == Py_False)
        return FOUND;
    x->recorder = PyObject_GetAttr(state, name_recorder);
    if (!x->recorder)
        return FAILED;
    x->tells = x->recorder != Py_None && SLOT(x->recorder, recorder_tells) != Py_False;
    return FOUND;
}

static void
let_go(Operand *x)
{
    Py_XDECREF(x->array);
    Py_XDECREF(x->node);
    Py_XDECREF(x->function);
    Py_XDECREF(x->recorder);
    Py_XDECREF(x->plan);
}

/* Take the operand of a primitive of one operand apart, and find what to do with it. */
static int
prepare(PyObject *operand, PyObject *implementations, PyObject *plans, Operand *x)
{
    int found = take_apart(operand, &x->array, &x->node);
    if (found != FOUND)
        return found;
    x->function = PyDict_GetItemWithError(implementations, (PyObject *)Py_TYPE(x->array));
    if (!Py_XNewRef(x->function))
        return PyErr_Occurred() ? FAILED : SLOW;
    x->passed = x->node;
    found = find_recorder(x, x->node != Py_None);
    if (found == FAILED || x->tells || x->node == Py_None)
        return found;
    if (x->recorder == Py_None)
        return Py_TYPE(x->node) == Cut ? FOUND : SLOW;
    if (SLOT(settings, settings_locations) != Py_False)
        return SLOW;
    found = is_followed(x->node, x->recorder);
    return found == 1 ? find_plan(plans, 1, &x->plan) : found;
}

/* -- one function for each primitive ------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *slow, *primitive, *implementations, *plans;
    int constant, reflected;
} Operation;

static PyObject *
call_unary(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Operation *self = (Operation *)callable;
    PyObject *y, *parents, *saved, *result = NULL;
    Operand x = {NULL};
    int found = SLOW;
    if (PyVectorcall_NARGS(nargsf) == 1 && !kwnames)
        found = prepare(args[0], self->implementations, self->plans, &x);
    if (x.plan && self->constant)
        found = SLOW;
    if (found != FOUND) {
        let_go(&x);
        return found == FAILED ? NULL : PyObject_Vectorcall(self->slow, args, nargsf, kwnames);
    }
    y = PyObject_CallOneArg(x.function, x.array);
    if (!y)
        explain(self->primitive, x.array, NULL, Py_None);
    y = finished(y, x.array);
    if (y && x.tells)
        result = tell_recorder(x.recorder, self->primitive, Py_None, PyTuple_Pack(1, x.array),
                               PyTuple_Pack(1, x.node), y);
    else if (y && !x.plan)
        result = wrap(y, Py_NewRef(x.passed));
    else if (y) {
        long code = PyLong_AsLong(SLOT(x.plan, plan_code));
        switch (code) {
        case KEEPS_NOTHING: saved = Py_NewRef(nothing); break;
        case KEEPS_1: saved = PyTuple_Pack(1, x.array); break;
        case KEEPS_2: saved = PyTuple_Pack(1, y); break;
        default:
            saved = PyObject_CallFunctionObjArgs(SLOT(x.plan, plan_save), x.array, y, NULL);
        }
        parents = PyTuple_Pack(1, x.node);
        result = record(x.recorder, self->primitive, Py_None, x.plan, y, parents, saved,
                        code != KEEPS_NOTHING);
    }
    let_go(&x);
    return result;
}

/* Take two operands apart. Of a Python number, `number` (1 or 2), the array is the number's. */
static int
take_two(PyObject *x1, PyObject *x2, Operand *a, Operand *b, int *number)
{
    int found = take_apart(x1, &a->array, &a->node);
    if (found == FAILED)
        return FAILED;
    if (found == FOUND) {
        found = take_apart(x2, &b->array, &b->node);
        if (found == SLOW) {
            *number = 2;
            b->node = Py_NewRef(Py_None);
            return find_number(x2, a->array, &b->array);
        }
        return found == FOUND ? Py_TYPE(a->array) == Py_TYPE(b->array) : FAILED;
    }
    found = take_apart(x2, &b->array, &b->node);
    if (found != FOUND)
        return found;
    *number = 1;
    a->node = Py_NewRef(Py_None);
    return find_number(x1, b->array, &a->array);
}

/* The node that cut_off() of observers.py passes on; NULL where it would make one. */
static PyObject *
cut_passed_on(PyObject *node1, PyObject *node2)
{
    if (Py_TYPE(node1) == Cut && SLOT(node1, node_primitive) != Py_None)
        return node1;
    if (node1 != Py_None && Py_TYPE(node1) != Cut)
        return NULL;
    return Py_TYPE(node2) == Cut ? node2 : node2 == Py_None ? node1 : NULL;
}

/* Find out what to do with two operands, of arrays of a type; `a` gets the answer. */
static int
prepare_two(Operation *self, Operand *a, Operand *b, PyTypeObject *kind)
{
    a->function = PyDict_GetItemWithError(self->implementations, (PyObject *)kind);
    if (!Py_XNewRef(a->function))
        return PyErr_Occurred() ? FAILED : SLOW;
    a->passed = Py_None;
    int followed = a->node != Py_None || b->node != Py_None;
    int found = find_recorder(a, followed);
    if (found == FAILED || a->tells || !followed)
        return found;
    if (a->recorder == Py_None) {
        a->passed = cut_passed_on(a->node, b->node);
        return a->passed ? FOUND : SLOW;
    }
    if (self->constant || SLOT(settings, settings_locations) != Py_False)
        return SLOW;
    int mask = 0, bit = 1;
    for (Operand *x = a; x; x = x == a ? b : NULL, bit = 2) {
        if (x->node == Py_None)
            continue;
        found = is_followed(x->node, a->recorder);
        if (found == FAILED)
            return FAILED;
        if (found)
            mask |= bit;
        else if (Py_TYPE(x->node) != Cut)
            return SLOW;  /* it may have to be watched now */
    }
    return mask ? find_plan(self->plans, mask, &a->plan) : SLOW;
}

static PyObject *
call_binary(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Operation *self = (Operation *)callable;
    PyObject *x1 = NULL, *x2 = NULL, *y, *parents, *saved, *result = NULL;
    Operand a = {NULL}, b = {NULL}, *typed;
    int number = 0, found = SLOW;
    if (PyVectorcall_NARGS(nargsf) == 2 && !kwnames) {
        x1 = args[self->reflected];
        x2 = args[!self->reflected];
        found = take_two(x1, x2, &a, &b, &number);
    }
    typed = number == 1 ? &b : &a;
    if (found == FOUND)
        found = prepare_two(self, &a, &b, Py_TYPE(typed->array));
    if (found != FOUND) {
        let_go(&a);
        let_go(&b);
        return found == FAILED ? NULL : PyObject_Vectorcall(self->slow, args, nargsf, kwnames);
    }
    /* What is said and kept of a number is the number. */
    PyObject *shown1 = number == 1 ? x1 : a.array, *shown2 = number == 2 ? x2 : b.array;
    PyObject *both[] = {NULL, a.array, b.array};
    y = PyObject_Vectorcall(a.function, both + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    if (!y)
        explain(self->primitive, shown1, shown2, Py_None);
    y = finished(y, typed->array);
    if (y && a.tells)
        result = tell_recorder(a.recorder, self->primitive, Py_None, PyTuple_Pack(2, shown1, shown2),
                               PyTuple_Pack(2, a.node, b.node), y);
    else if (y && !a.plan)
        result = wrap(y, Py_NewRef(a.passed));
    else if (y) {
        long code = PyLong_AsLong(SLOT(a.plan, plan_code));
        switch (code) {
        case KEEPS_NOTHING: saved = Py_NewRef(nothing); break;
        case KEEPS_1: saved = PyTuple_Pack(1, a.array); break;
        case KEEPS_2: saved = PyTuple_Pack(1, b.array); break;
        case KEEPS_2_AND_1: saved = PyTuple_Pack(2, b.array, a.array); break;
        default:
            saved = PyObject_CallFunctionObjArgs(
                SLOT(a.plan, plan_save), shown1, shown2, y, NULL);
        }
        if (number && code == number && is_regular(number == 1 ? x1 : x2)) {
            PyObject *plan = PyObject_GetAttr(a.plan, name_of_number);
            if (!plan)
                Py_CLEAR(saved);
            else
                Py_SETREF(a.plan, plan);
        }
        parents = PyTuple_Pack(2, a.node, b.node);
        result = record(a.recorder, self->primitive, Py_None, a.plan, y, parents, saved,
                        code != KEEPS_NOTHING && code != number);
    }
    let_go(&a);
    let_go(&b);
    return result;
}

static void
operation_dealloc(Operation *self)
{
    Py_XDECREF(self->slow);
    Py_XDECREF(self->primitive);
    Py_XDECREF(self->implementations);
    Py_XDECREF(self->plans);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *
operation_get(PyObject *self, PyObject *instance, PyObject *owner)
{
    return instance ? PyMethod_New(self, instance) : Py_NewRef(self);
}

static PyObject *
operation_name(Operation *self, void *unused)
{
    return PyObject_GetAttrString(self->primitive, "name");
}

/* As functions, operations are copied by not being copied. */
static PyObject *
operation_itself(PyObject *self, PyObject *unused)
{
    return Py_NewRef(self);
}

static PyGetSetDef operation_getset[] = {
    {"__name__", (getter)operation_name, NULL, "The name of its primitive.", NULL},
    {NULL},
};

static PyMethodDef operation_methods[] = {
    {"__copy__", operation_itself, METH_NOARGS, NULL},
    {"__deepcopy__", operation_itself, METH_O, NULL},
    {NULL},
};

static PyMemberDef operation_members[] = {
    {"__wrapped__", T_OBJECT, offsetof(Operation, slow), READONLY, "The same in Python."},
    {"primitive", T_OBJECT, offsetof(Operation, primitive), READONLY, "What it applies."},
    {NULL},
};

/* It lives as long as the module, so the cycle collector need not know it. */
static PyTypeObject OperationType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "xgrad.core._dispatch.Operation",
    .tp_doc = "A function that applies one primitive.",
    .tp_basicsize = sizeof(Operation),
    .tp_dealloc = (destructor)operation_dealloc,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Operation, vectorcall),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
                Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_descr_get = operation_get,
    .tp_members = operation_members,
    .tp_methods = operation_methods,
    .tp_getset = operation_getset,
};

static PyObject *
make_operation(PyObject *args, vectorcallfunc vectorcall)
{
    PyObject *slow, *primitive;
    int constant, reflected = 0;
    if (!PyArg_ParseTuple(args, "OOp|p", &slow, &primitive, &constant, &reflected))
        return NULL;
    PyObject *implementations = PyObject_GetAttrString(primitive, "implementations");
    PyObject *plans = PyObject_GetAttrString(primitive, "plans");
    Operation *self = NULL;
    if (implementations && plans)
        self = PyObject_New(Operation, &OperationType);
    if (!self) {
        Py_XDECREF(implementations);
        Py_XDECREF(plans);
        return NULL;
    }
    self->vectorcall = vectorcall;
    self->slow = Py_NewRef(slow);
    self->primitive = Py_NewRef(primitive);
    self->implementations = implementations;
    self->plans = plans;
    self->constant = constant;
    self->reflected = reflected;
    return (PyObject *)self;
}

static PyObject *
unary(PyObject *module, PyObject *args)
{
    return make_operation(args, call_unary);
}

static PyObject *
binary(PyObject *module, PyObject *args)
{
    return make_operation(args, call_binary);
}

/* -- any primitive of one operand, one output and parameters -------------------------------- */

static PyObject *
apply1(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    PyObject *y, *parents, *saved, *result = NULL, *parameters = count == 3 ? args[2] : Py_None;
    Operand x = {NULL};
    int found = SLOW;
    if ((count == 2 || count == 3) && PyObject_TypeCheck(args[0], Primitive))
        found = prepare(args[1], SLOT(args[0], primitive_implementations),
                        SLOT(args[0], primitive_plans), &x);
    if (x.plan && !PyTuple_GET_SIZE(SLOT(x.plan, plan_calls)))
        found = SLOW;
    if (found != FOUND) {
        let_go(&x);
        return found == FAILED ? NULL : PyObject_Vectorcall(slow_apply1, args, count, NULL);
    }
    y = PyObject_VectorcallDict(x.function, &x.array, 1, parameters == Py_None ? NULL : parameters);
    if (!y)
        explain(args[0], x.array, NULL, parameters);
    y = finished(y, x.array);
    if (y && x.tells)
        result = tell_recorder(x.recorder, args[0], parameters, PyTuple_Pack(1, x.array),
                               PyTuple_Pack(1, x.node), y);
    else if (y && !x.plan)
        result = wrap(y, Py_NewRef(x.passed));
    else if (y) {
        saved = PyObject_CallFunctionObjArgs(SLOT(x.plan, plan_save), x.array, y, NULL);
        parents = PyTuple_Pack(1, x.node);
        result = record(x.recorder, args[0], parameters, x.plan, y, parents, saved,
                        saved && PyObject_IsTrue(saved));
    }
    let_go(&x);
    return result;
}

/* -- the module ------------------------------------------------------------------------------ */

static PyObject *
connect(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {
        "Tensor", "Node", "Cut", "Recorder", "Plan", "Primitive", "handles", "numbers", "state",
        "settings", "serials", "explain_failure", "finish", "another", "apply1", NULL};
    PyObject *tensor, *node, *cut, *recorder, *plan, *primitive;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "$OOOOOOOOOOOOOOO", names, &tensor, &node, &cut, &recorder, &plan,
            &primitive, &handles, &numbers, &state, &settings, &serials, &explain_failure, &finish,
            &another, &slow_apply1))
        return NULL;
    const SlotOf slots[] = {
        {&recorder_record, recorder, "record"},
        {&recorder_traces, recorder, "traces"},
        {&recorder_watched, recorder, "watched"},
        {&recorder_keep, recorder, "keep"},
        {&recorder_nodes, recorder, "nodes"},
        {&recorder_sweep, recorder, "sweep"},
        {&recorder_tells, recorder, "tells"},
        {&plan_code, plan, "code"},
        {&plan_save, plan, "save"},
        {&plan_calls, plan, "calls"},
        {&primitive_implementations, primitive, "implementations"},
        {&primitive_plans, primitive, "plans"},
        {&primitive_may_do_nothing, primitive, "may_do_nothing"},
        {&settings_locations, (PyObject *)Py_TYPE(settings), "locations"},
        {&settings_told, (PyObject *)Py_TYPE(settings), "told"},
        {NULL},
    };
    if (find_tensors(tensor) < 0 || find_nodes(node) < 0 || find_slots(slots) < 0)
        return NULL;
    /* They live as long as the process does. */
    Cut = (PyTypeObject *)Py_NewRef(cut);
    Primitive = (PyTypeObject *)Py_NewRef(primitive);
    PyObject *kept[] = {handles, numbers, state,   settings,   serials, explain_failure,
                        finish,  another, slow_apply1};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(kept); i++)
        Py_INCREF(kept[i]);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"connect", (PyCFunction)(void (*)(void))connect, METH_VARARGS | METH_KEYWORDS,
     "connect(*, Tensor, Node, ...)\n--\n\nSay what the functions work with; called once."},
    {"unary", unary, METH_VARARGS,
     "unary(slow, primitive, constant)\n--\n\nMake the function of a primitive of one operand."},
    {"binary", binary, METH_VARARGS,
     "binary(slow, primitive, constant, reflected=False)\n--\n\n"
     "Make the function of a primitive of two operands."},
    {"apply1", (PyCFunction)(void (*)(void))apply1, METH_FASTCALL,
     "apply1(primitive, x, parameters=None, /)\n--\n\n"
     "Apply a primitive of one operand, one output and parameters."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "xgrad.core._dispatch",
    .m_doc = "The hot paths of dispatch.py, compiled.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__dispatch(void)
{
    const Name names[] = {
        {&name_raw, "raw"},           {&name_node, "node"},   {&name_recorder, "recorder"},
        {&name_shape, "shape"},       {&name_dtype, "dtype"}, {&name_of_number, "of_number"},
        {NULL},
    };
    if (make_names(names) < 0 || PyType_Ready(&OperationType) < 0)
        return NULL;
    nothing = PyTuple_New(0);
    for (int mask = 0; mask < 4; mask++)
        masks[mask] = PyLong_FromLong(mask);
    return make_module(&definition);
}
