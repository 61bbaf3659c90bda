/* SPDX-License-Identifier: MIT */
/*
 * Optimizers by name, for programs that offer all of them without code for each: the kinds that the library has, the
 * fields of their configs and the states that they keep; setting and reading a field by its name; and one step with a
 * config of any kind.
 *
 *     descend_config config = descend_config_defaults(descend_kind_find("adamw"));
 *     status = descend_config_set(&config, "lr", 3e-4);
 *     status = descend_optimizer_create(&optimizer, &config);                   // optimizer.h
 *
 * Where the kind is known, its config is the member of the same name: config.adamw.lr = 3e-4.
 *
 * Thread safety. Every function may be called from any thread at any time, as long as no thread writes the same config
 * or array. The caller's floating-point environment neither affects a result nor is changed. Nothing is allocated.
 */
#ifndef DESCEND_CONFIG_H
#define DESCEND_CONFIG_H

#include "descend/descend.h"

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A field of a config: a double, or a bool where flag is true. */
typedef struct descend_field {
    const char *name; /* of the member, "lr" */
    bool flag;
    double minimum, maximum; /* inclusive; 0 and 1 for a flag. Some fields also restrict each other: see kinds.h */
    const char *refusal;     /* the message for a value out of range: "lr is negative or not finite" */
    descend_status status;   /* the status for a value out of range: DESCEND_BAD_LR */
    size_t offset;           /* bytes from the beginning of the kind's config (descend_adam …) */
} descend_field;

/* A state that an optimizer keeps for each tensor. */
typedef struct descend_state {
    const char *name; /* as in torch: "exp_avg" */
    bool scalar;      /* true: one number for the whole tensor; false: one for each of its elements */
    /* The smallest type in which the optimizer object can keep this state. DESCEND_B8 or DESCEND_UB8: it can also be
     * DESCEND_BF16 or DESCEND_F32. DESCEND_F32: it can be nothing else. */
    descend_dtype smallest;
} descend_state;

/* The kinds are numbered 1 … descend_kind_count(). */
size_t descend_kind_count(void);

/* The name of a kind, "adamw"; NULL where there is no such kind. Static storage. */
const char *descend_kind_name(descend_kind kind);

/* The kind of that name; DESCEND_KIND_NONE where there is none, and for NULL. */
descend_kind descend_kind_find(const char *name);

/* The number of fields of a kind's config, and field number 0, 1 …: "lr" first, numbers before flags. 0 and NULL where
 * there is no such kind or field. Static storage. */
size_t descend_kind_field_count(descend_kind kind);
const descend_field *descend_kind_field(descend_kind kind, size_t field);

/* The number of states of a kind, and state number 0, 1 …: the arrays, in the order of the arguments of its step
 * function, then the scalar state, if it has one. 0 and NULL where there is no such kind or state. Static storage. */
size_t descend_kind_state_count(descend_kind kind);
const descend_state *descend_kind_state(descend_kind kind, size_t state);

/* The default config of a kind, as from descend_adamw_defaults and the like. Where there is no such kind it is all
 * zeros, which every function refuses. */
descend_config descend_config_defaults(descend_kind kind);

/* Set and read a field by its name; the value of a flag is 0 or 1. A value out of the field's range is refused with the
 * field's status (DESCEND_BAD_FLAG for a flag), and the config is unchanged. DESCEND_NULL_CONFIG: a pointer is NULL.
 * DESCEND_BAD_KIND: there is no such kind. DESCEND_BAD_FIELD: the kind has no field of that name. */
descend_status descend_config_set(descend_config *config, const char *field, double value);
descend_status descend_config_get(const descend_config *config, const char *field, double *value);

/* The start value of a state with this config. NaN where there is no such state or kind, and for NULL. */
float descend_config_initial(const descend_config *config, size_t state);

/* The states that the config uses: bit k for state number k. 0 where a step would refuse the config, and for NULL. */
unsigned descend_config_states(const descend_config *config);

/* The scalar state after this step, from `previous`, its value after the step before (before step 1 that is
 * descend_config_initial). NaN where the kind has no scalar state or there is no such kind, and for NULL. */
float descend_config_advance(const descend_config *config, uint64_t step, float previous);

/*
 * One step of any kind over flat arrays, as by descend_adam_step and the like. state has one pointer for each state of
 * the kind, in their order, and is read during the call only. Pointers to states that the config does not use are never
 * accessed. A scalar state has its value after this step and is only read. state may be NULL where the kind has no
 * state or n is 0. Errors are those of the step functions (kinds.h), and DESCEND_BAD_KIND where there is no such kind.
 */
descend_status descend_step(const descend_config *config, uint64_t step, float *param, const float *grad,
                            float *const state[], size_t n, const descend_exec *exec);

/*
 * The same step, but the parameters stay as they are: delta, another array of n elements, gets what the step would add
 * to them, which is the new parameter minus param[i], rounded to float32. States are updated. For trainers that add the
 * steps to the parameters themselves. param[i] + delta[i] is the new parameter in every bit where that is between
 * param[i] / 2 and 2 * param[i], because such differences are exact (Sterbenz 1974), and else up to a rounding.
 *
 * Neither delta nor param may overlap another array. Errors are those of descend_step.
 */
descend_status descend_step_delta(const descend_config *config, uint64_t step, const float *param, const float *grad,
                                  float *const state[], float *delta, size_t n, const descend_exec *exec);

/*
 * A step of Adam, AdamW, Adamax, LAMB or AdEMAMix for trainers that know the bias corrections, but not the number of
 * the step. bias_correction1 is 1 - beta1^step and bias_correction2 is 1 - beta2^step, or each is another number in
 * [2^-53, 1]; 1 is no correction. Adamax does not use the second. In AdEMAMix both warm-ups count as completed. A beta
 * of the config may also be 1, and then leaves its average as it is where gradients are finite (but Adamax's exp_inf is
 * a maximum, and grows): set it in the config's member, because descend_config_set refuses it.
 *
 * All else is as in descend_step. Coefficients are computed from the corrections in double and rounded to float32 once
 * (docs/numerics.md, rules 1 and 9): with corrections that pow gave in double, the bits are those of descend_step. With
 * corrections that were computed in float32, coefficients differ by a rounding of float32, and the parameters too.
 *
 * DESCEND_NEEDS_STEP: the config is of another kind. DESCEND_BAD_BIAS_CORRECTION: a correction is not in [2^-53, 1].
 */
descend_status descend_step_corrected(const descend_config *config, double bias_correction1, double bias_correction2,
                                      float *param, const float *grad, float *const state[], size_t n,
                                      const descend_exec *exec);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
