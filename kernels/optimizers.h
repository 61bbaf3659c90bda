/*
 * The rows of optimizers.def as C: all formulas, and what they have in common. Include a vec/ header first: the
 * formulas are written over its vectors.
 */
#ifndef DESCEND_OPTIMIZERS_H
#define DESCEND_OPTIMIZERS_H

#include "descend/descend.h"
#include "formulas/power.h"
#include "formulas/scalars.h"

#include "formulas/average.h"
#include "formulas/lead_in.h"
#include "formulas/sign.h"

#include "formulas/adadelta.h"
#include "formulas/adagrad.h"
#include "formulas/adam.h"
#include "formulas/adamax.h"
#include "formulas/adamw.h"
#include "formulas/asgd.h"
#include "formulas/lamb.h"
#include "formulas/lion.h"
#include "formulas/nadam.h"
#include "formulas/radam.h"
#include "formulas/rmsprop.h"
#include "formulas/rmsprop_tf.h"
#include "formulas/rprop.h"
#include "formulas/sgd.h"

#include "optimizers.def"

/* Two functions per optimizer: which state arrays it writes and reads under given options, one bit each in row order.
 * Known when compiling, for constant options. */
#define WRITTEN(name, initial, written, read) mask |= (written) ? bit : 0, bit <<= 1;
#define READ(name, initial, written, read) mask |= (read) ? bit : 0, bit <<= 1;
#define NO_ARRAY(optimizer, name, initial)
#define STATE_MASKS(name, option_sets, phases, STATES, FIELDS) \
    static inline unsigned name##_writes(unsigned options)     \
    {                                                          \
        unsigned mask = 0, bit = 1;                            \
        STATES(WRITTEN, NO_ARRAY)(void) options;               \
        return mask;                                           \
    }                                                          \
    static inline unsigned name##_reads(unsigned options)      \
    {                                                          \
        unsigned mask = 0, bit = 1;                            \
        STATES(READ, NO_ARRAY)(void) options;                  \
        return mask;                                           \
    }
DESCEND_OPTIMIZERS(STATE_MASKS)
#undef STATE_MASKS
#undef NO_ARRAY
#undef READ
#undef WRITTEN

#endif
