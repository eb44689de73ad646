/* A handler of NumPy's memory (NEP 49) that keeps large pieces for the next array of their size.

A piece that the C library gives back to the system comes again page by page, at the first touch, which
takes longer than the arithmetic of an operation. Small pieces go to NumPy's own handler, and so does
what this one cannot keep. NumPy calls handlers with the interpreter held, so nothing is locked. */

#include "../core/_speedups.h"

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <numpy/arrayobject.h>

/* A piece of memory, by its beginning. */
typedef struct {
    char *start;
    size_t size;
} Piece;

enum {
    SMALLEST = 1 << 17,  /* below, the C library hands out the same memory again by itself */
    MOST_KEPT = 256,
    SLOTS = 4096,        /* of the table of pieces in use: a power of two */
};

static PyDataMem_Handler *numpys;
static PyObject *capsule;

/* What waits for its next array, the longest waiting first. */
static Piece kept[MOST_KEPT];
static Py_ssize_t kept_count;
static size_t kept_bytes, limit;

/* What arrays are in, hashed, with linear probing. A piece that is not in it is NumPy's. */
static Piece used[SLOTS];
static Py_ssize_t used_count;
static size_t used_bytes;

static size_t
slot_of(const char *start)
{
    return (size_t)(((uint64_t)(uintptr_t)start >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 40) & (SLOTS - 1);
}

/* Cross a piece out, and say its size; 0 if it was not written down. Sizes that NumPy says when it
frees are no help: of an array of shape (0, 10**6) it allocates the second axis, and frees one byte.
Nothing (NULL), which NumPy frees after each sort that needed no buffer, is in no slot, but looks like an empty one. */
static size_t
cross_out(const char *start)
{
    if (!start || !used_count)
        return 0;
    size_t slot = slot_of(start);
    for (; used[slot].start != start; slot = (slot + 1) & (SLOTS - 1))
        if (!used[slot].start)
            return 0;
    size_t size = used[slot].size;
    /* Pieces behind it move up, unless that would put them before their place. */
    for (size_t next = slot;;) {
        next = (next + 1) & (SLOTS - 1);
        if (!used[next].start)
            break;
        size_t home = slot_of(used[next].start);
        if (((next - home) & (SLOTS - 1)) >= ((next - slot) & (SLOTS - 1))) {
            used[slot] = used[next];
            slot = next;
        }
    }
    used[slot] = (Piece){NULL, 0};
    used_count--;
    used_bytes -= size;
    return size;
}

/* Write down that a piece is in use, if there is room. */
static void
enter(char *start, size_t size)
{
    if (!start || size < SMALLEST)
        return;
    cross_out(start);  /* should somebody have freed an array's memory behind NumPy's back */
    if (used_count >= SLOTS / 2)
        return;
    size_t slot = slot_of(start);
    while (used[slot].start)
        slot = (slot + 1) & (SLOTS - 1);
    used[slot] = (Piece){start, size};
    used_count++;
    used_bytes += size;
}

static Piece
take_out(Py_ssize_t place)
{
    Piece piece = kept[place];
    kept_count--;
    kept_bytes -= piece.size;
    memmove(kept + place, kept + place + 1, (size_t)(kept_count - place) * sizeof(Piece));
    return piece;
}

/* Find a piece that was kept, the latest one, of at least a size and not much more. */
static Piece
find(size_t size)
{
    for (Py_ssize_t place = kept_count - 1; place >= 0; place--)
        if (kept[place].size >= size && kept[place].size - size <= size / 8)
            return take_out(place);
    return (Piece){NULL, size};
}

static void
let_go_of(Py_ssize_t place)
{
    Piece piece = take_out(place);
    numpys->allocator.free(numpys->allocator.ctx, piece.start, piece.size);
}

static void
let_all_go(void)
{
    while (kept_count)
        let_go_of(0);
}

/* A small piece, which NumPy's handler made. */
static void *
small(void *start)
{
    cross_out(start);  /* as in `enter` */
    return start;
}

static void *
pool_malloc(void *context, size_t size)
{
    PyDataMemAllocator *from = &numpys->allocator;
    if (size < SMALLEST)
        return small(from->malloc(from->ctx, size));
    Piece piece = find(size);
    if (!piece.start)
        piece.start = from->malloc(from->ctx, size);
    if (!piece.start && kept_count) {  /* what is kept may be what is missing */
        let_all_go();
        piece.start = from->malloc(from->ctx, size);
    }
    enter(piece.start, piece.size);
    return piece.start;
}

static void *
pool_calloc(void *context, size_t count, size_t each)
{
    PyDataMemAllocator *from = &numpys->allocator;
    if (!each || count > SIZE_MAX / each || count * each < SMALLEST)
        return small(from->calloc(from->ctx, count, each));
    Piece piece = find(count * each);
    if (piece.start)
        memset(piece.start, 0, count * each);
    else
        piece.start = from->calloc(from->ctx, count, each);
    if (!piece.start && kept_count) {
        let_all_go();
        piece.start = from->calloc(from->ctx, count, each);
    }
    enter(piece.start, piece.size);
    return piece.start;
}

static void *
pool_realloc(void *context, void *start, size_t size)
{
    PyDataMemAllocator *from = &numpys->allocator;
    size_t former = cross_out(start);
    char *moved = from->realloc(from->ctx, start, size);
    if (moved)
        enter(moved, size);
    else
        enter(start, former);
    return moved;
}

static void
pool_free(void *context, void *start, size_t size)
{
    size_t whole = cross_out(start);
    if (!whole || whole > limit) {
        numpys->allocator.free(numpys->allocator.ctx, start, size);
        return;
    }
    while (kept_count == MOST_KEPT || whole > limit - kept_bytes)
        let_go_of(0);
    kept[kept_count++] = (Piece){start, whole};
    kept_bytes += whole;
}

static PyDataMem_Handler handler = {
    "xgrad", 1, {NULL, pool_malloc, pool_calloc, pool_realloc, pool_free}};

static PyObject *
use(PyObject *module, PyObject *unused)
{
    return PyDataMem_SetHandler(capsule);
}

static PyObject *
use_again(PyObject *module, PyObject *former)
{
    PyObject *replaced = PyDataMem_SetHandler(former);
    if (!replaced)
        return NULL;
    Py_DECREF(replaced);
    Py_RETURN_NONE;
}

static PyObject *
figures(PyObject *module, PyObject *unused)
{
    return Py_BuildValue("nn", (Py_ssize_t)used_bytes, (Py_ssize_t)kept_bytes);
}

static PyObject *
release(PyObject *module, PyObject *unused)
{
    let_all_go();
    Py_RETURN_NONE;
}

static PyObject *
set_limit(PyObject *module, PyObject *bytes)
{
    size_t given = PyLong_AsSize_t(bytes);
    if (given == (size_t)-1 && PyErr_Occurred())
        return NULL;
    limit = given;
    while (kept_bytes > limit)
        let_go_of(0);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"use", use, METH_NOARGS,
     "use()\n--\n\nTake memory for new arrays from here, in this context; returns the former handler."},
    {"use_again", use_again, METH_O,
     "use_again(former, /)\n--\n\nTake memory for new arrays from a former handler again."},
    {"figures", figures, METH_NOARGS,
     "figures()\n--\n\nThe bytes of large pieces in use, and of those that are kept."},
    {"release", release, METH_NOARGS, "release()\n--\n\nGive back what is kept."},
    {"set_limit", set_limit, METH_O,
     "set_limit(bytes, /)\n--\n\nSay how much is kept at most; 0 keeps nothing."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "xgrad.backends._memory",
    .m_doc = "A handler of NumPy's memory that keeps large pieces for the next array.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__memory(void)
{
    import_array();
    numpys = PyCapsule_GetPointer(PyDataMem_DefaultHandler, "mem_handler");
    if (!numpys)
        return NULL;
    capsule = PyCapsule_New(&handler, "mem_handler", NULL);
    if (!capsule)
        return NULL;
    return make_module(&definition);
}
