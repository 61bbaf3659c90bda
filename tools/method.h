/* The optimizers that the tools train with and measure: one row each. */
#ifndef DESCEND_TOOLS_METHOD_H
#define DESCEND_TOOLS_METHOD_H

#include <stddef.h>
#include <stdint.h>

#include "descend/optimizer.h"

enum { METHODS = 15, METHOD_STATES = 2 };

struct method {
    const char *name;
    double lr;    /* its own learning rate, for descend-train's network and batches of 128 */
    size_t bytes; /* that one step moves per parameter: what it reads, and what it writes */
    /* The optimizer object with descend's defaults but lr. */
    descend_status (*create)(descend_optimizer **optimizer, double lr);
    /* The same as a flat function, to be timed: one step, NAdam's mu_product being that of this step alone. state:
     * METHOD_STATES pointers, of which it uses the first ones. With n = 0 it checks lr, and all pointers may be NULL.
     */
    descend_status (*step)(double lr, uint64_t step, float *param, const float *grad, float *const *state, size_t n,
                           const descend_exec *exec);
};

extern const struct method method_table[METHODS];

/* The row whose name is the first `length` characters of name; NULL if there is none. */
const struct method *method_find(const char *name, size_t length);

#endif
