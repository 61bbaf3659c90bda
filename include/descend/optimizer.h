/* SPDX-License-Identifier: MIT */
/*
 * The optimizer object, which corresponds to torch.optim.Optimizer. It holds tensors (parameter, gradient, state, step
 * count) in groups, each with a config of its own, and takes a step over all of them in one parallel pass.
 *
 *     descend_optimizer *optimizer;
 *     descend_config config = descend_config_defaults(DESCEND_ADAMW);
 *     status = descend_optimizer_create(&optimizer, &config);                  // group 0
 *     config.adamw.weight_decay = 0;
 *     status = descend_optimizer_group(optimizer, &config, &biases);           // group 1
 *     status = descend_optimizer_add(optimizer, 0, weights, weight_count);
 *     status = descend_optimizer_add(optimizer, biases, others, other_count);
 *     for (…) {                                                                // gradients have been computed
 *         status = descend_optimizer_measure(optimizer, NULL, &found);
 *         double coefficient = descend_clip_coefficient(1.0, found.norm);
 *         descend_pass pass = {.grad_scale = &coefficient, .zero_grad = true};
 *         if (found.finite)
 *             status = descend_optimizer_step(optimizer, &pass, NULL);
 *     }
 *     descend_optimizer_destroy(optimizer);
 *
 * Parameters and gradients belong to the caller. State is allocated by the object unless the caller gives its own. The
 * results have the bits of the flat functions of descend.h on each tensor; they depend neither on the grouping or order
 * of the tensors nor on threads, slices or variants.
 *
 * Errors. Every check is made before the first write: a call that returns anything but DESCEND_OK has changed nothing,
 * with the exception of DESCEND_UNFINISHED. Where the optimizer is NULL, functions that return a status return
 * DESCEND_NULL_OPTIMIZER. Nothing prints or aborts.
 *
 * Unfinished calls. A call of step, zero_grad or measure is unfinished where one of its slices is never done, where
 * descend_exec.run leaves tasks out (the call itself then returns DESCEND_UNFINISHED), or where an exception leaves the
 * call. From then on all functions that change or save the optimizer return DESCEND_UNFINISHED, until
 * descend_optimizer_restore or descend_optimizer_load replaces its contents, or descend_optimizer_abandon is called.
 *
 * Thread safety. An optimizer may be used by one thread at a time, except that the slices of one call
 * (descend_exec.slices) may run at the same time. Different optimizers are independent. As for the functions of
 * descend.h, the caller's floating-point environment neither affects a result nor is changed.
 */
#ifndef DESCEND_OPTIMIZER_H
#define DESCEND_OPTIMIZER_H

#include "descend/config.h"

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* An optimizer; what it holds is read by functions. */
typedef struct descend_optimizer descend_optimizer;

/*
 * An array and how its elements are stored (docs/storage.md). The arrays of a tensor may have these types; others are
 * refused with DESCEND_BAD_DTYPE:
 *
 *   param    DESCEND_F32, DESCEND_BF16, DESCEND_BF16_SPLIT
 *   grad     DESCEND_F32, DESCEND_BF16, DESCEND_F16
 *   copy     DESCEND_BF16, DESCEND_F16; a copy is allowed only where param is DESCEND_F32
 *   state    DESCEND_F32; where descend_state.smallest is not DESCEND_F32, also DESCEND_BF16 and that type
 *
 * Some types need a second array, of int16_t. DESCEND_BF16_SPLIT: one number for each element, the lower 16 bits of the
 * float32. DESCEND_B8 and DESCEND_UB8: one number for each 256 elements (the last may stand for fewer), their base.
 * Other types do not use second. If second of a DESCEND_BF16_SPLIT parameter is NULL, the object allocates it and sets
 * it to 0: the float32 parameter then equals the bfloat16 in data.
 */
typedef struct descend_array {
    void *data;
    descend_dtype dtype;
    void *second;
} descend_array;

/*
 * store converts n elements from float32 to the dtype of an array, rounded to nearest; load converts them to float32,
 * exactly. Both may be called by many threads at once.
 *
 * DESCEND_NULL_ARRAY, DESCEND_MISALIGNED, DESCEND_OVERLAP, DESCEND_BAD_N and DESCEND_NO_ISA: as in the step functions.
 * DESCEND_NULL_ARRAY also where the dtype needs second and it is NULL. DESCEND_BAD_DTYPE: there is no such dtype.
 */
descend_status descend_array_store(const descend_array *to, size_t n, const float *from);
descend_status descend_array_load(const descend_array *from, size_t n, float *to);

/* The number of bytes that data and second of an array of n elements take, n at most PTRDIFF_MAX / 4. Both are 0 where
 * there is no such dtype. Neither pointer may be NULL. */
void descend_array_size(descend_dtype dtype, size_t n, size_t *data, size_t *second);

/*
 * Adds `count` arrays to an array of float32, for example the gradients of micro-batches: to[i] += from[0][i], then
 * from[1][i] and so on. Each addition is rounded to float32. As long as the order of the arrays is the same, so are the
 * bits, however the arrays are grouped into calls, and with every variant, number of threads and slicing. exec is as in
 * the step functions.
 *
 * The errors are those of descend_array_store, those of exec, and DESCEND_UNFINISHED. The arrays of from may share
 * memory with each other, but not with to.
 */
descend_status descend_array_accumulate(const descend_array *from, size_t count, size_t n, float *to,
                                        const descend_exec *exec);

enum { DESCEND_STATES = 4 }; /* room for the states of a tensor */

/* A tensor. Set all of it to zero, then at least name, n and param. */
typedef struct descend_tensor {
    const char *name; /* UTF-8, not empty, unique in the optimizer; the tensor's key in checkpoints. Copied */
    size_t n;         /* the number of elements; with 0 the pointers do not matter */
    /* For a shard of a larger tensor: the index of its first element in the whole tensor, and the number of elements of
     * the whole tensor. Sums of squares are then taken over the segments of the whole tensor (docs/numerics.md, rule
     * 7). whole 0: not given, and these elements are taken for the whole tensor. first + n <= whole <= 2^53, or
     * first + n <= 2^53 where whole is 0; first is a multiple of 256 where a state is DESCEND_B8 or DESCEND_UB8; else
     * DESCEND_BAD_FIRST. Blocks of 8-bit states are counted from first on: if a shard also ends at a multiple of 256,
     * or at the end of the whole tensor, its bits are those of the whole tensor's step. */
    uint64_t first, whole;
    /* The whole tensor's shape as a matrix of rows * columns elements, else DESCEND_BAD_SHAPE; both 0: not given. */
    uint64_t rows, columns;
    uint64_t step; /* the number of steps already taken, at most 2^53 */
    descend_array param;
    descend_array grad; /* data NULL: absent. step, measure and zero_grad skip such a tensor */
    descend_array copy; /* each step also writes the new parameter here, as bfloat16 or float16; data NULL: no copy */
    /* In the order of descend_kind_state: one element for each of param, or one in all for a scalar state. data NULL:
     * where the config uses the state, the object allocates it with this dtype, and second is ignored. Else this is the
     * caller's array. Its values are kept if step > 0; if step is 0, the first step that uses it writes its start
     * value. */
    descend_array state[DESCEND_STATES];
    uintptr_t reserved[8]; /* zero; anything else is refused with DESCEND_BAD_RESERVED */
} descend_tensor;

/*
 * What a step does in the same pass over memory as the update. NULL and all zeros: only the update. In this order, for
 * each element: the gradient is read and multiplied by grad_scale, with rounding to float32 (in memory it keeps its
 * value); the gradient in memory is set to 0; the update is computed; subnormal results become 0; the copy is written,
 * rounded to nearest even, NaN kept. The results have the bits of separate passes in that order.
 */
typedef struct descend_pass {
    /* NULL: 1. Else the number is >= 0 and finite, also as float32, or DESCEND_BAD_GRAD_SCALE is returned. 0 is a
     * number like others: the gradients count as 0. */
    const double *grad_scale;
    bool zero_grad; /* sets gradients to 0 after use; absent ones stay absent */
    /* Stores elements of parameters and state arrays that are below 2^-126 in magnitude as +0. Without it, where
     * gradients have been 0 for long, subnormal states make Adam up to 2 times slower. */
    bool flush_subnormals;
    uintptr_t reserved[8]; /* zero; anything else is refused with DESCEND_BAD_RESERVED */
} descend_pass;

/*
 * create makes an optimizer of the config's kind, with this config for group 0. group adds a group of the same kind;
 * its number, which counts on from 1, is written to *group unless that is NULL. config reads the config of a group,
 * configure replaces it.
 *
 * A config is checked as in the step functions, and copied. Where a new config uses a state that the old one did not
 * (when momentum is switched on, for example), configure allocates it; if no step has used it, it has its start value.
 *
 * Errors are those of the config's fields (kinds.h), and: DESCEND_NULL_CONFIG. DESCEND_BAD_KIND (create): there is no
 * such kind. DESCEND_WRONG_OPTIMIZER: the config's kind is not the optimizer's. DESCEND_BAD_GROUP: there is no such
 * group. DESCEND_NO_MEMORY.
 */
descend_status descend_optimizer_create(descend_optimizer **optimizer, const descend_config *config);
descend_status descend_optimizer_group(descend_optimizer *optimizer, const descend_config *config, unsigned *group);
descend_status descend_optimizer_config(const descend_optimizer *optimizer, unsigned group, descend_config *config);
descend_status descend_optimizer_configure(descend_optimizer *optimizer, unsigned group, const descend_config *config);

/* Frees the object and all memory that it allocated. NULL is allowed. */
void descend_optimizer_destroy(descend_optimizer *optimizer);

/* An allocator for all memory of an optimizer but the object itself and its groups. allocate returns NULL where there
 * is no memory; alignment is 64, or 2 MiB for large blocks. release is called with the size that was allocated. context
 * is passed to both. */
typedef struct descend_allocator {
    void *(*allocate)(void *context, size_t size, size_t alignment);
    void (*release)(void *context, void *memory, size_t size);
    void *context;
} descend_allocator;

/* Replaces the default allocator, which takes aligned memory from the C library and asks the system for huge pages for
 * large blocks. The allocator is copied. DESCEND_BAD_ALLOCATOR: it or one of its functions is NULL. DESCEND_IN_USE: a
 * tensor has been added. */
descend_status descend_optimizer_set_allocator(descend_optimizer *optimizer, const descend_allocator *allocator);

/*
 * Adds tensors to a group. The tensors of an optimizer are numbered from 0 in the order in which they are added.
 * Whether n tensors are added by one call or by n, it takes time proportional to n log n.
 *
 * States that the object allocates start at multiples of 64 bytes. Large ones are placed so that their addresses differ
 * modulo 4096 from those of the tensor's other arrays, which is faster. The threads of the first step are the first to
 * write them, so that on NUMA machines each page lies near the thread that uses it.
 *
 * DESCEND_BAD_GROUP: there is no such group. DESCEND_BAD_TENSOR: tensors is NULL. DESCEND_BAD_NAME: a name is NULL,
 * empty or not UTF-8. DESCEND_DUPLICATE_NAME: a name was given before. DESCEND_OVERLAP: an array shares memory with
 * another array of any tensor (tied weights are added once). DESCEND_BAD_DTYPE: an array cannot have this element type.
 * DESCEND_BAD_FIRST, DESCEND_BAD_SHAPE, DESCEND_BAD_RESERVED: see descend_tensor. DESCEND_NULL_ARRAY,
 * DESCEND_MISALIGNED, DESCEND_BAD_N and DESCEND_BAD_STEP: as in the step functions, but step may be 0.
 * DESCEND_NO_MEMORY.
 */
descend_status descend_optimizer_add(descend_optimizer *optimizer, unsigned group, const descend_tensor *tensors,
                                     size_t count);

/* Sets the array that a tensor's gradient is read from. Its element type is the one with which the tensor was added.
 * NULL: the gradient is absent; step, measure and zero_grad skip the tensor, whose step count stays as it is, as in
 * PyTorch. DESCEND_BAD_TENSOR: there is no such tensor. DESCEND_MISALIGNED,
 * DESCEND_BAD_N. DESCEND_OVERLAP: grad shares memory with another array of this tensor; other tensors are not
 * checked. */
descend_status descend_optimizer_set_grad(descend_optimizer *optimizer, size_t tensor, void *grad);

/* Sets the seed of the random numbers by which bfloat16 and 8-bit parameters and states are rounded (docs/numerics.md,
 * rule 11). The numbers depend on the seed, the tensor's name, the step and the element only, not on variant, threads
 * or slices. The default is 0. Checkpoints hold the seed. */
descend_status descend_optimizer_set_seed(descend_optimizer *optimizer, uint64_t seed);
uint64_t descend_optimizer_seed(const descend_optimizer *optimizer); /* 0 for NULL */

/* Sets the learning rate of a group. Errors are those of descend_optimizer_configure. */
descend_status descend_optimizer_set_lr(descend_optimizer *optimizer, unsigned group, double lr);

/* Sets all gradients to 0; absent ones stay absent. exec is as in descend_optimizer_step. */
descend_status descend_optimizer_zero_grad(descend_optimizer *optimizer, const descend_exec *exec);

/*
 * Takes one step over all tensors whose gradient is not absent, in one parallel region (LAMB: two), and adds 1 to their
 * step counts. pass and exec may be NULL. Nothing is allocated.
 *
 * exec is as in the step functions over flat arrays, where n is the number of elements of all tensors. With slices
 * there is one call for each slice, whose other arguments are equal; the step is complete when all of them have
 * returned. Until then no other function may be called with this optimizer, and no slice may be called twice. At most
 * 2^30 - 1 slices, else DESCEND_BAD_SLICE.
 *
 * DESCEND_BAD_GRAD_SCALE and DESCEND_BAD_RESERVED: see descend_pass. DESCEND_BAD_STEP: a tensor has taken 2^53 steps.
 * DESCEND_OVERFLOW: a coefficient of a tensor's step overflows float32. DESCEND_NO_SLICES: LAMB with slices. The errors
 * of exec are those of the step functions (kinds.h), and so is DESCEND_NO_ISA.
 */
descend_status descend_optimizer_step(descend_optimizer *optimizer, const descend_pass *pass, const descend_exec *exec);

/* The same for `count` consecutive tensors from number `tensor` on; the others stay as they are, with their step
 * counts. So the tensors whose gradients are there can be stepped while those of others are still computed.
 * DESCEND_BAD_TENSOR: there are not so many tensors. */
descend_status descend_optimizer_step_tensors(descend_optimizer *optimizer, size_t tensor, size_t count,
                                              const descend_pass *pass, const descend_exec *exec);

/* Returns what descend_optimizer_step with these arguments would return, DESCEND_UNFINISHED where a call is unfinished,
 * and changes nothing. For a step that several processes take together or not at all. */
descend_status descend_optimizer_check(descend_optimizer *optimizer, const descend_pass *pass,
                                       const descend_exec *exec);

/* What descend_optimizer_measure finds, over all gradients that are not absent. */
typedef struct descend_measurement {
    double norm;     /* the 2-norm; NaN or infinite where finite is false */
    double norm_inf; /* the largest magnitude; NaN if an element is NaN */
    bool finite;     /* whether every element is finite */
} descend_measurement;

/*
 * Measures all gradients, reading them once: 4 bytes of memory traffic per element, where a step of Adam takes 28. The
 * result has the same bits with every variant, number of threads and slicing (docs/numerics.md, rule 7). To clip as
 * torch's clip_grad_norm_ does, scale the gradients in the next step by min(1, max_norm / (norm + 1e-6)), which
 * descend_clip_coefficient of scaler.h returns. Where finite is false, skip the step: measuring has changed nothing.
 *
 * exec is as in descend_optimizer_step, but LAMB allows slices, too; all slices pass the same measurement, and the last
 * one to finish writes it. DESCEND_NULL_MEASUREMENT: measurement is NULL.
 */
descend_status descend_optimizer_measure(descend_optimizer *optimizer, const descend_exec *exec,
                                         descend_measurement *measurement);

/* What descend_optimizer_squares finds in a segment. */
typedef struct descend_squares {
    double sum; /* of the squares */
    double max; /* the largest magnitude; NaN if an element is NaN */
} descend_squares;

/*
 * A measurement in parts, where several optimizers, in several processes for example, hold shards of the tensors. A
 * whole tensor is divided into segments of descend_segment_length elements, the last of which may be shorter
 * (docs/numerics.md, rule 7). descend_optimizer_squares measures the segments of `count` consecutive tensors from
 * number `tensor` on, and writes what it finds, tensor by tensor, to `segments`, which has room for the sum of their
 * descend_optimizer_segment_count. descend_squares_combine makes the measurement of whole tensors: counts[t] is the
 * number of segments of tensor t. Where all shards begin and end at segments or at ends of whole tensors, it has the
 * bits of descend_optimizer_measure on the whole tensors.
 *
 * An absent gradient counts as 0. exec is as in descend_optimizer_measure. DESCEND_BAD_TENSOR: there are not so many
 * tensors. DESCEND_NULL_MEASUREMENT: segments, counts or measurement is NULL. An unfinished call of
 * descend_optimizer_squares is one of descend_optimizer_measure.
 */
uint64_t descend_segment_length(uint64_t whole); /* for a tensor of so many elements */
size_t descend_optimizer_segment_count(const descend_optimizer *optimizer, size_t tensor); /* 0: no such tensor */
descend_status descend_optimizer_squares(descend_optimizer *optimizer, size_t tensor, size_t count,
                                         const descend_exec *exec, descend_squares *segments);
descend_status descend_squares_combine(const descend_squares *segments, const size_t *counts, size_t tensors,
                                       descend_measurement *measurement);

/* Whether a call of step, zero_grad or measure was begun and not finished. False for NULL. */
bool descend_optimizer_unfinished(const descend_optimizer *optimizer);

/* Lets an optimizer with an unfinished call be used again. None of the call's slices or tasks may still be running. An
 * unfinished zero_grad or measure can simply be called again. After an unfinished step, the step counts are those from
 * before it, but parameters and states are partly those from before it and partly those from after it. Only
 * descend_optimizer_restore and descend_optimizer_load repair that. */
descend_status descend_optimizer_abandon(descend_optimizer *optimizer);

/* The kind of an optimizer, whose name, fields and states config.h gives. DESCEND_KIND_NONE for NULL. */
descend_kind descend_optimizer_kind(const descend_optimizer *optimizer);

/* The numbers of groups and of tensors. 0 for NULL. */
unsigned descend_optimizer_group_count(const descend_optimizer *optimizer);
size_t descend_optimizer_tensor_count(const descend_optimizer *optimizer);

/* The number of elements of a state of a tensor: n, but at most 1 for a scalar state. 0 where there is no such
 * state. */
size_t descend_optimizer_state_length(const descend_optimizer *optimizer, size_t tensor, size_t state);

/* Reads a tensor as it is now: the name is the object's copy, step the number of steps taken so far. A state that no
 * step has used has data NULL; one that a step has used has not, not even with n 0, where it points to nothing. group,
 * where the number of its group is written, may be NULL. DESCEND_BAD_TENSOR: there is no such tensor, or out is NULL.
 */
descend_status descend_optimizer_tensor(const descend_optimizer *optimizer, size_t tensor, descend_tensor *out,
                                        unsigned *group);

/* The number of the tensor of that name, in constant time; descend_optimizer_tensor_count() where there is none. */
size_t descend_optimizer_find(const descend_optimizer *optimizer, const char *name);

/* An earlier state of an optimizer, for descend_optimizer_restore. Set all of it to zero, then at least config and
 * tensor, which are called once for each group and tensor. context is passed to all functions. */
typedef struct descend_snapshot {
    /* The config of a group. */
    descend_config (*config)(void *context, unsigned group);
    /* A tensor: step; state, with data NULL where no step had used a state; and param, with data NULL to keep the
     * parameter as it is now. Arrays have the dtype that they have in the optimizer. All else is ignored. */
    descend_tensor (*tensor)(void *context, size_t tensor);
    /* NULL: arrays are copied from those that tensor returns. Else those are not read; instead this function is called
     * once for each array whose data is not NULL. It writes that state, or the parameter where state is DESCEND_STATES,
     * to the memory of `to`. Anything but DESCEND_OK ends the call of restore, which returns it. */
    descend_status (*read)(void *context, size_t tensor, size_t state, const descend_array *to);
    /* Called after the last call of read, before anything changes; not called where it or read is NULL. Anything but
     * DESCEND_OK ends the call of restore, which returns it. */
    descend_status (*verify)(void *context);
    void *context;
} descend_snapshot;

/*
 * Restores an optimizer with the same kind, groups and tensors: replaces configs and step counts, copies states and
 * parameters, and lets an optimizer with an unfinished call be used again. The 16-bit copy of a parameter is not
 * written before the next step. Configs are checked as in descend_optimizer_configure.
 *
 * Allocates the states that the optimizer does not have yet and, until it returns, a table of the groups and tensors.
 * With read it also allocates, until it returns, room for the parameters and states of the snapshot; but states in the
 * object's own memory that no step has used are read into that memory.
 *
 * DESCEND_NULL_SNAPSHOT: the snapshot, its config or its tensor is NULL. DESCEND_BAD_STEP: a step is above 2^53.
 * DESCEND_BAD_DTYPE: an array has another dtype than in the optimizer. DESCEND_NULL_ARRAY: an array that is to be
 * copied lacks its second part. DESCEND_BAD_MU_PRODUCT: a scalar state is not in [0, 1]. DESCEND_NO_MEMORY. Also what
 * read and verify return.
 */
descend_status descend_optimizer_restore(descend_optimizer *optimizer, const descend_snapshot *snapshot);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
