/* SPDX-License-Identifier: MIT */
/* What each file of rules/ states of its optimizer apart from the library: fields with their ranges and defaults,
 * states, the kind's number. tests/kernels/config.c and kinds.c hold the library to it. */
#ifndef DESCEND_TESTS_EXPECTED_H
#define DESCEND_TESTS_EXPECTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/config.h"

#define BELOW_1 0x1.fffffffffffffp-1
/* FLT_MAX and half a unit in its last place: the least double that rounds to an infinite float32. */
#define OVERFLOWING 0x1.ffffffp127

enum field_range {
    ANY_FINITE,
    NOT_NEGATIVE,
    SMOOTHING, /* from 0 to below 1 */
    FRACTION,  /* between 0 and 1 */
    ABOVE_ONE,
    IN_ORDER, /* any finite value, if it is in order with another field */
    RANGES,
    TRUE_OR_FALSE
};

enum beyond {
    DIRECT,   /* overflow: its own float32 value enters the elementwise work */
    DERIVED,  /* it depends: tests/kernels/config_derived.h */
    HARMLESS, /* are taken: it only divides, or is an exponent, or is compared with */
};

struct expected_field {
    const char *name;
    size_t offset;
    enum field_range range;
    descend_status error;
    enum beyond beyond; /* what values beyond float32's range do */
    double by_default;  /* PyTorch 2.x's, where it has the optimizer */
};
#define FIELD(kind, name, range, error, beyond, by_default)                                   \
    {                                                                                         \
#name, offsetof(descend_##kind, name), range, DESCEND_BAD_##error, beyond, by_default \
    }
#define FLAG(kind, name)                                                                    \
    {                                                                                       \
#name, offsetof(descend_##kind, name), TRUE_OR_FALSE, DESCEND_BAD_FLAG, HARMLESS, 0 \
    }

enum { EXPECTED_FIELDS = 12 };

struct expected {
    int number;            /* the enumerator's, which never changes */
    const char *states[5]; /* in order, ended by NULL; a scalar in brackets: "(mu_product)" */
    /* Words of option sets that torch.optim 1.13.1 does not have, separated by blanks; "all": it has no such optimizer.
     */
    const char *not_in_torch;
    struct expected_field field[EXPECTED_FIELDS]; /* in the order of the config's members; ended by a NULL name */
};

#endif
