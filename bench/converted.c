/* SPDX-License-Identifier: MIT */
#include "converted.h"

#include <stdlib.h>

enum { PARAM, GRAD, EXP_AVG, EXP_AVG_SQ };
enum { PAGE = 4096, STEP = 100003 };

bool converted_new(struct converted *converted, const descend_tensor *tensor)
{
    const size_t bytes = (tensor->n * sizeof(float) + PAGE - 1) / PAGE * PAGE + PAGE;
    const descend_array stored[] = {
        [PARAM] = tensor->param, [GRAD] = tensor->grad, [EXP_AVG] = tensor->state[0], [EXP_AVG_SQ] = tensor->state[1]};
    *converted = (struct converted){.n = tensor->n,
                                    .memory = aligned_alloc(PAGE, CONVERTED_ARRAYS * bytes),
                                    .config = descend_config_defaults(DESCEND_ADAMW).adamw};
    if (converted->memory == NULL)
        return false;
    for (size_t k = 0; k < CONVERTED_ARRAYS; k++) {
        /* Starts differ modulo a page from each other, and from multiples of 512, where stored arrays start. */
        void *const scratch = converted->memory + k * bytes + k * (PAGE / CONVERTED_ARRAYS) + 256;
        converted->array[k].stored = stored[k];
        converted->array[k].values = stored[k].dtype == DESCEND_F32 ? stored[k].data : scratch;
    }
    return true;
}

static descend_status load(struct converted *converted)
{
    descend_status status = DESCEND_OK;
    for (size_t k = 0; k < CONVERTED_ARRAYS && status == DESCEND_OK; k++)
        if (converted->array[k].stored.dtype != DESCEND_F32)
            status = descend_array_load(&converted->array[k].stored, converted->n, converted->array[k].values);
    return status;
}

static descend_status store(const struct converted *converted)
{
    descend_status status = DESCEND_OK;
    for (size_t k = 0; k < CONVERTED_ARRAYS && status == DESCEND_OK; k++)
        if (k != GRAD && converted->array[k].stored.dtype != DESCEND_F32)
            status = descend_array_store(&converted->array[k].stored, converted->n, converted->array[k].values);
    return status;
}

descend_status converted_step(struct converted *converted)
{
    const descend_exec serial = {.threads = 1};
    descend_status status = load(converted);
    if (status == DESCEND_OK)
        status = descend_adamw_step(&converted->config, STEP, converted->array[PARAM].values,
                                    converted->array[GRAD].values, converted->array[EXP_AVG].values,
                                    converted->array[EXP_AVG_SQ].values, NULL, converted->n, &serial);
    return status == DESCEND_OK ? store(converted) : status;
}

void converted_free(struct converted *converted)
{
    free(converted->memory);
}
