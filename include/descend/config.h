/*
 * What the library says of its own optimizers, for programs that choose one by name: which kinds there are, what fields
 * their configs have and what states they keep; a config of any kind, and one step with it.
 *
 *     descend_config config = descend_config_defaults(descend_kind_find("adamw"));
 *     status = descend_config_set(&config, "lr", 3e-4);
 *     status = descend_optimizer_create(&optimizer, &config);                   // optimizer.h
 *
 * Where the kind is known, its config is a member of the same name: config.adamw.lr = 3e-4.
 *
 * Thread safety. Every function may be called from any thread at any time. The caller's floating-point environment
 * neither changes a result nor is changed.
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
    const char *name; /* the member's: "lr" */
    bool flag;
    double minimum, maximum; /* of a number, both allowed. Fields may also restrict each other: see the config's type */
    const char *refusal;     /* says that it is not so: "lr is negative or not finite" */
    descend_status status;   /* what a number outside is refused with */
    size_t offset;           /* in bytes, from the beginning of the kind's config (descend_adam …) */
} descend_field;

/* A state that an optimizer keeps for each tensor. */
typedef struct descend_state {
    const char *name; /* torch's: "exp_avg" */
    bool scalar;      /* one number for a tensor; else one for each of its elements */
} descend_state;

/* The kinds are 1 … descend_kind_count(). */
size_t descend_kind_count(void);
const char *descend_kind_name(descend_kind kind); /* "adamw"; NULL for what is none */
descend_kind descend_kind_find(const char *name); /* DESCEND_KIND_NONE where none has that name, and for NULL */

/* The fields of a kind's config, "lr" first, numbers before flags. NULL where there is no such field; static
 * storage. */
size_t descend_kind_field_count(descend_kind kind);
const descend_field *descend_kind_field(descend_kind kind, size_t field);

/* The states of a kind: its arrays in the order of its step function's arguments, then its scalar, if it has one. NULL
 * where there is no such state; static storage. */
size_t descend_kind_state_count(descend_kind kind);
const descend_state *descend_kind_state(descend_kind kind, size_t state);

/* What descend_adamw_defaults and its like return. All zeros, which every function refuses, for what is no kind. */
descend_config descend_config_defaults(descend_kind kind);

/* Sets or reads a field by its name; flags are 0 or 1. Setting refuses, with nothing changed, what the field's own
 * range does not allow (the field's status; DESCEND_BAD_FLAG for a flag neither 0 nor 1). DESCEND_NULL_CONFIG: a
 * pointer is NULL. DESCEND_BAD_KIND: the config's kind is none. DESCEND_BAD_FIELD: its kind has no field of that
 * name. */
descend_status descend_config_set(descend_config *config, const char *field, double value);
descend_status descend_config_get(const descend_config *config, const char *field, double *value);

/* What a state starts at with this config. NaN where there is no such state. */
float descend_config_initial(const descend_config *config, size_t state);

/* Which states the config uses: bit k for state k. 0 where the config is none. */
unsigned descend_config_states(const descend_config *config);

/* The scalar state through this step, from what it was through the step before (descend_config_initial before step 1).
 * NaN where there is no such state or the config is none. */
float descend_config_advance(const descend_config *config, uint64_t step, float previous);

/*
 * One step of any kind over flat arrays: descend_adam_step and its like, by kind. state has a pointer for each of the
 * kind's states, in their order, and is read during the call only; that of a state which the config does not use is
 * never looked at. The scalar state is what it is through this step, and is only read. state may be NULL where the kind
 * has no state or n is 0. Also refused: DESCEND_BAD_KIND.
 */
descend_status descend_step(const descend_config *config, uint64_t step, float *param, const float *grad,
                            float *const state[], size_t n, const descend_exec *exec);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
