/* Convolutions of real numbers: windows times kernels where they lie, without copies of windows.

Everything is made of tiles: some rows of results times one or two vectors of columns, which stay in registers
while a sum runs over what rows and columns share. In a convolution rows are positions, side by side along the
last axis, and the sum is over a window and its channels; in its transpose in the kernel rows are elements of the
window and channels, and the sum is over positions. The two differ in the steps from one number to the next.
Where each channel has a window of its own (depthwise), columns are channels, and a row has a factor for each.
numpy_direct.py divides the work, and is the only caller. */

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include "../core/_speedups.h"
#include "_vectors.h"
#include <fenv.h>
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>

enum {
    MOST_ROWS = 12,      /* of a tile */
    STRETCH = 120,       /* positions side by side that are taken together */
    STRETCHES = 64,      /* that are taken together, one vector of columns after the other, up to so many */
    NEAR = 1 << 17,      /* bytes of what the window shows, or */
    POSITIONS = 256,     /* in a sum over positions before it is added to memory */
    MOST_BYTES = 2 * 64, /* of a row of a tile */
};

/* What is added up in a tile: from where on, so many products. */
typedef struct {
    npy_intp a, b, length;
} Run;

/* How tiles of a kind lie, in bytes: from row to row and from product to product. */
typedef struct {
    const Run *runs;
    npy_intp many, a_row, a_step, b_step, c_row;
    npy_intp skip; /* bytes of each row of c, which are there already */
    int add;       /* to what is there */
} Layout;

/* Rows of c, up to `width` bytes of each. */
typedef void Tile(const Layout *t, const char *a, const char *b, char *c, npy_intp width);

#if defined(__GNUC__) && !defined(__clang__)
#define UNROLLED _Pragma("GCC unroll 16")
#elif defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#endif

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__aarch64__))
#define TILED
#define NOT_INLINED __attribute__((noinline))

/* What a row is multiplied with: a number, or one for each lane. Operands may lie at any address. */
#define NUMBER(type, x, j)                                                                      \
    type factor;                                                                                \
    memcpy(&factor, x, sizeof factor)
#define EACH(type, x, j)                                                                        \
    Lanes factor;                                                                               \
    memcpy(&factor, (x) + (j), sizeof factor)

#define TILE_OF(name, ROWS, type, BYTES, VECTORS, FACTOR, TARGET)                               \
    TARGET static void name##_##ROWS(const Layout *t, const char *a, const char *b, char *c,    \
                                     npy_intp width)                                            \
    {                                                                                           \
        typedef type Lanes __attribute__((vector_size(BYTES)));                                 \
        Lanes total[ROWS][VECTORS];                                                             \
        npy_intp a_row = t->a_row, a_step = t->a_step, b_step = t->b_step;                      \
        UNROLLED for (int i = 0; i < ROWS; i++)                                                 \
            UNROLLED for (int j = 0; j < VECTORS; j++)                                          \
                total[i][j] = (Lanes){0};                                                       \
        for (npy_intp r = 0; r < t->many; r++) {                                                \
            const char *x = a + t->runs[r].a, *y = b + t->runs[r].b;                            \
            for (npy_intp k = t->runs[r].length; k > 0; k--) {                                  \
                Lanes columns[VECTORS];                                                         \
                UNROLLED for (int j = 0; j < VECTORS; j++)                                      \
                    memcpy(&columns[j], y + j * BYTES, BYTES);                                  \
                UNROLLED for (int i = 0; i < ROWS; i++)                                         \
                    UNROLLED for (int j = 0; j < VECTORS; j++) {                                \
                        FACTOR(type, x + i * a_row, j * BYTES);                                 \
                        total[i][j] += factor * columns[j];                                     \
                    }                                                                           \
                x += a_step;                                                                    \
                y += b_step;                                                                    \
            }                                                                                   \
        }                                                                                       \
        UNROLLED for (int i = 0; i < ROWS; i++, c += t->c_row) {                                \
            Lanes there[VECTORS];                                                               \
            if (width == VECTORS * BYTES && !t->skip) {                                         \
                if (t->add) {                                                                   \
                    memcpy(there, c, VECTORS * BYTES);                                          \
                    UNROLLED for (int j = 0; j < VECTORS; j++)                                  \
                        total[i][j] += there[j];                                                \
                }                                                                               \
                memcpy(c, total[i], VECTORS * BYTES);                                           \
            }                                                                                   \
            else                                                                                \
                store_part_##type(t, (type *)c, (const type *)total[i], width);                 \
        }                                                                                       \
    }

#define STORE_PART(type)                                                                        \
    static NOT_INLINED void store_part_##type(const Layout *t, type *c, const type *total,      \
                                              npy_intp width)                                   \
    {                                                                                           \
        npy_intp size = sizeof(type);                                                           \
        for (npy_intp j = t->skip / size; j < width / size; j++)                                \
            c[j] = t->add ? c[j] + total[j] : total[j];                                         \
    }

STORE_PART(npy_float)
STORE_PART(npy_double)

/* Tiles of up to six rows, and of up to twelve, by the number of rows. */
#define UP_TO_6(name, ...)                                                                      \
    TILE_OF(name, 1, __VA_ARGS__)                                                               \
    TILE_OF(name, 2, __VA_ARGS__)                                                               \
    TILE_OF(name, 3, __VA_ARGS__)                                                               \
    TILE_OF(name, 4, __VA_ARGS__)                                                               \
    TILE_OF(name, 5, __VA_ARGS__)                                                               \
    TILE_OF(name, 6, __VA_ARGS__)
#define UP_TO_12(name, ...)                                                                     \
    UP_TO_6(name, __VA_ARGS__)                                                                  \
    TILE_OF(name, 7, __VA_ARGS__)                                                               \
    TILE_OF(name, 8, __VA_ARGS__)                                                               \
    TILE_OF(name, 9, __VA_ARGS__)                                                               \
    TILE_OF(name, 10, __VA_ARGS__)                                                              \
    TILE_OF(name, 11, __VA_ARGS__)                                                              \
    TILE_OF(name, 12, __VA_ARGS__)
#define SIX(name) {name##_1, name##_2, name##_3, name##_4, name##_5, name##_6}
#define TWELVE(name)                                                                            \
    {name##_1, name##_2, name##_3, name##_4,  name##_5,  name##_6,                              \
     name##_7, name##_8, name##_9, name##_10, name##_11, name##_12}

/* Of one and of two vectors, in single and in double precision. */
#define FAMILY(name, ROWS, FACTOR, BYTES, TARGET)                                               \
    ROWS(name##_float_1, npy_float, BYTES, 1, FACTOR, TARGET)                                   \
    ROWS(name##_float_2, npy_float, BYTES, 2, FACTOR, TARGET)                                   \
    ROWS(name##_double_1, npy_double, BYTES, 1, FACTOR, TARGET)                                 \
    ROWS(name##_double_2, npy_double, BYTES, 2, FACTOR, TARGET)
#define TABLE(name, LIST)                                                                       \
    {{LIST(name##_float_1), LIST(name##_float_2)}, {LIST(name##_double_1), LIST(name##_double_2)}}

/* As many rows as leave registers for what is multiplied; with factors for each lane fewer will do. */
#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f")))
FAMILY(avx2, UP_TO_6, NUMBER, 32, AVX2)
FAMILY(avx2_each, UP_TO_6, EACH, 32, AVX2)
FAMILY(half_each, UP_TO_6, EACH, 16, AVX2)
FAMILY(avx512, UP_TO_12, NUMBER, 64, AVX512)
FAMILY(avx512_each, UP_TO_6, EACH, 64, AVX512)
#else
#define NEON
FAMILY(neon, UP_TO_12, NUMBER, 16, NEON)
FAMILY(neon_each, UP_TO_6, EACH, 16, NEON)
#endif

#endif

/* Tiles for one and two vectors, and any number of rows, in single and in double precision. */
typedef Tile *Tiles[2][2][MOST_ROWS];

/* The best one first; where there is none that is faster than a library for matrices, nothing. Those without
rows are for channels by themselves only, which are too few for more. */
static const struct Family {
    npy_intp bytes; /* of a vector */
    int rows, rows_of_each;
    Tiles tiles, each;
} families[] = {
#if defined(TILED) && defined(__x86_64__)
    {64, 12, 6, TABLE(avx512, TWELVE), TABLE(avx512_each, SIX)},
    {32, 6, 6, TABLE(avx2, SIX), TABLE(avx2_each, SIX)},
    {16, 0, 6, {{{NULL}}}, TABLE(half_each, SIX)},
#elif defined(TILED)
    {16, 12, 6, TABLE(neon, TWELVE), TABLE(neon_each, SIX)},
#endif
    {0},
};

static int
is_supported(const struct Family *family)
{
#if defined(TILED) && defined(__x86_64__)
    if (family->bytes == 64)
        return __builtin_cpu_supports("avx512f");
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 1;
#endif
}

static const struct Family *chosen; /* NULL: there is none */

/* For a row of so many bytes; NULL if it does not fill a vector, but should. */
static const struct Family *
family_for(npy_intp row, int each)
{
    const struct Family *f = chosen;
    while (each && f->bytes > row)
        f++;
    return f->bytes ? f : NULL;
}

/* -- arrays ----------------------------------------------------------------------------------- */

/* Positions and elements of windows, as few axes as they can be walked through by. */
typedef struct {
    int type, axes;
    npy_intp size;                                     /* bytes of a number */
    npy_intp shape[NPY_MAXDIMS];                       /* of positions, examples first */
    npy_intp seen[NPY_MAXDIMS], other[NPY_MAXDIMS];    /* strides of what the window shows, and of what belongs to it */
    npy_intp parts, run;                               /* of a window: runs of numbers that lie side by side */
    npy_intp *part;                                    /* where each begins */
} Walk;

static int
is_plain(PyObject *object, int type)
{
    PyArrayObject *array = (PyArrayObject *)object;
    return PyArray_CheckExact(object) && PyArray_TYPE(array) == type && PyArray_ISNOTSWAPPED(array);
}

static int
is_result(PyArrayObject *array)
{
    return PyArray_ISWRITEABLE(array) && PyArray_ISALIGNED(array);
}

static int
is_side_by_side(PyArrayObject *array)
{
    int last = PyArray_NDIM(array) - 1;
    return PyArray_DIM(array, last) == 1 || PyArray_STRIDE(array, last) == PyArray_ITEMSIZE(array);
}

static int
refuse(const char *what)
{
    PyErr_Format(PyExc_TypeError, "%s does not fit", what);
    return 0;
}

/* Read (examples, *positions, *window, channels) and (examples, *positions, columns); 0 after an error. Runs are
as long as they can be, or of the channels of one element of the window each. */
static int
read_walk(PyObject *seen_object, PyObject *other_object, int each, Walk *w)
{
    PyArrayObject *seen = (PyArrayObject *)seen_object, *other = (PyArrayObject *)other_object;
    w->part = NULL;
    if (!PyArray_CheckExact(seen_object))
        return refuse("what the window shows");
    int type = PyArray_TYPE(seen), ndim = PyArray_NDIM(seen), axes = ndim / 2;
    if ((type != NPY_FLOAT && type != NPY_DOUBLE) || !is_plain(seen_object, type) || ndim < 4 || ndim % 2 ||
        !is_side_by_side(seen))
        return refuse("what the window shows");
    if (!is_plain(other_object, type) || PyArray_NDIM(other) != axes + 1 || !is_side_by_side(other))
        return refuse("what belongs to the positions");
    w->type = type;
    w->size = PyArray_ITEMSIZE(seen);
    w->axes = 0;
    for (int axis = 0; axis < axes; axis++) {
        npy_intp many = PyArray_DIM(seen, axis);
        npy_intp here = PyArray_STRIDE(seen, axis), there = PyArray_STRIDE(other, axis);
        if (many != PyArray_DIM(other, axis))
            return refuse("what belongs to the positions");
        int last = w->axes - 1;
        if (many == 1 && last >= 0)
            continue;
        if (last >= 0 && w->shape[last] == 1)
            w->axes = last; /* an axis of one element before others */
        else if (last >= 0 && w->seen[last] == many * here && w->other[last] == many * there) {
            many *= w->shape[last];
            w->axes = last;
        }
        w->shape[w->axes] = many;
        w->seen[w->axes] = here;
        w->other[w->axes++] = there;
    }
    int axis = ndim - 2;
    w->run = PyArray_DIM(seen, ndim - 1);
    while (!each && axis >= axes &&
           (PyArray_DIM(seen, axis) == 1 || PyArray_STRIDE(seen, axis) == w->run * w->size))
        w->run *= PyArray_DIM(seen, axis--);
    w->parts = 1;
    for (int k = axes; k <= axis; k++)
        w->parts *= PyArray_DIM(seen, k);
    w->part = PyMem_RawMalloc((w->parts + 1) * sizeof(npy_intp));
    if (!w->part) {
        PyErr_NoMemory();
        return 0;
    }
    for (npy_intp p = 0; p < w->parts; p++) {
        npy_intp rest = p, offset = 0;
        for (int k = axis; k >= axes; k--) {
            offset += rest % PyArray_DIM(seen, k) * PyArray_STRIDE(seen, k);
            rest /= PyArray_DIM(seen, k);
        }
        w->part[p] = offset;
    }
    return 1;
}

/* Some positions side by side: where they are seen, and where what belongs to them is. */
typedef struct {
    const char *seen;
    char *other;
    npy_intp many;
} Stretch;

/* How far a walk has come. */
typedef struct {
    const char *seen;
    char *other;
    npy_intp done, index[NPY_MAXDIMS];
    int ended;
} Place;

static void
begin(const Walk *w, Place *at, PyObject *seen, PyObject *other)
{
    memset(at, 0, sizeof *at);
    at->seen = PyArray_BYTES((PyArrayObject *)seen);
    at->other = PyArray_BYTES((PyArrayObject *)other);
    for (int axis = 0; axis < w->axes; axis++)
        at->ended |= w->shape[axis] == 0;
}

/* Take the next stretches, up to so many positions. */
static int
take(const Walk *w, Place *at, Stretch *stretches, npy_intp positions)
{
    int count = 0, last = w->axes - 1;
    npy_intp length = w->shape[last];
    while (!at->ended && count < STRETCHES && positions > 0) {
        Stretch *s = &stretches[count];
        npy_intp many = length - at->done;
        many = many > STRETCH ? STRETCH : many;
        if (count && many > positions)
            break;
        s->seen = at->seen + at->done * w->seen[last];
        s->other = at->other + at->done * w->other[last];
        s->many = many;
        count++;
        positions -= many;
        at->done += many;
        if (at->done < length)
            continue;
        at->done = 0;
        int axis = last - 1;
        for (; axis >= 0; axis--) {
            at->seen += w->seen[axis];
            at->other += w->other[axis];
            if (++at->index[axis] < w->shape[axis])
                break;
            at->seen -= w->seen[axis] * w->shape[axis];
            at->other -= w->other[axis] * w->shape[axis];
            at->index[axis] = 0;
        }
        at->ended = axis < 0;
    }
    return count;
}

/* Rows of c in tiles of nearly the same size, each with `step` bytes of a more than the one before. */
static void
run_tiles(Tile *const *tiles, int most, const Layout *t, const char *a, const char *b, char *c, npy_intp rows,
          npy_intp step, npy_intp width)
{
    npy_intp left = (rows + most - 1) / most;
    for (; left; left--) {
        npy_intp many = (rows + left - 1) / left;
        tiles[many - 1](t, a, b, c, width);
        rows -= many;
        a += many * step;
        c += many * t->c_row;
    }
}

/* Tell of what went wrong in sums, as NumPy's functions do. */
static int
give_errors(int raised)
{
    int errors = (raised & FE_DIVBYZERO ? NPY_FPE_DIVIDEBYZERO : 0) | (raised & FE_OVERFLOW ? NPY_FPE_OVERFLOW : 0) |
                 (raised & FE_UNDERFLOW ? NPY_FPE_UNDERFLOW : 0) | (raised & FE_INVALID ? NPY_FPE_INVALID : 0);
    return errors ? PyUFunc_GiveFloatingpointErrors("convolve", errors) : 0;
}

/* -- convolve --------------------------------------------------------------------------------- */

static int
run_convolve(const struct Family *f, const Walk *w, Place *at, const char *packed, npy_intp columns)
{
    Run *runs = PyMem_RawMalloc((w->parts + 1) * sizeof(Run));
    if (!runs)
        return -1;
    npy_intp rows = w->parts * w->run, next = w->seen[w->axes - 1];
    npy_intp near = NEAR / (next < 0 ? 1 - next : 1 + next);
    Layout t = {runs, w->parts, next, w->size, 0, w->other[w->axes - 1], 0, 0};
    Stretch stretches[STRETCHES];
    int count;
    while ((count = take(w, at, stretches, near < STRETCH ? STRETCH : near))) {
        const char *b = packed;
        for (npy_intp j = 0, width; j < columns * w->size; j += width) {
            width = columns * w->size - j;
            int two = width > f->bytes;
            t.b_step = two ? 2 * f->bytes : f->bytes;
            width = width < t.b_step ? width : t.b_step;
            for (npy_intp p = 0; p < w->parts; p++)
                runs[p] = (Run){w->part[p], p * w->run * t.b_step, w->run};
            Tile *const *tiles = f->tiles[w->type == NPY_DOUBLE][two];
            for (int s = 0; s < count; s++)
                run_tiles(tiles, f->rows, &t, stretches[s].seen, b, stretches[s].other + j, stretches[s].many, t.a_row,
                          width);
            b += rows * t.b_step;
        }
    }
    PyMem_RawFree(runs);
    return 0;
}

/* Where the next columns begin that fill vectors, one or two, of channels that each have weights of their own: the last
ones may begin before, where some are done already. */
static npy_intp
next_columns(const struct Family *f, npy_intp all, npy_intp *from, npy_intp *skip)
{
    npy_intp left = all - *from, width = left >= 2 * f->bytes ? 2 * f->bytes : f->bytes;
    *skip = left < width ? width - left : 0;
    *from -= *skip;
    return width;
}

static int
run_convolve_each(const struct Family *f, const Walk *w, Place *at, const char *weights)
{
    Run *runs = PyMem_RawMalloc((w->parts + 1) * sizeof(Run));
    if (!runs)
        return -1;
    npy_intp all = w->run * w->size, next = w->seen[w->axes - 1], skip;
    for (npy_intp p = 0; p < w->parts; p++)
        runs[p] = (Run){w->part[p], p * all, 1};
    Layout t = {runs, w->parts, next, 0, 0, w->other[w->axes - 1], 0, 0};
    Stretch stretches[STRETCHES];
    int count;
    while ((count = take(w, at, stretches, STRETCH)))
        for (npy_intp j = 0, width; j < all; j += width) {
            width = next_columns(f, all, &j, &skip);
            Tile *const *tiles = f->each[w->type == NPY_DOUBLE][width > f->bytes];
            for (int s = 0; s < count; s++)
                run_tiles(tiles, f->rows_of_each, &t, stretches[s].seen + j, weights + j, stretches[s].other + j,
                          stretches[s].many, next, width);
        }
    PyMem_RawFree(runs);
    return 0;
}

static PyObject *
do_convolve(PyObject *const *args, Py_ssize_t count, int each)
{
    Walk w;
    Place at;
    if (count != 3 || !chosen) {
        PyErr_SetString(PyExc_TypeError, "convolve takes three arrays");
        return NULL;
    }
    if (!read_walk(args[0], args[2], each, &w))
        return NULL;
    PyArrayObject *kernel = (PyArrayObject *)args[1], *y = (PyArrayObject *)args[2];
    npy_intp columns = PyArray_DIM(y, PyArray_NDIM(y) - 1), lanes = chosen->bytes / w.size;
    const struct Family *f = family_for(columns * w.size, each);
    npy_intp filled = each ? 1 : (columns + lanes - 1) / lanes * lanes;
    int fits = is_plain(args[1], w.type) && PyArray_IS_C_CONTIGUOUS(kernel) && is_result(y) &&
               PyArray_SIZE(kernel) == w.parts * w.run * filled && (!each || (columns == w.run && f));
    int failed = fits ? 0 : refuse("a kernel or a result") - 1, raised = 0;
    if (!failed) {
        begin(&w, &at, args[0], args[2]);
        const char *from = PyArray_BYTES(kernel);
        Py_BEGIN_ALLOW_THREADS
        feclearexcept(FE_ALL_EXCEPT);
        failed = each ? run_convolve_each(f, &w, &at, from) : run_convolve(f, &w, &at, from, columns);
        raised = fetestexcept(FE_ALL_EXCEPT);
        Py_END_ALLOW_THREADS
        if (failed)
            PyErr_NoMemory();
        else
            failed = give_errors(raised);
    }
    PyMem_RawFree(w.part);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

/* convolve(seen, packed, y) */
static PyObject *
convolve(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    return do_convolve(args, count, 0);
}

/* convolve_each(seen, weights, y) */
static PyObject *
convolve_each(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    return do_convolve(args, count, 1);
}

/* -- correlate -------------------------------------------------------------------------------- */

/* Columns that are no whole vector, next to each other; what is left of it is as the last one, so that it
raises nothing. */
static void
copy_columns(const Walk *w, const Stretch *stretches, int count, npy_intp from, npy_intp width, char *to, npy_intp step)
{
    npy_intp next = w->other[w->axes - 1];
    for (int s = 0; s < count; s++)
        for (npy_intp i = 0; i < stretches[s].many; i++, to += step) {
            memcpy(to, stretches[s].other + i * next + from, width);
            for (npy_intp j = width; j < step; j += w->size)
                memcpy(to + j, to + width - w->size, w->size);
        }
}

static void
run_correlate(const struct Family *f, const Walk *w, Place *at, char *totals, npy_intp columns, npy_intp row)
{
    Stretch stretches[STRETCHES];
    Run runs[STRETCHES];
    char copied[POSITIONS * MOST_BYTES];
    npy_intp next = w->other[w->axes - 1];
    Layout t = {runs, 0, w->size, w->seen[w->axes - 1], 0, row, 0, 1};
    int count;
    while ((count = take(w, at, stretches, POSITIONS))) {
        t.many = count;
        for (npy_intp j = 0, width; j < columns * w->size; j += width) {
            width = columns * w->size - j;
            int two = width > f->bytes;
            npy_intp whole = two ? 2 * f->bytes : f->bytes, done = 0;
            int part = width < whole;
            width = part ? width : whole;
            t.b_step = part ? whole : next;
            if (part)
                copy_columns(w, stretches, count, j, width, copied, whole);
            for (int s = 0; s < count; s++) {
                npy_intp b = part ? done * whole : stretches[s].other - stretches[0].other;
                runs[s] = (Run){stretches[s].seen - stretches[0].seen, b, stretches[s].many};
                done += stretches[s].many;
            }
            Tile *const *tiles = f->tiles[w->type == NPY_DOUBLE][two];
            const char *b = part ? copied : stretches[0].other + j;
            for (npy_intp p = 0; p < w->parts; p++)
                run_tiles(tiles, f->rows, &t, stretches[0].seen + w->part[p], b, totals + p * w->run * row + j, w->run, w->size,
                          width);
        }
    }
}

/* Rows of a tile are elements of the window along its last axis, `taps` of them. */
static void
run_correlate_each(const struct Family *f, const Walk *w, Place *at, char *totals, npy_intp row, npy_intp taps)
{
    Stretch stretches[STRETCHES];
    Run runs[STRETCHES];
    npy_intp all = w->run * w->size, last = w->axes - 1, spread = taps > 1 ? w->part[1] - w->part[0] : 0;
    Layout t = {runs, 0, spread, w->seen[last], w->other[last], row, 0, 1};
    int count;
    while ((count = take(w, at, stretches, POSITIONS))) {
        t.many = count;
        for (int s = 0; s < count; s++)
            runs[s] = (Run){stretches[s].seen - stretches[0].seen, stretches[s].other - stretches[0].other,
                            stretches[s].many};
        for (npy_intp j = 0, width; j < all; j += width) {
            width = next_columns(f, all, &j, &t.skip);
            Tile *const *tiles = f->each[w->type == NPY_DOUBLE][width > f->bytes];
            for (npy_intp p = 0; p < w->parts; p += taps)
                run_tiles(tiles, f->rows_of_each, &t, stretches[0].seen + w->part[p] + j, stretches[0].other + j,
                          totals + p * row + j, taps, spread, width);
        }
    }
}

static PyObject *
do_correlate(PyObject *const *args, Py_ssize_t count, int each)
{
    Walk w;
    Place at;
    if (count != 3 || !chosen) {
        PyErr_SetString(PyExc_TypeError, "correlate takes three arrays");
        return NULL;
    }
    if (!read_walk(args[0], args[1], each, &w))
        return NULL;
    PyArrayObject *seen = (PyArrayObject *)args[0], *given = (PyArrayObject *)args[1], *totals = (PyArrayObject *)args[2];
    npy_intp columns = PyArray_DIM(given, PyArray_NDIM(given) - 1), taps = PyArray_DIM(seen, PyArray_NDIM(seen) - 2);
    npy_intp rows = each ? w.parts : w.parts * w.run;
    const struct Family *f = family_for(columns * w.size, each);
    int fits = is_plain(args[2], w.type) && PyArray_NDIM(totals) == 2 && PyArray_DIM(totals, 0) == rows &&
               PyArray_DIM(totals, 1) == columns && is_result(totals) && is_side_by_side(totals) &&
               (!each || (columns == w.run && f));
    int failed = fits ? 0 : refuse("what is added to") - 1, raised = 0;
    if (!failed) {
        begin(&w, &at, args[0], args[1]);
        char *to = PyArray_BYTES(totals);
        npy_intp row = PyArray_STRIDE(totals, 0);
        Py_BEGIN_ALLOW_THREADS
        feclearexcept(FE_ALL_EXCEPT);
        if (each)
            run_correlate_each(f, &w, &at, to, row, taps);
        else
            run_correlate(f, &w, &at, to, columns, row);
        raised = fetestexcept(FE_ALL_EXCEPT);
        Py_END_ALLOW_THREADS
        failed = give_errors(raised);
    }
    PyMem_RawFree(w.part);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

/* correlate(seen, given, totals) */
static PyObject *
correlate(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    return do_correlate(args, count, 0);
}

/* correlate_each(seen, given, totals) */
static PyObject *
correlate_each(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    return do_correlate(args, count, 1);
}

/* -- vectors ---------------------------------------------------------------------------------- */

/* vector_bytes(most=64) */
static PyObject *
vector_bytes(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count) {
        npy_intp most = PyLong_AsSsize_t(args[0]);
        if (PyErr_Occurred())
            return NULL;
        for (chosen = families; chosen->bytes; chosen++)
            if (chosen->rows && chosen->bytes <= most && is_supported(chosen))
                break;
        chosen = chosen->bytes ? chosen : NULL;
    }
    return PyLong_FromSsize_t(chosen ? chosen->bytes : 0);
}

static PyMethodDef methods[] = {
    {"convolve", (PyCFunction)(void (*)(void))convolve, METH_FASTCALL,
     "convolve(seen, packed, y)\n--\n\nWrite windows times a kernel."},
    {"convolve_each", (PyCFunction)(void (*)(void))convolve_each, METH_FASTCALL,
     "convolve_each(seen, weights, y)\n--\n\nWrite windows times weights, channel by channel."},
    {"correlate", (PyCFunction)(void (*)(void))correlate, METH_FASTCALL,
     "correlate(seen, given, totals)\n--\n\nAdd sums over positions of windows times what is given."},
    {"correlate_each", (PyCFunction)(void (*)(void))correlate_each, METH_FASTCALL,
     "correlate_each(seen, given, totals)\n--\n\nThe same, channel by channel."},
    {"vector_bytes", (PyCFunction)(void (*)(void))vector_bytes, METH_FASTCALL,
     "vector_bytes(most=None)\n--\n\nThe bytes of a vector, 0 for none; from now on at most so many."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "xgrad.backends._convolutions",
    .m_doc = "Convolutions of real numbers, tile by tile.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__convolutions(void)
{
    import_array();
    import_umath();
#if defined(TILED) && defined(__x86_64__)
    __builtin_cpu_init();
#endif
    PyObject *module = make_module(&definition), *widest = PyLong_FromLong(64);
    PyObject *bytes = widest ? vector_bytes(module, &widest, 1) : NULL;
    Py_XDECREF(widest);
    if (!bytes)
        Py_CLEAR(module);
    Py_XDECREF(bytes);
    return module;
}
