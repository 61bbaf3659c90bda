/* SPDX-License-Identifier: MIT */
/* The dynamic loss scale, and the coefficient that clips gradients. */
#include "descend/scaler.h"

#include <math.h>

descend_scaler descend_scaler_defaults(void)
{
    return (descend_scaler){.scale = 0x1p16, .growth_factor = 2, .backoff_factor = 0.5, .growth_interval = 2000};
}

static descend_status check(const descend_scaler *scaler)
{
    if (!scaler)
        return DESCEND_NULL_SCALER;
    if (!(scaler->scale > 0 && isfinite(scaler->scale) && (double)(float)scaler->scale == scaler->scale))
        return DESCEND_BAD_SCALE;
    if (!(scaler->growth_factor > 1 && isfinite(scaler->growth_factor)))
        return DESCEND_BAD_GROWTH_FACTOR;
    if (!(scaler->backoff_factor > 0 && scaler->backoff_factor < 1))
        return DESCEND_BAD_BACKOFF_FACTOR;
    if (scaler->growth_interval == 0)
        return DESCEND_BAD_GROWTH_INTERVAL;
    if (scaler->growth_tracker >= scaler->growth_interval)
        return DESCEND_BAD_GROWTH_TRACKER;
    return DESCEND_OK;
}

descend_status descend_scaler_update(descend_scaler *scaler, bool found_inf)
{
    const descend_status status = check(scaler);
    if (status != DESCEND_OK)
        return status;
    if (found_inf) {
        scaler->scale = (float)(scaler->scale * scaler->backoff_factor);
        scaler->growth_tracker = 0;
    } else if (++scaler->growth_tracker == scaler->growth_interval) {
        const float grown = (float)(scaler->scale * scaler->growth_factor);
        if (isfinite(grown))
            scaler->scale = grown;
        scaler->growth_tracker = 0;
    }
    return DESCEND_OK;
}

double descend_clip_coefficient(double max_norm, double norm)
{
    if (!(max_norm >= 0 && norm >= 0))
        return NAN;
    const double coefficient = max_norm / (norm + 1e-6); /* torch adds the same 1e-6, for a norm of 0 */
    return coefficient > 1 ? 1 : coefficient;            /* inf / inf is NaN, and stays NaN */
}
