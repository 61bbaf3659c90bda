/* SPDX-License-Identifier: MIT */
#include "call.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

static float memory[(ARRAYS + 2) * CALL_SPACING];

struct call call_of(const struct configuration *configuration)
{
    struct call call = {.configuration = *configuration, .step = 2, .n = CALL_N};
    fill(memory, sizeof memory / sizeof *memory, ORDINARY, 1);
    for (size_t k = 0; k < ARRAYS; k++)
        call.array[k] = memory + (k + 1) * CALL_SPACING;
    for (size_t k = STATE + configuration->arrays; k < ARRAYS; k++)
        *call.array[k] = 0.25f;
    return call;
}

size_t call_arrays(const struct call *call)
{
    return STATE + call->configuration.arrays;
}

bool call_uses(const struct call *call, size_t k)
{
    return k < STATE || call->configuration.used >> (k - STATE) & 1;
}

static descend_status make(const struct call *call)
{
    return call->configuration.step(call->without_config ? NULL : call->configuration.config.room, call->step,
                                    call->array[PARAM], call->array[GRAD], &call->array[STATE], call->n, call->exec);
}

static void check_status(const struct call *call, descend_status status, descend_status expected, const char *context,
                         va_list arguments)
{
    char what[256];
    if (status == expected)
        return;
    vsnprintf(what, sizeof what, context, arguments);
    fail_msg("%s, step %llu, n %zu, %s: %d (%s), not %d (%s)", call->configuration.label,
             (unsigned long long)call->step, call->n, what, (int)status, descend_status_string(status), (int)expected,
             descend_status_string(expected));
}

void assert_accepted(const struct call *call, const char *context, ...)
{
    va_list arguments;
    va_start(arguments, context);
    check_status(call, make(call), DESCEND_OK, context, arguments);
    va_end(arguments);
}

void assert_refused(const struct call *call, descend_status status, const char *context, ...)
{
    static float before[sizeof memory / sizeof *memory];
    memcpy(before, memory, sizeof memory);
    const descend_status returned = make(call);
    va_list arguments;
    va_start(arguments, context);
    check_status(call, returned, status, context, arguments);
    va_end(arguments);
    if (memcmp(before, memory, sizeof memory) == 0)
        return;
    char what[256];
    va_start(arguments, context);
    vsnprintf(what, sizeof what, context, arguments);
    va_end(arguments);
    fail_msg("%s, step %llu, n %zu, %s: refused, but an array changed", call->configuration.label,
             (unsigned long long)call->step, call->n, what);
}
