/* What the compiled hot paths share: Python's slots by their offsets.

The classes stay in Python (handle.py, node.py, primitive.py, observers.py). Their `__slots__` are
members at fixed places, which are looked up once, when the modules are connected. */

#ifndef XGRAD_SPEEDUPS_H
#define XGRAD_SPEEDUPS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <stddef.h>

#ifdef Py_GIL_DISABLED
#error "written for Pythons with a global interpreter lock"
#endif

/* The slot of an object at an offset: a borrowed reference, NULL where nothing is in it. */
#define SLOT(object, offset) (*(PyObject **)((char *)(object) + (offset)))

/* Which slot of which class, and where its offset goes. */
typedef struct {
    Py_ssize_t *offset;
    PyObject *type;
    const char *name;
} SlotOf;

static inline int
find_slots(const SlotOf *wanted)
{
    for (; wanted->offset; wanted++) {
        PyObject *descriptor = PyObject_GetAttrString(wanted->type, wanted->name);
        if (!descriptor)
            return -1;
        if (Py_TYPE(descriptor) != &PyMemberDescr_Type) {
            PyErr_Format(PyExc_TypeError, "%R has no slot %s", wanted->type, wanted->name);
            Py_DECREF(descriptor);
            return -1;
        }
        *wanted->offset = ((PyMemberDescrObject *)descriptor)->d_member->offset;
        Py_DECREF(descriptor);
    }
    return 0;
}

/* Put a new reference into a slot, and let go of what was there. */
static inline void
set_slot(PyObject *object, Py_ssize_t offset, PyObject *value)
{
    PyObject *former = SLOT(object, offset);
    SLOT(object, offset) = value;
    Py_XDECREF(former);
}

/* Make the names that attributes are looked up by; ends with NULL. */
typedef struct {
    PyObject **name;
    const char *text;
} Name;

static inline int
make_names(const Name *wanted)
{
    for (; wanted->name; wanted++) {
        *wanted->name = PyUnicode_InternFromString(wanted->text);
        if (!*wanted->name)
            return -1;
    }
    return 0;
}

/* A module that says what it was compiled from. */
static inline PyObject *
make_module(struct PyModuleDef *definition)
{
    PyObject *module = PyModule_Create(definition);
    if (module && PyModule_AddStringConstant(module, "SOURCE", XGRAD_SOURCE) < 0)
        Py_CLEAR(module);
    return module;
}

#endif
