/* What compilers are told about loops over elements. */

#ifndef XGRAD_VECTORS_H
#define XGRAD_VECTORS_H

/* Compile more than once where the system can choose: with the wider vectors that most processors have, and
with the widest, where products and sums are the most of a loop. */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__has_attribute)
#if __has_attribute(target_clones)
#define WIDE __attribute__((target_clones("avx2", "default")))
#define WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#endif
#ifndef WIDE
#define WIDE
#define WIDEST
#endif

/* The operands may be the result itself, element by element, but do not overlap it otherwise. */
#if defined(__GNUC__) && !defined(__clang__)
#define ELEMENT_BY_ELEMENT _Pragma("GCC ivdep")
#elif defined(__clang__)
#define ELEMENT_BY_ELEMENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define ELEMENT_BY_ELEMENT
#endif

#endif
