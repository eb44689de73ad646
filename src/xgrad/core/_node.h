/* Tensors and nodes, as the compiled hot paths see them: where their slots are, and how they are made.

Every module has these for itself, and finds them when it is connected. */

#ifndef XGRAD_NODE_H
#define XGRAD_NODE_H

#include "_speedups.h"

static PyTypeObject *Tensor, *Node;
static PyObject *serials;  /* of node.py, where nodes are made */

static Py_ssize_t tensor_raw, tensor_node;
static Py_ssize_t node_primitive, node_parameters, node_parents, node_saved, node_plan, node_shape;
static Py_ssize_t node_dtype, node_traces, node_serial, node_where;

static inline int
find_tensors(PyObject *type)
{
    const SlotOf slots[] = {{&tensor_raw, type, "raw"}, {&tensor_node, type, "node"}, {NULL}};
    Tensor = (PyTypeObject *)Py_NewRef(type);  /* it lives as long as the process does */
    return find_slots(slots);
}

static inline int
find_nodes(PyObject *type)
{
    const SlotOf slots[] = {
        {&node_primitive, type, "primitive"},
        {&node_parameters, type, "parameters"},
        {&node_parents, type, "parents"},
        {&node_saved, type, "saved"},
        {&node_plan, type, "plan"},
        {&node_shape, type, "shape"},
        {&node_dtype, type, "dtype"},
        {&node_traces, type, "traces"},
        {&node_serial, type, "serial"},
        {&node_where, type, "where"},
        {NULL},
    };
    Node = (PyTypeObject *)Py_NewRef(type);
    return find_slots(slots);
}

/* Tensor(y, node); steals both, of which any may be NULL. */
static inline PyObject *
wrap(PyObject *y, PyObject *node)
{
    PyObject *tensor = y && node ? Tensor->tp_alloc(Tensor, 0) : NULL;
    if (!tensor) {
        Py_XDECREF(y);
        Py_XDECREF(node);
        return NULL;
    }
    SLOT(tensor, tensor_raw) = y;
    SLOT(tensor, tensor_node) = node;
    return tensor;
}

/* Node(primitive, parameters, ..., where) with the next serial number. */
static inline PyObject *
make_node(PyObject *primitive, PyObject *parameters, PyObject *parents, PyObject *saved,
          PyObject *plan, PyObject *shape, PyObject *dtype, PyObject *traces, PyObject *where)
{
    PyObject *serial = Py_TYPE(serials)->tp_iternext(serials);
    PyObject *node = serial ? Node->tp_alloc(Node, 0) : NULL;
    if (!node) {
        Py_XDECREF(serial);
        return NULL;
    }
    SLOT(node, node_primitive) = Py_NewRef(primitive);
    SLOT(node, node_parameters) = Py_NewRef(parameters);
    SLOT(node, node_parents) = Py_NewRef(parents);
    SLOT(node, node_saved) = Py_NewRef(saved);
    SLOT(node, node_plan) = Py_NewRef(plan);
    SLOT(node, node_shape) = Py_NewRef(shape);
    SLOT(node, node_dtype) = Py_NewRef(dtype);
    SLOT(node, node_traces) = Py_NewRef(traces);
    SLOT(node, node_serial) = serial;
    SLOT(node, node_where) = Py_NewRef(where);
    return node;
}

#endif
