/*
 * Learning rates as functions of the step, those of torch.optim.lr_scheduler.
 *
 * Steps count from 1, as in the step functions: a schedule gives the lr that torch uses in its step-th
 * optimizer.step(), when torch's last_epoch is step - 1. Nothing is kept between calls, so a resumed run needs the step
 * and no more.
 *
 *     config.lr = descend_schedule_cosine(0.1, 10000, 0, step);
 *     status = descend_adam_step(&config, step, …);
 *
 * They nest. A warm-up goes around any of them, as in torch's ChainedScheduler:
 *
 *     config.lr = descend_schedule_warmup(descend_schedule_cosine(0.1, 10000, 0, step), 0.01, 500, step);
 *
 * To let one follow another, as in torch's SequentialLR, count the second one's steps from where it begins:
 *
 *     config.lr = step <= 500 ? descend_schedule_warmup(0.1, 0.01, 500, step)
 *                             : descend_schedule_cosine(0.1, 9500, 0, step - 500);
 *
 * Parameters have torch's names. lr, max_lr, eta_min, gamma and power are >= 0 and finite; factors and pct_start are in
 * [0, 1]; divisors are > 0 and finite; step and all numbers of steps are in 1 … 2^53. Anything else gives NaN, which
 * every schedule around it hands on and every step function refuses (DESCEND_BAD_LR).
 *
 * Numerics. These are torch's closed forms, in double. By default torch computes each lr from the last one, which adds
 * a few roundings a step. pow and cos are the C library's and the caller's floating-point environment applies: unlike a
 * step's, these bits are promised for one C library only.
 */
#ifndef DESCEND_SCHEDULE_H
#define DESCEND_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* lr * factor for total_iters steps, then lr. ConstantLR. (An lr that never changes needs no function.) */
double descend_schedule_constant(double lr, double factor, uint64_t total_iters, uint64_t step);

/* From lr * start_factor in step 1 along a line to lr in step total_iters + 1, then lr itself, bit for bit. LinearLR
 * with end_factor 1. */
double descend_schedule_warmup(double lr, double start_factor, uint64_t total_iters, uint64_t step);

/* From lr in step 1 along half a cosine to eta_min in step T_max + 1. Then, as in torch, up again: the period is
 * 2 * T_max. To stay at eta_min, stop counting at step T_max + 1. CosineAnnealingLR. */
double descend_schedule_cosine(double lr, uint64_t T_max, double eta_min, uint64_t step);

/* lr, times gamma after every step_size steps. StepLR. */
double descend_schedule_step_decay(double lr, uint64_t step_size, double gamma, uint64_t step);

/* lr * gamma^(step - 1). ExponentialLR. */
double descend_schedule_exponential(double lr, double gamma, uint64_t step);

/* lr * (1 - (step - 1) / total_iters)^power; from step total_iters + 1 on, what that is at its end: 0, with a power
 * above 0. PolynomialLR. */
double descend_schedule_polynomial(double lr, uint64_t total_iters, double power, uint64_t step);

typedef struct descend_one_cycle {
    double pct_start;        /* 0.3; the share of the steps in which the rate rises */
    double div_factor;       /* 25; the first rate is max_lr / div_factor */
    double final_div_factor; /* 1e4; the last rate is the first one / final_div_factor */
    bool linear;             /* false; along lines rather than half cosines: anneal_strategy "linear" */
    bool three_phase;        /* false; fall as long as it rose, to the first rate, then on to the last one */
} descend_one_cycle;

descend_one_cycle descend_one_cycle_defaults(void);

/* Up to max_lr, which is reached in step pct_start * total_steps, then down to the last rate in step total_steps. It
 * stays there; torch raises an error. Where pct_start * total_steps is 1, on which torch divides by 0, step 1 has
 * max_lr. options NULL: the defaults. OneCycleLR, without its cycle_momentum. */
double descend_schedule_one_cycle(double max_lr, uint64_t total_steps, const descend_one_cycle *options, uint64_t step);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
