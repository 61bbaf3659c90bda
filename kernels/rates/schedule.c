/* SPDX-License-Identifier: MIT */
/* Learning rates as functions of the step. */
#include "descend/schedule.h"

#include <math.h>

/* C11 does not define M_PI. */
#define PI 0x1.921fb54442d18p1

/* Up to 2^53 a double holds every number of steps exactly. */
static bool is_count(uint64_t count)
{
    return count >= 1 && count <= UINT64_C(1) << 53;
}

static bool is_rate(double x)
{
    return x >= 0 && isfinite(x);
}

static bool is_fraction(double x)
{
    return x >= 0 && x <= 1;
}

static bool is_divisor(double x)
{
    return x > 0 && isfinite(x);
}

/* Interpolates between start (fraction 0) and end (fraction 1), along a line or half a cosine. */
static double anneal(double start, double end, double fraction, bool linear)
{
    if (linear)
        return (end - start) * fraction + start;
    return end + (start - end) / 2 * (cos(PI * fraction) + 1);
}

double descend_schedule_constant(double lr, double factor, uint64_t total_iters, uint64_t step)
{
    if (!is_rate(lr) || !is_fraction(factor) || !is_count(total_iters) || !is_count(step))
        return NAN;
    return step <= total_iters ? lr * factor : lr;
}

double descend_schedule_warmup(double lr, double start_factor, uint64_t total_iters, uint64_t step)
{
    if (!is_rate(lr) || !is_fraction(start_factor) || !is_count(total_iters) || !is_count(step))
        return NAN;
    if (step > total_iters)
        return lr;
    return lr * (start_factor + (1 - start_factor) * (double)(step - 1) / (double)total_iters);
}

double descend_schedule_cosine(double lr, uint64_t T_max, double eta_min, uint64_t step)
{
    if (!is_rate(lr) || !is_count(T_max) || !is_rate(eta_min) || !is_count(step))
        return NAN;
    /* The step is reduced to the first half period in integers: a large angle in double would have lost digits. */
    uint64_t elapsed = (step - 1) % (2 * T_max);
    if (elapsed > T_max)
        elapsed = 2 * T_max - elapsed;
    return anneal(lr, eta_min, (double)elapsed / (double)T_max, false);
}

double descend_schedule_step_decay(double lr, uint64_t step_size, double gamma, uint64_t step)
{
    if (!is_rate(lr) || !is_count(step_size) || !is_rate(gamma) || !is_count(step))
        return NAN;
    const uint64_t decays = (step - 1) / step_size;
    return lr * pow(gamma, (double)decays);
}

double descend_schedule_exponential(double lr, double gamma, uint64_t step)
{
    return descend_schedule_step_decay(lr, 1, gamma, step);
}

double descend_schedule_polynomial(double lr, uint64_t total_iters, double power, uint64_t step)
{
    if (!is_rate(lr) || !is_count(total_iters) || !is_rate(power) || !is_count(step))
        return NAN;
    const uint64_t elapsed = step <= total_iters ? step - 1 : total_iters;
    return lr * pow(1 - (double)elapsed / (double)total_iters, power);
}

descend_one_cycle descend_one_cycle_defaults(void)
{
    return (descend_one_cycle){.pct_start = 0.3, .div_factor = 25, .final_div_factor = 1e4};
}

/* The rate at the time elapsed, in a phase from the rate `from` at time begin to the rate `to` at time end. A phase
 * without length gives `to`. */
static double one_cycle_phase(const descend_one_cycle *options, double from, double to, double begin, double end,
                              double elapsed)
{
    return anneal(from, to, begin == end ? 1 : (elapsed - begin) / (end - begin), options->linear);
}

double descend_schedule_one_cycle(double max_lr, uint64_t total_steps, const descend_one_cycle *options, uint64_t step)
{
    const descend_one_cycle defaults = descend_one_cycle_defaults();
    options = options ? options : &defaults;
    if (!is_rate(max_lr) || !is_count(total_steps) || !is_fraction(options->pct_start) ||
        !is_divisor(options->div_factor) || !is_divisor(options->final_div_factor) || !is_count(step))
        return NAN;

    const double first_lr = max_lr / options->div_factor, last_lr = first_lr / options->final_div_factor;
    const double steps = (double)total_steps, last = steps - 1;
    /* The times at which the rate reaches its peak and, with three phases, is back at the first rate. They may lie
     * between two steps. */
    const double peak = options->pct_start * steps - 1, back = 2 * options->pct_start * steps - 2;
    const double elapsed = step < total_steps ? (double)(step - 1) : last;
    if (elapsed <= peak)
        return one_cycle_phase(options, first_lr, max_lr, 0, peak, elapsed);
    if (!options->three_phase)
        return one_cycle_phase(options, max_lr, last_lr, peak, last, elapsed);
    if (elapsed <= back)
        return one_cycle_phase(options, max_lr, first_lr, peak, back, elapsed);
    return one_cycle_phase(options, first_lr, last_lr, back, last, elapsed);
}
