/*
 * Every kernel of one ISA, compiled once per ISA with that ISA's flags and DESCEND_VEC naming its vec/ header. The only
 * symbol it exports is the table.
 */
#include DESCEND_VEC

#include "cpu.h"
#include "optimizers.h"
#include "squares.h"
#include "stream.h"

#define PHASE_ONE(options) PHASE_ONLY
#define PHASE_TWO(options) ((options)&SECOND_PHASE ? PHASE_SECOND : PHASE_FIRST)
#define KERNEL(options_, name, phases, BODY, LAYOUT, PARAM, GRAD, STATE)                                          \
    static void name##_##LAYOUT##_##BODY##_##options_(const void *scalars, const struct descend_streams *streams, \
                                                      size_t begin, size_t end)                                   \
    {                                                                                                             \
        const struct name##_scalars k = *(const struct name##_scalars *)scalars;                                  \
        const struct stream loop = {BODY_##BODY,                                                                  \
                                    PHASE_##phases(options_),                                                     \
                                    options_,                                                                     \
                                    name##_reads(options_),                                                       \
                                    name##_writes(options_),                                                      \
                                    {ELEMENT_##PARAM, ELEMENT_##GRAD, ELEMENT_##STATE},                           \
                                    *streams};                                                                    \
        stream((struct formula){name##_state, name##_param}, &k, loop, begin, end);                               \
    }
#define ENTRY(options_, name, phases, BODY, LAYOUT, PARAM, GRAD, STATE) name##_##LAYOUT##_##BODY##_##options_,

/* X for each set of option bits */
// clang-format off
#define EACH_1(X, ...) X(0, __VA_ARGS__)
#define EACH_2(X, ...) X(0, __VA_ARGS__) X(1, __VA_ARGS__)
#define EACH_4(X, ...) EACH_2(X, __VA_ARGS__) X(2, __VA_ARGS__) X(3, __VA_ARGS__)
#define EACH_8(X, ...) \
    EACH_4(X, __VA_ARGS__) X(4, __VA_ARGS__) X(5, __VA_ARGS__) X(6, __VA_ARGS__) X(7, __VA_ARGS__)
#define EACH_16(X, ...) \
    EACH_8(X, __VA_ARGS__) \
    X(8, __VA_ARGS__) X(9, __VA_ARGS__) X(10, __VA_ARGS__) X(11, __VA_ARGS__) \
    X(12, __VA_ARGS__) X(13, __VA_ARGS__) X(14, __VA_ARGS__) X(15, __VA_ARGS__)

#define BODY_KERNELS(BODY, LAYOUT, PARAM, GRAD, STATE, name, option_sets, phases) \
    EACH_##option_sets(KERNEL, name, phases, BODY, LAYOUT, PARAM, GRAD, STATE) \
    static descend_kernel *const name##_##LAYOUT##_##BODY[] = { \
        EACH_##option_sets(ENTRY, name, phases, BODY, LAYOUT, PARAM, GRAD, STATE)};
#define LAYOUT_KERNELS(...) BODY_KERNELS(BARE, __VA_ARGS__) BODY_KERNELS(FULL, __VA_ARGS__)
#define OPTIMIZER_KERNELS(name, option_sets, phases, STATES, FIELDS) \
    DESCEND_LAYOUTS(LAYOUT_KERNELS, name, option_sets, phases)
// clang-format on
DESCEND_OPTIMIZERS(OPTIMIZER_KERNELS)

static struct descend_squares squares_kernel(const float *array, size_t begin, size_t end)
{
    return squares(array, begin, end);
}

#define LAYOUT_ENTRY(LAYOUT, PARAM, GRAD, STATE, name) {name##_##LAYOUT##_BARE, name##_##LAYOUT##_FULL},
#define OPTIMIZER_ENTRY(name, option_sets, phases, STATES, FIELDS) {DESCEND_LAYOUTS(LAYOUT_ENTRY, name)},

#define PASTE(a, b) a##b
#define TABLE(isa) PASTE(descend_kernels_, isa)
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

extern const struct descend_kernels TABLE(VF_ISA);
const struct descend_kernels TABLE(VF_ISA) = {
    TEXT(VF_ISA), VF_NEEDS, {DESCEND_OPTIMIZERS(OPTIMIZER_ENTRY)}, squares_kernel};
