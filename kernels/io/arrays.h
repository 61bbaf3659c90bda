/* SPDX-License-Identifier: MIT */
/*
 * How a file has the arrays of an optimizer. The data of an array is a tensor under the array's key. Where the array
 * has a second part, that is another tensor, of 16-bit integers, under the key and a suffix. Where the tensor's dtype
 * does not tell how the array is stored, the metadata does.
 */
#ifndef DESCEND_CHECKPOINT_ARRAYS_H
#define DESCEND_CHECKPOINT_ARRAYS_H

#include "call.h"
#include "keys.h"

struct descend_form {
    enum descend_file_dtype data;
    const char *second;  /* the suffix; NULL: there is no second part */
    const char *storage; /* the text in the metadata; NULL: there is none */
};

static inline struct descend_form descend_form_of(descend_dtype dtype)
{
    static const struct descend_form forms[] = {
        [DESCEND_F32] = {.data = FILE_F32},
        [DESCEND_BF16] = {.data = FILE_BF16},
        [DESCEND_F16] = {.data = FILE_F16},
        [DESCEND_BF16_SPLIT] = {.data = FILE_BF16, .second = ".low", .storage = "bf16_split"},
        [DESCEND_B8] = {.data = FILE_U8, .second = ".base", .storage = "b8"},
        [DESCEND_UB8] = {.data = FILE_U8, .second = ".base", .storage = "ub8"},
    };
    return forms[dtype];
}

/* Whether it is this form of which the metadata has this text; NULL: none. */
static inline bool descend_form_has_storage(const struct descend_form *form, const struct descend_string *text)
{
    return form->storage && text ? descend_string_is(*text, form->storage) : !form->storage && !text;
}

/* The number of integers in the second part of an array of n elements, which may be more than memory holds. */
static inline uint64_t descend_form_second(descend_dtype dtype, uint64_t n)
{
    enum { MULTIPLE = 256 }; /* elements, of which the second part has whole numbers of integers */
    size_t data, of_multiple, of_rest;
    descend_array_size(dtype, MULTIPLE, &data, &of_multiple);
    descend_array_size(dtype, (size_t)(n % MULTIPLE), &data, &of_rest);
    return (n / MULTIPLE * of_multiple + of_rest) / sizeof(int16_t);
}

/* Elements of a larger array: `count` from `first` on, of `whole`. */
struct descend_piece {
    uint64_t first, count, whole;
};

/* The second part of the same elements. They begin where a block of 256 begins. */
static inline struct descend_piece descend_piece_second(descend_dtype dtype, struct descend_piece piece)
{
    return (struct descend_piece){descend_form_second(dtype, piece.first), descend_form_second(dtype, piece.count),
                                  descend_form_second(dtype, piece.whole)};
}

/* An array of an optimizer. */
struct descend_item {
    const char *tensor, *state; /* names; state NULL: the parameter */
    descend_array array;
    size_t n;
    struct descend_form form;
    struct descend_piece piece; /* what the array is of that of the whole tensor */
    bool owned;                 /* false for a scalar state, which each shard has, where another shard has element 0 */
};

/* Where the whole tensor is not given, the array is that of the whole. */
static inline struct descend_piece descend_piece_of(const descend_tensor *tensor, size_t n, bool scalar)
{
    if (tensor->whole == 0)
        return (struct descend_piece){0, n, n};
    return scalar ? (struct descend_piece){0, n, 1} : (struct descend_piece){tensor->first, n, tensor->whole};
}

/* Array number `array` of a tensor: a state, or the parameter where it is DESCEND_STATES. */
static inline struct descend_item descend_item_of(const descend_optimizer *optimizer, size_t tensor, size_t array)
{
    const descend_tensor now = descend_call_tensor(optimizer, tensor, NULL);
    const bool is_param = array == DESCEND_STATES;
    const descend_state *state = is_param ? NULL : descend_kind_state(descend_optimizer_kind(optimizer), array);
    const bool scalar = state && state->scalar;
    struct descend_item item = {
        .tensor = now.name,
        .state = state ? state->name : NULL,
        .array = is_param ? now.param : now.state[array],
        .n = is_param ? now.n : descend_optimizer_state_length(optimizer, tensor, array),
    };
    item.form = descend_form_of(item.array.dtype);
    item.piece = descend_piece_of(&now, item.n, scalar);
    item.owned = !scalar || now.whole == 0 || now.first == 0;
    return item;
}

/* The key of an item, with more before and behind it. */
#define ITEM_KEY(before, item, behind)                                                    \
    KEY(before, (item)->state ? KEY_STATE : "", (item)->tensor, (item)->state ? "." : "", \
        (item)->state ? (item)->state : "", behind)

#endif
