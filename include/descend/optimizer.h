/*
 * The optimizer object: what torch.optim.Optimizer is to PyTorch, over the kernels of descend.h. It holds tensors
 * (parameter, gradient, state, step count) in groups of equal configuration, and takes a step over all of them in one
 * parallel pass.
 *
 *     descend_optimizer *optimizer;
 *     descend_config config = descend_config_defaults(DESCEND_ADAMW);
 *     status = descend_optimizer_create(&optimizer, &config);                  // group 0
 *     config.adamw.weight_decay = 0;
 *     status = descend_optimizer_group(optimizer, &config, &biases);           // group 1
 *     status = descend_optimizer_add(optimizer, 0, weights, weight_count);
 *     status = descend_optimizer_add(optimizer, biases, others, other_count);
 *     for (…) {                                                                // gradients are in place
 *         status = descend_optimizer_measure(optimizer, NULL, &found);
 *         descend_pass pass = {.grad_scale = descend_clip_coefficient(1.0, found.norm), .zero_grad = true};
 *         if (found.finite)
 *             status = descend_optimizer_step(optimizer, &pass, NULL);
 *     }
 *     descend_optimizer_destroy(optimizer);
 *
 * Parameters and gradients are the caller's. State is allocated by the object, or the caller's where given. The bits
 * are those of the flat functions of descend.h on each tensor: they depend neither on how tensors are grouped or
 * ordered nor on threads, slices or variants.
 *
 * Errors. Every check is made before the first write: a call that returns anything but DESCEND_OK has changed nothing.
 * Functions that are not given an optimizer return DESCEND_NULL_OPTIMIZER. Nothing prints or aborts.
 *
 * Thread safety. One optimizer is used by one thread at a time, except that slices of one call (descend_exec.slices)
 * run at the same time. Different optimizers are independent. Like those of descend.h, these functions leave the
 * caller's floating-point environment alone and are not changed by it.
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

typedef struct descend_optimizer descend_optimizer;

/* Parameters, gradients and state are float32; a copy is bfloat16 or float16. */
typedef struct descend_array {
    void *data;
    descend_dtype dtype;
} descend_array;

enum { DESCEND_STATES = 4 };

/* One tensor. Zero it, then fill in: name, n, param, and what else there is. */
typedef struct descend_tensor {
    const char *name; /* unique in the optimizer, UTF-8, not empty; the key in checkpoints. Copied */
    size_t n;         /* elements; 0 is fine, with any pointers */
    /* Where these elements are a shard of a larger tensor: the index of the first in it, and its length. Sums of
     * squares are then taken in the segments of the whole tensor (docs/numerics.md, rule 7). whole 0: these are all
     * elements. first + n <= whole, or <= 2^53 where whole is 0. */
    uint64_t first, whole;
    uint64_t rows, columns; /* the whole tensor's shape as a matrix, rows * columns elements; both 0: none is given */
    uint64_t step;          /* steps already taken, at most 2^53 */
    descend_array param;
    descend_array grad; /* data NULL: absent. Such a tensor is skipped by step, measure and zero_grad */
    descend_array copy; /* where each step also writes the new parameter, as bfloat16 or float16; data NULL: nowhere */
    /* In the order of the optimizer's step function, then NAdam's mu_product, which has one element. data NULL:
     * allocated by the object where the config uses it. Else the caller's own: with step 0 the first step that uses it
     * gives it its start value, else it is continued. */
    descend_array state[DESCEND_STATES];
    uintptr_t reserved[8]; /* zero; anything else is refused */
} descend_tensor;

/*
 * What one step does in the same pass over memory as the update. All zeros: nothing but the update. In this order, for
 * each element: the gradient is read and multiplied by grad_scale, rounding to float32 (what is in memory stays as it
 * is); the gradient in memory becomes 0; the update; subnormal results become 0; the copy is written, rounded to
 * nearest even, NaN kept. The bits are those of separate passes in that order.
 */
typedef struct descend_pass {
    double grad_scale;     /* >= 0 and finite, also as float32; 0 means 1 */
    bool zero_grad;        /* sets gradients to 0 after use; absent ones stay absent */
    bool flush_subnormals; /* stores parameters and state arrays below 2^-126 as +0: on gradients long 0, Adam
                              would else run up to 2 x slower */
    uintptr_t reserved[8]; /* zero; anything else is refused */
} descend_pass;

/*
 * Creation, with the config of group 0, which also says which kind of optimizer this is; further groups, numbered from
 * 1 on, of the same kind; and a group's config, to read and to replace. A config is checked as the step functions of
 * descend.h do, and copied. Where a new config uses a state that the old one did not (momentum switched on, say) it is
 * allocated here, and starts afresh if it was never used. DESCEND_NULL_CONFIG. DESCEND_BAD_KIND: the config's kind is
 * none. DESCEND_WRONG_OPTIMIZER: it is another than the object's. DESCEND_BAD_GROUP: there is no such group.
 * DESCEND_NO_MEMORY.
 */
descend_status descend_optimizer_create(descend_optimizer **optimizer, const descend_config *config);
descend_status descend_optimizer_group(descend_optimizer *optimizer, const descend_config *config, unsigned *group);
descend_status descend_optimizer_config(const descend_optimizer *optimizer, unsigned group, descend_config *config);
descend_status descend_optimizer_configure(descend_optimizer *optimizer, unsigned group, const descend_config *config);

/* Frees the object and what it allocated. NULL is fine. */
void descend_optimizer_destroy(descend_optimizer *optimizer);

/* Where the object's memory comes from: everything but the object itself and its groups. allocate returns NULL where
 * there is none; alignment is 64, or 2 MiB for large blocks. release gets the same size. */
typedef struct descend_allocator {
    void *(*allocate)(void *context, size_t size, size_t alignment);
    void (*release)(void *context, void *memory, size_t size);
    void *context;
} descend_allocator;

/* Replaces the default: aligned memory of the C library, with huge pages asked for where a block is large. Refused with
 * DESCEND_IN_USE once a tensor has been added. */
descend_status descend_optimizer_set_allocator(descend_optimizer *optimizer, const descend_allocator *allocator);

/*
 * Adds tensors to a group; their numbers go on from the last. State that the object allocates starts at multiples of 64
 * bytes, if large apart modulo 4096 from what else the tensor's update reads, and is first written by the threads that
 * do the first step. Refused: a name that is not good (DESCEND_BAD_NAME) or was given before (DESCEND_DUPLICATE_NAME);
 * an array that shares memory with another, of this tensor or any other (DESCEND_OVERLAP; tied weights are added once);
 * a dtype that an array cannot have (DESCEND_BAD_DTYPE); and as in the step functions NULL, misaligned or too large
 * arrays and step counts.
 */
descend_status descend_optimizer_add(descend_optimizer *optimizer, unsigned group, const descend_tensor *tensors,
                                     size_t count);

/* Where a tensor's gradient is from now on; NULL: absent, so that step and zero_grad leave the tensor and its step
 * count alone, as in PyTorch. Checked against this tensor's other arrays, not against other tensors'. */
descend_status descend_optimizer_set_grad(descend_optimizer *optimizer, size_t tensor, float *grad);

/* A group's learning rate. */
descend_status descend_optimizer_set_lr(descend_optimizer *optimizer, unsigned group, double lr);

/* Sets all gradients to 0; absent ones stay absent. */
descend_status descend_optimizer_zero_grad(descend_optimizer *optimizer, const descend_exec *exec);

/*
 * One step over all tensors whose gradient is not absent, in one parallel region (LAMB: two); their step counts go up
 * by one. pass and exec may be NULL. Nothing is allocated. exec is as for the flat functions, with n the number of all
 * elements. With slices, which LAMB refuses, each of the caller's threads calls this with its slice and otherwise equal
 * arguments; the step is done when all have returned, and nothing else may be called before.
 */
descend_status descend_optimizer_step(descend_optimizer *optimizer, const descend_pass *pass, const descend_exec *exec);

/* Of all gradients together, absent ones apart. */
typedef struct descend_measurement {
    double norm;     /* the 2-norm; NaN or infinite where finite is false */
    double norm_inf; /* the largest magnitude; NaN if a gradient is */
    bool finite;     /* whether every gradient is */
} descend_measurement;

/*
 * Reads all gradients once: 4 bytes of traffic per element, beside 28 for a step of Adam. Reproducible: the same bits
 * on every variant, thread count and slicing (docs/numerics.md, rule 7). For torch's clip_grad_norm_, the next step's
 * grad_scale is min(1, max_norm / (norm + 1e-6)): descend_clip_coefficient of scaler.h. Where finite is false, skip the
 * step: nothing has changed. With slices, all pass the same `measurement`; whichever is last writes it.
 */
descend_status descend_optimizer_measure(descend_optimizer *optimizer, const descend_exec *exec,
                                         descend_measurement *measurement);

/* The kind of optimizer: what it is called, its fields and its states are in config.h. DESCEND_KIND_NONE of NULL. */
descend_kind descend_optimizer_kind(const descend_optimizer *optimizer);

/* How many groups and tensors there are; 0 of NULL. */
unsigned descend_optimizer_group_count(const descend_optimizer *optimizer);
size_t descend_optimizer_tensor_count(const descend_optimizer *optimizer);

/* The elements of a state of a tensor: the tensor's number, but 1 of NAdam's mu_product. 0 where there is none. */
size_t descend_optimizer_state_length(const descend_optimizer *optimizer, size_t tensor, size_t state);

/* A tensor as it is now: name (the object's own copy), steps taken so far, arrays. A state that no step has used yet
 * has data NULL. group may be NULL. DESCEND_BAD_TENSOR: there is no such tensor. */
descend_status descend_optimizer_tensor(const descend_optimizer *optimizer, size_t tensor, descend_tensor *out,
                                        unsigned *group);

/* The number of the tensor of that name; tensor_count where there is none. */
size_t descend_optimizer_find(const descend_optimizer *optimizer, const char *name);

/* An earlier state of an optimizer, for descend_optimizer_restore. Both functions are called several times for the same
 * thing and give the same answer each time. */
typedef struct descend_snapshot {
    /* The config of a group. */
    descend_config (*config)(void *context, unsigned group);
    /* Of a tensor: its step; its states, data NULL where no step had used them; and its param, data NULL to leave the
     * parameter as it is. All else is ignored. */
    descend_tensor (*tensor)(void *context, size_t tensor);
    void *context;
} descend_snapshot;

/* Goes on from there: configs and step counts are replaced, states and parameters copied in; a tensor's 16-bit copy is
 * next written by the next step. Checked and refused as in the functions that set them; DESCEND_NO_MEMORY. */
descend_status descend_optimizer_restore(descend_optimizer *optimizer, const descend_snapshot *snapshot);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
