/* SPDX-License-Identifier: MIT */
/*
 * Learning rates as functions of the step, as in torch.optim.lr_scheduler.
 *
 * Steps count from 1, as in the step functions: a schedule gives the lr that torch uses in call number `step` of
 * optimizer.step(), when its last_epoch is step - 1. Nothing is kept between calls, so a resumed run only needs the
 * step, and every function may be called from any thread.
 *
 *     config.lr = descend_schedule_cosine(0.1, 10000, 0, step);
 *     status = descend_adam_step(&config, step, …);
 *
 * Schedules nest. A warm-up can go around any other, as in torch's ChainedScheduler:
 *
 *     config.lr = descend_schedule_warmup(descend_schedule_cosine(0.1, 10000, 0, step), 0.01, 500, step);
 *
 * One schedule can follow another, as in torch's SequentialLR, if the steps of the second are counted from its
 * beginning:
 *
 *     config.lr = step <= 500 ? descend_schedule_warmup(0.1, 0.01, 500, step)
 *                             : descend_schedule_cosine(0.1, 9500, 0, step - 500);
 *
 * Arguments have torch's names. lr, max_lr, eta_min, gamma and power must be >= 0 and finite; factors and pct_start in
 * [0, 1]; divisors > 0 and finite; step and all numbers of steps in 1 … 2^53. Anything else gives NaN, which other
 * schedules pass on and every step function refuses (DESCEND_BAD_LR).
 *
 * Numerics. These are torch's closed forms, in double. By default torch computes each lr from the one before, which
 * adds a few roundings in each step. pow and cos are the C library's, and the caller's floating-point environment
 * applies: other than with a step, bits are equal only with the same C library.
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

/* ConstantLR: lr * factor for total_iters steps, then lr. (A learning rate that never changes needs no function.) */
double descend_schedule_constant(double lr, double factor, uint64_t total_iters, uint64_t step);

/* LinearLR with end_factor 1: linear from lr * start_factor in step 1 to lr in step total_iters + 1; from then on
 * exactly lr. */
double descend_schedule_warmup(double lr, double start_factor, uint64_t total_iters, uint64_t step);

/* CosineAnnealingLR: half a cosine from lr in step 1 to eta_min in step T_max + 1; then, as in torch, up again, with a
 * period of 2 * T_max. To stay at eta_min, do not pass steps above T_max + 1. */
double descend_schedule_cosine(double lr, uint64_t T_max, double eta_min, uint64_t step);

/* StepLR: lr, multiplied by gamma after every step_size steps. */
double descend_schedule_step_decay(double lr, uint64_t step_size, double gamma, uint64_t step);

/* ExponentialLR: lr * gamma^(step - 1). */
double descend_schedule_exponential(double lr, double gamma, uint64_t step);

/* PolynomialLR: lr * (1 - (step - 1) / total_iters)^power; after step total_iters + 1 it stays at the value of that
 * step, which is 0 where power > 0. */
double descend_schedule_polynomial(double lr, uint64_t total_iters, double power, uint64_t step);

/* The options of descend_schedule_one_cycle; each field's comment begins with its default. */
typedef struct descend_one_cycle {
    double pct_start;        /* 0.3; the fraction of the steps in which the rate rises */
    double div_factor;       /* 25; the first rate is max_lr / div_factor */
    double final_div_factor; /* 1e4; the last rate is the first rate / final_div_factor */
    bool linear;             /* false; true: lines instead of half cosines, torch's anneal_strategy "linear" */
    bool three_phase;        /* false; true: falls to the first rate in as many steps as it rose, then on to the last */
} descend_one_cycle;

/* The default options. */
descend_one_cycle descend_one_cycle_defaults(void);

/* OneCycleLR without cycle_momentum: rises to max_lr, which is reached in step pct_start * total_steps, then falls to
 * the last rate in step total_steps. After that it stays there, where torch raises an error. Where pct_start *
 * total_steps is 1, for which torch divides by 0, step 1 has max_lr. options NULL: the defaults. */
double descend_schedule_one_cycle(double max_lr, uint64_t total_steps, const descend_one_cycle *options, uint64_t step);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
