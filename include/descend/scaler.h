/*
 * What a step's gradients are multiplied by: the scale that keeps small ones from vanishing in a 16-bit type, and the
 * coefficient that clips their norm. The caller's floating-point environment applies.
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
 * The dynamic loss scale of torch.cuda.amp.GradScaler, with the fields of its state_dict. In each step:
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
    uint64_t growth_tracker;  /* 0; steps without an infinity since the scale changed; < growth_interval */
} descend_scaler;

descend_scaler descend_scaler_defaults(void);

/*
 * What torch's GradScaler.update() does. After an infinity, the scale is multiplied by backoff_factor and the steps are
 * counted anew; after growth_interval steps without one, it is multiplied by growth_factor. The scale is rounded to
 * float32. Growth that would make it infinite leaves it as it is and starts the next interval. Nothing stops it from
 * below: after infinities in every step for long enough it is 0, as in torch, and the next update is refused.
 *
 * DESCEND_NULL_SCALER, DESCEND_BAD_SCALE, …_GROWTH_FACTOR, …_BACKOFF_FACTOR, …_GROWTH_INTERVAL, …_GROWTH_TRACKER: the
 * scaler is NULL or a field out of its range, and nothing has changed.
 */
descend_status descend_scaler_update(descend_scaler *scaler, bool found_inf);

/* What to multiply gradients of this norm by so that it becomes at most max_norm: that of
 * torch.nn.utils.clip_grad_norm_, min(1, max_norm / (norm + 1e-6)), in double where torch has float32. NaN if either
 * argument is NaN or negative: a NaN in the gradients is not hidden. An infinite norm gives 0, which as
 * descend_pass.grad_scale would mean 1: skip such a step. */
double descend_clip_coefficient(double max_norm, double norm);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
