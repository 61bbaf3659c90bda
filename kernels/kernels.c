/* SPDX-License-Identifier: MIT */
/*
 * Every kernel of one ISA, compiled once per ISA with that ISA's flags and DESCEND_VEC naming its vec/ header. The only
 * symbol it exports is the table.
 */
#define DESCEND_INCLUDE_FORMULAS
#include "kernels.h"

#include "cpu.h"
#include "direct.h"
#include "extras.h"
#include "squares.h"
#include "stored.h"
#include "stream.h"

/* A kernel of one set of options, and its entry in a table. adam_stream_1 is Adam's with ADAM_AMSGRAD. */
#define LOOP(name, FIRST, PASS, options)                                            \
    const struct name##_scalars scalars_ = *(const struct name##_scalars *)scalars; \
    const struct stream loop = {                                                    \
        {name##_##FIRST, name##_second}, &scalars_, options, name##_used(options), STREAM_##PASS, *streams};
#define STREAM_KERNEL(options, name, FIRST, PASS)                                                                 \
    static void name##_stream_##options(const void *scalars, const struct descend_streams *streams, size_t begin, \
                                        size_t end)                                                               \
    {                                                                                                             \
        LOOP(name, FIRST, PASS, options)                                                                          \
        stream_bare(&loop, begin, end);                                                                           \
    }                                                                                                             \
    static void name##_extras_##options(const void *scalars, const struct descend_streams *streams, size_t begin, \
                                        size_t end)                                                               \
    {                                                                                                             \
        LOOP(name, FIRST, PASS, options)                                                                          \
        stream_with_extras(&loop, name##_stream_##options, streams, begin, end);                                  \
    }
#define REDUCE_KERNEL(options, name)                                                                              \
    static void name##_reduce_##options(const void *scalars, const struct descend_streams *streams, size_t begin, \
                                        size_t end, struct descend_norm_lanes *lanes)                             \
    {                                                                                                             \
        LOOP(name, first, REDUCE, options)                                                                        \
        stream_reduce(&loop, begin, end, lanes);                                                                  \
    }
#define STREAM_ENTRY(options, name) name##_stream_##options,
#define EXTRAS_ENTRY(options, name) name##_extras_##options,
#define REDUCE_ENTRY(options, name) name##_reduce_##options,

/* X for each set of options. */
// clang-format off
#define EACH_1(X, ...) X(0, __VA_ARGS__)
#define EACH_2(X, ...) EACH_1(X, __VA_ARGS__) X(1, __VA_ARGS__)
#define EACH_4(X, ...) EACH_2(X, __VA_ARGS__) X(2, __VA_ARGS__) X(3, __VA_ARGS__)
#define EACH_8(X, ...) \
    EACH_4(X, __VA_ARGS__) X(4, __VA_ARGS__) X(5, __VA_ARGS__) X(6, __VA_ARGS__) X(7, __VA_ARGS__)
#define EACH_10(X, ...) EACH_8(X, __VA_ARGS__) X(8, __VA_ARGS__) X(9, __VA_ARGS__)

#define TABLES_STREAM(name, option_sets) STREAM_TABLE(name, option_sets, first, ONLY)
#define TABLES_REDUCE_STREAM(name, option_sets) \
    EACH_##option_sets(REDUCE_KERNEL, name) \
    static descend_reduce_kernel *const name##_reduce[] = {EACH_##option_sets(REDUCE_ENTRY, name)}; \
    STREAM_TABLE(name, option_sets, again, AFTER_REDUCE)
#define STREAM_TABLE(name, option_sets, FIRST, PASS) \
    EACH_##option_sets(STREAM_KERNEL, name, FIRST, PASS) \
    static descend_stream_kernel *const name##_stream[] = {EACH_##option_sets(STREAM_ENTRY, name)}; \
    static descend_stream_kernel *const name##_extras[] = {EACH_##option_sets(EXTRAS_ENTRY, name)};
#define TABLES(name, NAME, option_sets, passes) \
    _Static_assert((option_sets) == NAME##_OPTION_SETS, "rules.def: " #name " has another number of option sets"); \
    TABLES_##passes(name, option_sets)
// clang-format on
DESCEND_RULES(TABLES)

static descend_squares squares_kernel(descend_dtype type, const void *array, size_t begin, size_t end)
{
    struct squares_state state = {{0}, {0}};
    struct stored_room room;
    if (type == DESCEND_F32)
        squares_elements(&state, array, begin, end);
    for (size_t i = begin; type != DESCEND_F32 && i < end; i += STORAGE_BLOCK) {
        const size_t count = end - i < STORAGE_BLOCK ? end - i : STORAGE_BLOCK;
        stored_load(type, &room, array, NULL, i, count);
        squares_elements(&state, room.element, 0, count);
    }
    return squares_result(&state);
}

static void load(descend_dtype type, float *to, const void *data, const void *second, size_t i, size_t n)
{
    struct stored_room room;
    if (type == DESCEND_F32)
        memcpy(to, (const float *)data + i, n * sizeof *to);
    for (size_t done = 0, count; type != DESCEND_F32 && done < n; done += count) {
        count = n - done < STORAGE_BLOCK ? n - done : STORAGE_BLOCK;
        stored_load(type, &room, data, second, i + done, count);
        memcpy(to + done, room.element, count * sizeof *to);
    }
}

static void add(descend_dtype type, float *to, const void *data, const void *second, size_t i, size_t n)
{
    struct stored_room room;
    for (size_t done = 0, count; done < n; done += count) {
        const float *from = (const float *)data + i + done;
        count = n - done < STORAGE_BLOCK ? n - done : STORAGE_BLOCK;
        if (type != DESCEND_F32) {
            stored_load(type, &room, data, second, i + done, count);
            from = room.element;
        }
        stored_add(to + done, from, count);
    }
}

static void store(descend_dtype type, void *data, void *second, size_t i, const float *from, size_t n)
{
    static const struct codec_rounding nearest = {.random = false};
    struct stored_room room;
    if (type == DESCEND_F32)
        memcpy((float *)data + i, from, n * sizeof *from);
    for (size_t done = 0, count; type != DESCEND_F32 && done < n; done += count) {
        count = n - done < STORAGE_BLOCK ? n - done : STORAGE_BLOCK;
        memcpy(room.element, from + done, count * sizeof *from);
        stored_store(type, data, second, i + done, count, &room, &nearest);
    }
}

static void subtract(float *to, const float *from, size_t n)
{
    for (size_t i = 0, count; i < n; i += count) {
        count = n - i < VF_LANES ? n - i : VF_LANES;
        stream_store(to, i, vf_sub(stream_load(to, i, count), stream_load(from, i, count)), count);
    }
}

/* The kernels of layouts.def, and their table. */
#define DIRECT_KERNEL(layout, PARAM, GRAD, FIRST, SECOND, name, NAME, options)                                     \
    static void name##_direct_##options##_##layout(const void *scalars, const struct descend_streams *streams,     \
                                                   size_t i)                                                       \
    {                                                                                                              \
        LOOP(name, first, ONLY, options)                                                                           \
        const struct descend_types types = {DESCEND_##PARAM, DESCEND_##GRAD, {DESCEND_##FIRST, DESCEND_##SECOND}}; \
        direct_block(&loop, &types, streams, i);                                                                   \
    }
#define DIRECT_ENTRY(layout, PARAM, GRAD, FIRST, SECOND, name, NAME, options) \
    {DESCEND_##NAME,                                                          \
     options,                                                                 \
     {DESCEND_##PARAM, DESCEND_##GRAD, {DESCEND_##FIRST, DESCEND_##SECOND}},  \
     name##_direct_##options##_##layout},
#define DIRECT_KERNELS(name, NAME, options) DESCEND_LAYOUTS(DIRECT_KERNEL, name, NAME, options)
#define DIRECT_ENTRIES(name, NAME, options) DESCEND_LAYOUTS(DIRECT_ENTRY, name, NAME, options)
DESCEND_DIRECT(DIRECT_KERNELS)
static const struct descend_direct direct_kernels[] = {DESCEND_DIRECT(DIRECT_ENTRIES){.kernel = NULL}};

#define MORE_OF_STREAM(name)
#define MORE_OF_REDUCE_STREAM(name) .reduce = name##_reduce,
#define RULE_KERNELS(name, NAME, option_sets, passes) \
    [DESCEND_##NAME] = {.stream = name##_stream, .extras = name##_extras, MORE_OF_##passes(name)},

#define PASTE(a, b) a##b
#define TABLE(isa) PASTE(descend_kernels_, isa)
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

extern const struct descend_kernels TABLE(VF_ISA);
const struct descend_kernels TABLE(VF_ISA) = {.isa = TEXT(VF_ISA),
                                              .needs = VF_NEEDS,
                                              .rule = {DESCEND_RULES(RULE_KERNELS)},
                                              .squares = squares_kernel,
                                              .stored_update = stored_update,
                                              .stored_reduce = stored_reduce,
                                              .load = load,
                                              .add = add,
                                              .store = store,
                                              .subtract = subtract,
                                              .direct = direct_kernels};
