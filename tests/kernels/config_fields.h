/*
 * Every field of every config, for tests/kernels/config.c: a row for each number, with its range, its status, what
 * becomes of values beyond float32, and its default; then the flags, which are all off by default.
 */
#ifndef DESCEND_TESTS_CONFIG_FIELDS_H
#define DESCEND_TESTS_CONFIG_FIELDS_H

#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/descend.h"

#define BELOW_1 0x1.fffffffffffffp-1
/* FLT_MAX and half a unit in its last place: the least double that rounds to an infinite float32. */
#define OVERFLOWING 0x1.ffffffp127
#define STEP_MAX (UINT64_C(1) << 53)

enum range {
    ANY_FINITE,
    NOT_NEGATIVE,
    SMOOTHING, /* from 0 to below 1 */
    FRACTION,  /* between 0 and 1 */
    ABOVE_ONE,
    IN_ORDER, /* any finite value, if it is in order with another field */
    RANGES
};

enum beyond {
    DIRECT,   /* overflow: its own float32 value enters the elementwise work */
    DERIVED,  /* it depends: tests/kernels/config_derived.h */
    HARMLESS, /* are taken: it only divides, or is an exponent, or is compared with */
};

static const struct field {
    const char *optimizer, *name;
    size_t offset;
    enum range range;
    descend_status error;
    enum beyond beyond;
    double by_default; /* PyTorch 2.x's, where it has the optimizer */
} fields[] = {
#define FIELD(optimizer, name, range, error, beyond, by_default) \
    {#optimizer, #name, offsetof(descend_##optimizer, name), range, DESCEND_BAD_##error, beyond, by_default},
    /* clang-format off */
    FIELD(sgd,        lr,             NOT_NEGATIVE, LR,             DIRECT,   1e-3)
    FIELD(sgd,        momentum,       NOT_NEGATIVE, MOMENTUM,       DIRECT,   0)
    FIELD(sgd,        dampening,      ANY_FINITE,   DAMPENING,      DERIVED,  0)
    FIELD(sgd,        weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DIRECT,   0)
    FIELD(rmsprop,    lr,             NOT_NEGATIVE, LR,             DIRECT,   1e-2)
    FIELD(rmsprop,    alpha,          SMOOTHING,    ALPHA,          DERIVED,  0.99)
    FIELD(rmsprop,    eps,            NOT_NEGATIVE, EPS,            DIRECT,   1e-8)
    FIELD(rmsprop,    weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DIRECT,   0)
    FIELD(rmsprop,    momentum,       NOT_NEGATIVE, MOMENTUM,       DIRECT,   0)
    FIELD(adam,       lr,             NOT_NEGATIVE, LR,             DERIVED,  1e-3)
    FIELD(adam,       beta1,          SMOOTHING,    BETA1,          DERIVED,  0.9)
    FIELD(adam,       beta2,          SMOOTHING,    BETA2,          DERIVED,  0.999)
    FIELD(adam,       eps,            NOT_NEGATIVE, EPS,            DIRECT,   1e-8)
    FIELD(adam,       weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DIRECT,   0)
    FIELD(adamw,      lr,             NOT_NEGATIVE, LR,             DERIVED,  1e-3)
    FIELD(adamw,      beta1,          SMOOTHING,    BETA1,          DERIVED,  0.9)
    FIELD(adamw,      beta2,          SMOOTHING,    BETA2,          DERIVED,  0.999)
    FIELD(adamw,      eps,            NOT_NEGATIVE, EPS,            DIRECT,   1e-8)
    FIELD(adamw,      weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DERIVED,  1e-2)
    FIELD(adagrad,    lr,             NOT_NEGATIVE, LR,             DERIVED,  1e-2)
    FIELD(adagrad,    lr_decay,       NOT_NEGATIVE, LR_DECAY,       HARMLESS, 0)
    FIELD(adagrad,    weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DIRECT,   0)
    FIELD(adagrad,    initial_accumulator_value, NOT_NEGATIVE, INITIAL_ACCUMULATOR_VALUE, DIRECT, 0)
    FIELD(adagrad,    eps,            NOT_NEGATIVE, EPS,            DIRECT,   1e-10)
    FIELD(adadelta,   lr,             NOT_NEGATIVE, LR,             DIRECT,   1)
    FIELD(adadelta,   rho,            SMOOTHING,    RHO,            DERIVED,  0.9)
    FIELD(adadelta,   eps,            NOT_NEGATIVE, EPS,            DIRECT,   1e-6)
    FIELD(adadelta,   weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DIRECT,   0)
    FIELD(adamax,     lr,             NOT_NEGATIVE, LR,             DERIVED,  2e-3)
    FIELD(adamax,     beta1,          SMOOTHING,    BETA1,          DERIVED,  0.9)
    FIELD(adamax,     beta2,          SMOOTHING,    BETA2,          DERIVED,  0.999)
    FIELD(adamax,     eps,            NOT_NEGATIVE, EPS,            DIRECT,   1e-8)
    FIELD(adamax,     weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DIRECT,   0)
    FIELD(nadam,      lr,             NOT_NEGATIVE, LR,             DERIVED,  2e-3)
    FIELD(nadam,      beta1,          SMOOTHING,    BETA1,          DERIVED,  0.9)
    FIELD(nadam,      beta2,          SMOOTHING,    BETA2,          DERIVED,  0.999)
    FIELD(nadam,      eps,            NOT_NEGATIVE, EPS,            DIRECT,   1e-8)
    FIELD(nadam,      weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DERIVED,  0)
    FIELD(nadam,      momentum_decay, NOT_NEGATIVE, MOMENTUM_DECAY, HARMLESS, 4e-3)
    FIELD(radam,      lr,             NOT_NEGATIVE, LR,             DIRECT,   1e-3)
    FIELD(radam,      beta1,          SMOOTHING,    BETA1,          DERIVED,  0.9)
    FIELD(radam,      beta2,          SMOOTHING,    BETA2,          DERIVED,  0.999)
    FIELD(radam,      eps,            NOT_NEGATIVE, EPS,            DIRECT,   1e-8)
    FIELD(radam,      weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DERIVED,  0)
    FIELD(rprop,      lr,             NOT_NEGATIVE, LR,             DIRECT,   1e-2)
    FIELD(rprop,      eta_minus,      FRACTION,     ETA_MINUS,      DERIVED,  0.5)
    FIELD(rprop,      eta_plus,       ABOVE_ONE,    ETA_PLUS,       DIRECT,   1.2)
    FIELD(rprop,      step_size_min,  IN_ORDER,     STEP_SIZE_MIN,  DERIVED,  1e-6)
    FIELD(rprop,      step_size_max,  IN_ORDER,     STEP_SIZE_MAX,  DERIVED,  50)
    FIELD(asgd,       lr,             NOT_NEGATIVE, LR,             DERIVED,  1e-2)
    FIELD(asgd,       lambd,          NOT_NEGATIVE, LAMBD,          DERIVED,  1e-4)
    FIELD(asgd,       alpha,          ANY_FINITE,   ALPHA,          DERIVED,  0.75)
    FIELD(asgd,       t0,             ANY_FINITE,   T0,             HARMLESS, 1e6)
    FIELD(asgd,       weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DIRECT,   0)
    FIELD(lion,       lr,             NOT_NEGATIVE, LR,             DIRECT,   1e-4)
    FIELD(lion,       beta1,          SMOOTHING,    BETA1,          DERIVED,  0.9)
    FIELD(lion,       beta2,          SMOOTHING,    BETA2,          DERIVED,  0.99)
    FIELD(lion,       weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DERIVED,  0)
    FIELD(lamb,       lr,             NOT_NEGATIVE, LR,             DIRECT,   1e-3)
    FIELD(lamb,       beta1,          SMOOTHING,    BETA1,          DERIVED,  0.9)
    FIELD(lamb,       beta2,          SMOOTHING,    BETA2,          DERIVED,  0.999)
    FIELD(lamb,       eps,            NOT_NEGATIVE, EPS,            DIRECT,   1e-6)
    FIELD(lamb,       weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DIRECT,   0)
    FIELD(rmsprop_tf, lr,             NOT_NEGATIVE, LR,             DIRECT,   1e-2)
    FIELD(rmsprop_tf, alpha,          SMOOTHING,    ALPHA,          DERIVED,  0.9)
    FIELD(rmsprop_tf, eps,            NOT_NEGATIVE, EPS,            DIRECT,   1e-10)
    FIELD(rmsprop_tf, weight_decay,   NOT_NEGATIVE, WEIGHT_DECAY,   DIRECT,   0)
    FIELD(rmsprop_tf, momentum,       NOT_NEGATIVE, MOMENTUM,       DIRECT,   0)
/* clang-format on */
#undef FIELD
};

static const struct flag {
    const char *optimizer, *name;
    size_t offset;
} flags[] = {
#define FLAG(optimizer, name) {#optimizer, #name, offsetof(descend_##optimizer, name)},
    /* clang-format off */
    FLAG(sgd, nesterov)                 FLAG(sgd, maximize)
    FLAG(rmsprop, centered)             FLAG(rmsprop, maximize)
    FLAG(adam, amsgrad)                 FLAG(adam, maximize)
    FLAG(adamw, amsgrad)                FLAG(adamw, maximize)
    FLAG(adagrad, maximize)             FLAG(adadelta, maximize)
    FLAG(adamax, maximize)              FLAG(nadam, maximize)
    FLAG(nadam, decoupled_weight_decay) FLAG(radam, decoupled_weight_decay)
    FLAG(radam, maximize)               FLAG(rprop, maximize)
    FLAG(asgd, maximize)                FLAG(lion, maximize)
    FLAG(lamb, maximize)                FLAG(rmsprop_tf, maximize)
/* clang-format on */
#undef FLAG
};

#endif
