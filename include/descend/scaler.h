/* SPDX-License-Identifier: MIT */
/*
 * Two factors for gradients: the loss scale, which keeps small gradients from vanishing in a 16-bit type, and the
 * coefficient that clips their norm. The functions only use their arguments, so they are as thread-safe as those. The
 * caller's floating-point environment applies.
 */
#ifndef DESCEND_SCALER_H
#define DESCEND_SCALER_H

#include "descend/descend.h"

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A dynamic loss scale as torch.cuda.amp.GradScaler's, with the fields of its state_dict; below, each field's comment
 * begins with its default. In each step:
 *
 *     compute the gradients of the loss times scaler.scale, and divide them by it
 *     found_inf = whether one of them is not finite
 *     if (!found_inf)
 *         status = descend_adam_step(…);
 *     status = descend_scaler_update(&scaler, found_inf);
 *
 * Copy the struct to save it.
 */
typedef struct descend_scaler {
    double scale;             /* 2^16; a float32 value, > 0 and finite */
    double growth_factor;     /* 2; > 1 and finite */
    double backoff_factor;    /* 0.5; > 0 and < 1 */
    uint64_t growth_interval; /* 2000; >= 1 */
    uint64_t growth_tracker;  /* 0; the steps since the last infinity or growth; < growth_interval */
} descend_scaler;

/* The scaler before the first step, with torch's values. */
descend_scaler descend_scaler_defaults(void);

/*
 * Updates the scaler after a step, as torch's GradScaler.update(). After an infinity the scale is multiplied by
 * backoff_factor and growth_tracker is set to 0. After growth_interval steps without an infinity the scale is
 * multiplied by growth_factor. The scale is rounded to float32. If growing would make it infinite, it stays as it is
 * and the next interval begins. There is no lower limit: if every step has an infinity, the scale becomes 0 in the end,
 * as in torch, and the next update is refused.
 *
 * DESCEND_NULL_SCALER, DESCEND_BAD_SCALE, DESCEND_BAD_GROWTH_FACTOR, DESCEND_BAD_BACKOFF_FACTOR,
 * DESCEND_BAD_GROWTH_INTERVAL, DESCEND_BAD_GROWTH_TRACKER: the scaler is NULL or a field is out of its range, and
 * nothing has changed.
 */
descend_status descend_scaler_update(descend_scaler *scaler, bool found_inf);

/* The factor that brings gradients of this norm to a norm of at most max_norm: min(1, max_norm / (norm + 1e-6)), as in
 * torch.nn.utils.clip_grad_norm_, but in double where torch uses float32. NaN if an argument is NaN or negative, so a
 * NaN in the gradients is not hidden: a step refuses NaN as descend_pass.grad_scale. For max_norm 0 and for an infinite
 * norm the factor is 0. An infinite gradient times 0 is NaN, so skip a step where a gradient is not finite. */
double descend_clip_coefficient(double max_norm, double norm);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
