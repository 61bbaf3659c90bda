/* SPDX-License-Identifier: MIT */
#include "data.h"

#include <stdio.h>

#include "test.h"

void assert_config_equal(const descend_config *a, const descend_config *b)
{
    const char *field = config_difference(a, b);
    if (field)
        fail_msg("configs of %s differ in %s", descend_kind_name(a->kind), field);
}

void assert_same_arrays(const struct configuration *configuration, const struct arrays *a, const struct arrays *b,
                        const char *context, ...)
{
    for (size_t k = 0; k < STATE + configuration->states; k++) {
        const size_t n = array_length(configuration, k, a->n), i = first_difference(a->array[k], b->array[k], n);
        if (i == n)
            continue;
        char where[256];
        va_list arguments;
        va_start(arguments, context);
        vsnprintf(where, sizeof where, context, arguments);
        va_end(arguments);
        fail_msg("%s, %s: %s[%zu] is %a and %a of n %zu", configuration->label, where, array_name(configuration, k), i,
                 (double)a->array[k][i], (double)b->array[k][i], a->n);
    }
}
