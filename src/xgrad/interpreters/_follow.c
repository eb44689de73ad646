/* The hot path of the walk back, compiled: `_follow` of backward.py, where the walk runs on arrays.

It visits nodes for as long as the next one is a plain one, and returns the first that is not, with
its cotangent. What it does with a node, and in which order, is what `_follow` does, which is the
readable account; tests/interpreters/test_follow.py compares them. */

#include "../core/_node.h"

/* What backward.py gives when it connects. */
static PyObject *arrive, *find_library, *heappush;

/* Where slots are. */
static Py_ssize_t plan_simple, plan_guarded, plan_adder;
static Py_ssize_t frontier_entries, frontier_heap, frontier_library, frontier_stopped_at;

static PyObject *name_shape, *name_dtype, *name_kind, *name_broadcasts, *nothing;

/* As in primitive.py: where a value comes from that a rule asks for. */
enum { SAVED, INPUT_SPEC };

enum { MOST = 16 };  /* values of one rule */

/* The functions on arrays of a type: its namespace and the guard among its functions. */
typedef struct {
    PyObject *known;  /* the tuple of these three, owned; None at first */
    PyObject *kind, *xp, *guard;
} Library;

/* -1: an exception is set; 0: arrays that roam; 1: found. */
static int
look_up(Library *library, PyObject *g, PyObject *frontier)
{
    PyObject *found = PyObject_CallOneArg(find_library, g);
    if (!found)
        return -1;
    if (found == Py_None) {
        Py_DECREF(found);
        return 0;
    }
    Py_XSETREF(library->known, found);
    library->kind = PyTuple_GET_ITEM(found, 0);
    library->xp = PyTuple_GET_ITEM(found, 1);
    library->guard = PyTuple_GET_ITEM(found, 2);
    set_slot(frontier, frontier_library, Py_NewRef(found));
    return 1;
}

/* A node that is visited, and what it had then, held: a rule may be anybody's code, which may let the
node forget it. */
typedef struct {
    PyObject *node, *g, *plan, *parents, *saved;
} Visited;

/* rule(xp, g, *values, **parameters) */
static PyObject *
call_rule(const Visited *at, PyObject *xp, PyObject *call)
{
    PyObject *rule = PyTuple_GET_ITEM(call, 1), *places = PyTuple_GET_ITEM(call, 2);
    PyObject *names = PyTuple_GET_ITEM(call, 3), *saved = at->saved;
    PyObject *stack[MOST + 3] = {NULL, xp, at->g}, **values = stack + 3;
    Py_ssize_t count = PyTuple_GET_SIZE(places == Py_None ? saved : places);
    Py_ssize_t options = PyTuple_GET_SIZE(names);
    if (count + options > MOST) {
        PyErr_SetString(PyExc_SystemError, "a rule asks for too many values");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (places == Py_None) {
            values[i] = PyTuple_GET_ITEM(saved, i);
            continue;
        }
        PyObject *place = PyTuple_GET_ITEM(places, i);
        long from = PyLong_AsLong(PyTuple_GET_ITEM(place, 0));
        Py_ssize_t which = PyLong_AsSsize_t(PyTuple_GET_ITEM(place, 1));
        values[i] = from == SAVED        ? PyTuple_GET_ITEM(saved, which)
                    : from == INPUT_SPEC ? PyTuple_GET_ITEM(at->parents, which)
                                         : at->node;
    }
    for (Py_ssize_t i = 0; i < options; i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i);
        values[count + i] = PyDict_GetItemWithError(SLOT(at->node, node_parameters), name);
        if (!values[count + i]) {
            if (!PyErr_Occurred())
                PyErr_SetObject(PyExc_KeyError, name);
            return NULL;
        }
    }
    return PyObject_Vectorcall(rule, stack + 1, (2 + count) | PY_VECTORCALL_ARGUMENTS_OFFSET,
                               options ? names : NULL);
}

/* Whether a contribution has the operand's dtype and shape; -1 where asking fails. */
static int
fits(PyObject *r, PyObject *parent)
{
    PyObject *dtype = PyObject_GetAttr(r, name_dtype);
    if (!dtype)
        return -1;
    Py_DECREF(dtype);
    if (dtype != SLOT(parent, node_dtype))
        return 0;
    PyObject *shape = PyObject_GetAttr(r, name_shape);
    if (!shape)
        return -1;
    int same = PyObject_RichCompareBool(shape, SLOT(parent, node_shape), Py_EQ);
    Py_DECREF(shape);
    return same;
}

/* What one rule contributes to the cotangent of its operand: guarded, and brought into shape. */
static PyObject *
contribution(const Visited *at, const Library *library, PyObject *call, PyObject *parent,
             int guarded)
{
    PyObject *r = call_rule(at, library->xp, call);
    if (r && guarded) {
        PyObject *both[] = {NULL, r, at->g};
        PyObject *looked = PyObject_Vectorcall(
            library->guard, both + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
        Py_SETREF(r, looked);
    }
    int same = r ? fits(r, parent) : -1;
    if (same == 1)
        return r;
    PyObject *arrived = NULL;
    if (same == 0) {
        PyObject *kind = PyObject_GetAttr(SLOT(at->node, node_primitive), name_kind);
        PyObject *broadcasts = kind ? PyObject_GetAttr(kind, name_broadcasts) : NULL;
        if (broadcasts)
            arrived = PyObject_CallFunctionObjArgs(
                arrive, library->xp, r, at->g, parent, Py_False, broadcasts, NULL);
        Py_XDECREF(kind);
        Py_XDECREF(broadcasts);
    }
    Py_XDECREF(r);
    return arrived;
}

/* Add to an entry of the frontier: [node, cotangent, whether the walk made that buffer]. */
static int
add_to(PyObject *entry, PyObject *r)
{
    PyObject *total = PyList_GET_ITEM(entry, 1);
    int own = PyObject_IsTrue(PyList_GET_ITEM(entry, 2));
    Py_INCREF(entry);
    total = own ? PyNumber_InPlaceAdd(total, r) : PyNumber_Add(total, r);
    if (total) {
        PyList_SetItem(entry, 1, total);
        PyList_SetItem(entry, 2, Py_NewRef(Py_True));
    }
    Py_DECREF(entry);
    return total ? 0 : -1;
}

/* Put a node and its cotangent into the frontier, where it waits. */
static int
let_wait(PyObject *frontier, PyObject *node, PyObject *g, int own)
{
    PyObject *serial = SLOT(node, node_serial);
    PyObject *entry = PyList_New(3);
    if (!entry)
        return -1;
    PyList_SET_ITEM(entry, 0, Py_NewRef(node));
    PyList_SET_ITEM(entry, 1, Py_NewRef(g));
    PyList_SET_ITEM(entry, 2, Py_NewRef(own ? Py_True : Py_False));
    int status = PyDict_SetItem(SLOT(frontier, frontier_entries), serial, entry);
    Py_DECREF(entry);
    PyObject *place = status < 0 ? NULL : PyNumber_Negative(serial);
    if (!place)
        return -1;
    PyObject *done = PyObject_CallFunctionObjArgs(
        heappush, SLOT(frontier, frontier_heap), place, NULL);
    Py_DECREF(place);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* Whether a node was recorded later than another. */
static int
is_later(PyObject *node, PyObject *other)
{
    return PyLong_AsLongLong(SLOT(node, node_serial)) > PyLong_AsLongLong(SLOT(other, node_serial));
}

/* Add the first operand's cotangent in place, where its primitive can: 1 done, 0 not, -1 failed. */
static int
add_in_place(const Visited *at, PyObject *adder, PyObject *xp, PyObject *entries)
{
    PyObject *parent = PyTuple_GET_ITEM(at->parents, 0);
    PyObject *entry = PyDict_GetItemWithError(entries, SLOT(parent, node_serial));
    if (!entry || !PyObject_IsTrue(PyList_GET_ITEM(entry, 2)))
        return PyErr_Occurred() ? -1 : 0;
    PyObject *first = PyTuple_Pack(3, xp, PyList_GET_ITEM(entry, 1), at->g);
    PyObject *args = first ? PySequence_Concat(first, at->saved) : NULL;
    PyObject *done = args ? PyObject_Call(adder, args, SLOT(at->node, node_parameters)) : NULL;
    Py_XDECREF(first);
    Py_XDECREF(args);
    int status = done ? PyObject_IsTrue(done) : -1;
    Py_XDECREF(done);
    return status;
}

/* Where the next node and its cotangent are put together: new references, NULL where there is none. */
typedef struct {
    PyObject *node, *g;
} Next;

/* Call the rules of a node, and pass on what they give. */
static int
visit(const Visited *at, PyObject *frontier, const Library *library, Next *next)
{
    PyObject *simple = SLOT(at->plan, plan_simple), *entries = SLOT(frontier, frontier_entries);
    int guarded = PyObject_IsTrue(SLOT(at->plan, plan_guarded));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(simple); i++) {
        PyObject *call = PyTuple_GET_ITEM(simple, i);
        Py_ssize_t operand = PyLong_AsSsize_t(PyTuple_GET_ITEM(call, 0));
        PyObject *parent = PyTuple_GET_ITEM(at->parents, operand);
        PyObject *r = contribution(at, library, call, parent, guarded);
        if (!r)
            return -1;
        int status = 0;
        PyObject *entry = PyDict_GetItemWithError(entries, SLOT(parent, node_serial));
        if (entry)
            status = add_to(entry, r);
        else if (PyErr_Occurred())
            status = -1;
        else if (!next->node) {
            next->node = Py_NewRef(parent);
            next->g = Py_NewRef(r);
        }
        else if (parent == next->node) {
            PyObject *total = PyNumber_Add(next->g, r);
            if (total)
                Py_SETREF(next->g, total);
            status = total ? 0 : -1;
        }
        else if (is_later(parent, next->node)) {
            status = let_wait(frontier, next->node, next->g, 0);
            Py_SETREF(next->node, Py_NewRef(parent));
            Py_SETREF(next->g, Py_NewRef(r));
        }
        else
            status = let_wait(frontier, parent, r, 0);
        Py_DECREF(r);
        if (status < 0)
            return -1;
    }
    return 0;
}

/* Whether a node is a plain one, of this trace alone; `traces` is the last tuple that was (owned). */
static int
is_plain(PyObject *node, PyObject *trace, PyObject **traces)
{
    PyObject *plan = SLOT(node, node_plan), *recorded_by = SLOT(node, node_traces);
    if (!plan || plan == Py_None || SLOT(plan, plan_simple) == Py_None)
        return 0;
    if (recorded_by != *traces) {
        if (PyTuple_GET_SIZE(recorded_by) != 1 || PyTuple_GET_ITEM(recorded_by, 0) != trace)
            return 0;
        Py_XSETREF(*traces, Py_NewRef(recorded_by));
    }
    return 1;
}

static PyObject *
follow(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count != 7) {
        PyErr_SetString(PyExc_TypeError, "follow: 7 arguments are needed");
        return NULL;
    }
    PyObject *trace = args[0], *frontier = args[3], *sources = args[4], *found = args[5];
    PyObject *heap = SLOT(frontier, frontier_heap), *entries = SLOT(frontier, frontier_entries);
    PyObject *traces = NULL, *result = NULL;
    int consume = PyObject_IsTrue(args[6]);
    Py_ssize_t watched = PyObject_Size(sources);
    Next at = {Py_NewRef(args[1]), Py_NewRef(args[2])};
    Library library = {Py_NewRef(SLOT(frontier, frontier_library))};
    library.kind = PyTuple_GET_ITEM(library.known, 0);
    library.xp = PyTuple_GET_ITEM(library.known, 1);
    library.guard = PyTuple_GET_ITEM(library.known, 2);
    while (at.node && is_plain(at.node, trace, &traces)) {
        if (watched) {
            int wanted = PySequence_Contains(sources, at.node);
            if (wanted < 0 || (wanted && PyObject_SetItem(found, at.node, at.g) < 0))
                goto failed;
        }
        if ((PyObject *)Py_TYPE(at.g) != library.kind) {
            int stays = look_up(&library, at.g, frontier);
            if (stays < 0)
                goto failed;
            if (!stays)
                break;
        }
        const Visited here = {at.node, at.g, Py_NewRef(SLOT(at.node, node_plan)),
                              Py_NewRef(SLOT(at.node, node_parents)),
                              Py_NewRef(SLOT(at.node, node_saved))};
        PyObject *adder = SLOT(here.plan, plan_adder);
        Next next = {NULL, NULL};
        int fills = adder != Py_None;  /* a new array, which is the walk's own */
        int status = fills ? add_in_place(&here, adder, library.xp, entries) : 0;
        if (status == 0)
            status = visit(&here, frontier, &library, &next);
        Py_DECREF(here.plan);
        Py_DECREF(here.parents);
        Py_DECREF(here.saved);
        if (status >= 0 && consume) {
            set_slot(at.node, node_plan, Py_NewRef(Py_None));  /* as in Node.forget */
            set_slot(at.node, node_saved, Py_NewRef(nothing));
        }
        if (status >= 0 && next.node && PyList_GET_SIZE(heap) &&
            -PyLong_AsLongLong(PyList_GET_ITEM(heap, 0)) >
                PyLong_AsLongLong(SLOT(next.node, node_serial))) {
            status = let_wait(frontier, next.node, next.g, fills);
            Py_CLEAR(next.node);
            Py_CLEAR(next.g);
        }
        if (status < 0) {
            Py_XDECREF(next.node);
            Py_XDECREF(next.g);
            goto failed;
        }
        Py_DECREF(at.node);
        Py_DECREF(at.g);
        at = next;
    }
    result = PyTuple_Pack(2, at.node ? at.node : Py_None, at.node ? at.g : Py_None);
    goto done;
failed:
    /* For whoever says what it was that memory ran out in. */
    result = PyTuple_Pack(2, at.node, at.g);
    if (result)
        set_slot(frontier, frontier_stopped_at, result);
    result = NULL;
done:
    Py_XDECREF(at.node);
    Py_XDECREF(at.g);
    Py_XDECREF(traces);
    Py_XDECREF(library.known);
    return result;
}

/* -- the module ------------------------------------------------------------------------------ */

static PyObject *
connect(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"Node", "Plan", "Frontier", "arrive", "find_library", "heappush", NULL};
    PyObject *node, *plan, *frontier;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$OOOOOO", names, &node, &plan, &frontier,
                                     &arrive, &find_library, &heappush))
        return NULL;
    const SlotOf slots[] = {
        {&plan_simple, plan, "simple"},
        {&plan_guarded, plan, "guarded"},
        {&plan_adder, plan, "adder"},
        {&frontier_entries, frontier, "entries"},
        {&frontier_heap, frontier, "heap"},
        {&frontier_library, frontier, "library"},
        {&frontier_stopped_at, frontier, "stopped_at"},
        {NULL},
    };
    if (find_nodes(node) < 0 || find_slots(slots) < 0)
        return NULL;
    Py_INCREF(arrive);
    Py_INCREF(find_library);
    Py_INCREF(heappush);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"connect", (PyCFunction)(void (*)(void))connect, METH_VARARGS | METH_KEYWORDS,
     "connect(*, Node, Plan, ...)\n--\n\nSay what `follow` works with; called once."},
    {"follow", (PyCFunction)(void (*)(void))follow, METH_FASTCALL,
     "follow(trace, node, g, frontier, sources, found, consume, /)\n--\n\n"
     "Visit nodes for as long as the next one is a plain one."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "xgrad.interpreters._follow",
    .m_doc = "The hot path of backward.py, compiled.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__follow(void)
{
    const Name names[] = {
        {&name_shape, "shape"}, {&name_dtype, "dtype"},
        {&name_kind, "kind"},   {&name_broadcasts, "broadcasts"},
        {NULL},
    };
    nothing = PyTuple_New(0);
    if (!nothing || make_names(names) < 0)
        return NULL;
    return make_module(&definition);
}
