"""A cuBLAS of our own for tests without a GPU: the functions that xgrad binds, in plain loops.

Column order, leading dimensions, strides, dtypes and the workspace are taken as NVIDIA documents them;
what NVIDIA's would refuse is refused. `hook` decides whether a product is computed now or only noted,
for a captured stream."""

import ctypes
import functools

import host_kernels

__all__ = ["library"]

_SOURCE = r"""
#include <complex>
#include <vector>

struct Call {
    int ta, tb, m, n, k, kind, lda, ldb, ldc, many;
    long long sa, sb, sc;
    const void *a, *b;
    void* c;
    double alpha, beta;
};
static std::vector<Call> calls;
static void (*hook)(int) = nullptr;
static long long handle = 42;
static void *stream = nullptr, *workspace = nullptr;
static int precision = 0;

template <typename T, typename Sum>
static void multiply(const Call& p) {
    for (int i = 0; i < p.many; ++i) {
        const T* a = (const T*)p.a + i * p.sa;
        const T* b = (const T*)p.b + i * p.sb;
        T* c = (T*)p.c + i * p.sc;
        for (int column = 0; column < p.n; ++column)
            for (int row = 0; row < p.m; ++row) {
                Sum total = 0;
                for (int j = 0; j < p.k; ++j) {
                    const T left = p.ta ? a[j + (long long)row * p.lda] : a[row + (long long)j * p.lda];
                    const T right = p.tb ? b[column + (long long)j * p.ldb] : b[j + (long long)column * p.ldb];
                    total += Sum(left) * Sum(right);
                }
                c[row + (long long)column * p.ldc] = T(Sum(p.alpha) * total);
            }
    }
}

extern "C" void set_hook(void (*chosen)(int)) { hook = chosen; }
extern "C" int last_precision() { return precision; }
extern "C" void perform(int number) {
    const Call p = calls[number];
    switch (p.kind) {
        case 0: return multiply<float, float>(p);
        case 1: return multiply<double, double>(p);
        case 2: return multiply<_Float16, float>(p);
        case 14: return multiply<bfloat16, float>(p);
        case 4: return multiply<std::complex<float>, std::complex<float>>(p);
        case 5: return multiply<std::complex<double>, std::complex<double>>(p);
    }
}
extern "C" int cublasCreate_v2(void** made) { *made = &handle; return 0; }
extern "C" int cublasSetStream_v2(void* h, void* s) {
    stream = s;
    workspace = nullptr;
    return h == &handle ? 0 : 1;
}
extern "C" int cublasSetWorkspace_v2(void* h, void* w, size_t bytes) {
    workspace = bytes >= (4 << 20) ? w : nullptr;
    return h == &handle && stream ? 0 : 1;
}
extern "C" int cublasGemmStridedBatchedEx(
    void* h, int ta, int tb, int m, int n, int k, const void* alpha,
    const void* a, int ka, int lda, long long sa, const void* b, int kb, int ldb, long long sb,
    const void* beta, void* c, int kc, int ldc, long long sc, int many, int computed, int algorithm
) {
    if (h != &handle || !stream || !workspace) return 1;
    if (m < 0 || n < 0 || k < 0 || many < 0 || ta > 1 || tb > 1 || algorithm != -1) return 7;
    if (lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m || ka != kb || kb != kc) return 7;
    const bool wide = kc == 1 || kc == 5;
    if (wide ? (computed != 70 && computed != 71) : (computed < 68 || computed == 70)) return 15;
    if (computed == 77 && kc != 0 && kc != 4) return 15;
    precision = computed;
    const double one = wide ? *(const double*)alpha : *(const float*)alpha;
    const double zero = wide ? *(const double*)beta : *(const float*)beta;
    if (zero != 0) return 15;
    calls.push_back({ta, tb, m, n, k, kc, lda, ldb, ldc, many, sa, sb, sc, a, b, c, one, zero});
    if (hook) hook((int)calls.size() - 1); else perform((int)calls.size() - 1);
    return 0;
}
"""
_HOOK = ctypes.CFUNCTYPE(None, ctypes.c_int)


@functools.cache
def library(start):
    """The library; `start` is given a function for every product, to call now or later."""
    found = host_kernels.library(_SOURCE, host_kernels.PRELUDE)
    hook = _HOOK(lambda number: start(lambda: found.perform(number)))
    found.set_hook(hook)
    found.kept = hook
    return found
