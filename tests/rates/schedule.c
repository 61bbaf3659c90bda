/* SPDX-License-Identifier: MIT */
/* The learning rates are those of torch.optim.lr_scheduler 1.13.1, within a derived bound, and have no gaps. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "descend/descend.h"
#include "descend/schedule.h"
#include "test.h"

#define PI 3.14159265358979323846

/* Half a unit in the last place of 1: what one rounding may change, relatively. */
#define U (DBL_EPSILON / 2)

enum { PARAMETERS = 7 };

struct golden_case {
    const char *schedule;
    double p[PARAMETERS]; /* lr, then the others in the order of its function */
    struct golden_sample {
        uint64_t step;
        double chained; /* the rate that torch uses */
        double closed;  /* its closed form; NaN where it has none */
    } sample[24];
};
#include "golden/schedules.inc"

_Static_assert(GOLDEN_SAMPLES == COUNT(golden->sample), "the samples of make_schedules.py");

static double constant(const double *p, uint64_t step)
{
    return descend_schedule_constant(p[0], p[1], (uint64_t)p[2], step);
}

static double warmup(const double *p, uint64_t step)
{
    return descend_schedule_warmup(p[0], p[1], (uint64_t)p[2], step);
}

static double cosine(const double *p, uint64_t step)
{
    return descend_schedule_cosine(p[0], (uint64_t)p[1], p[2], step);
}

static double step_decay(const double *p, uint64_t step)
{
    return descend_schedule_step_decay(p[0], (uint64_t)p[1], p[2], step);
}

static double exponential(const double *p, uint64_t step)
{
    return descend_schedule_exponential(p[0], p[1], step);
}

static double polynomial(const double *p, uint64_t step)
{
    return descend_schedule_polynomial(p[0], (uint64_t)p[1], p[2], step);
}

static double one_cycle(const double *p, uint64_t step)
{
    const descend_one_cycle options = {p[2], p[3], p[4], p[5] != 0, p[6] != 0};
    return descend_schedule_one_cycle(p[0], (uint64_t)p[1], &options, step);
}

/* torch: SequentialLR. */
static double warmup_then_cosine(const double *p, uint64_t step)
{
    const uint64_t first = (uint64_t)p[2];
    return step <= first ? descend_schedule_warmup(p[0], p[1], first, step)
                         : descend_schedule_cosine(p[0], (uint64_t)p[3], p[4], step - first);
}

/* ChainedScheduler: lr, the warm-up's parameters, the other's. */
static double warmup_of(double (*rate)(const double *p, uint64_t step), const double *p, uint64_t step)
{
    const double inner[] = {p[0], p[3], p[4]};
    return descend_schedule_warmup(rate(inner, step), p[1], (uint64_t)p[2], step);
}

#define WARMUP_OF(inner)                                            \
    static double warmup_of_##inner(const double *p, uint64_t step) \
    {                                                               \
        return warmup_of(inner, p, step);                           \
    }
WARMUP_OF(constant)
WARMUP_OF(cosine)
WARMUP_OF(step_decay)
WARMUP_OF(exponential)
WARMUP_OF(polynomial)
#undef WARMUP_OF

static const struct schedule {
    const char *name;
    double (*rate)(const double *p, uint64_t step);
    int period;   /* which parameter is T_max; eta_min follows. 0: there is none */
    bool between; /* goes from one rate to another: it is off in proportion to these, not to where it is between them */
    const char *ranges; /* of the parameters: r(ate), s(hare), d(ivisor), n(umber of steps); a sequence has none, since
                         * it looks at the parameters of one part in each step */
} schedules[] = {
    {"constant", constant, 0, false, "rsn"},
    {"warmup", warmup, 0, false, "rsn"},
    {"cosine", cosine, 1, true, "rnr"},
    {"step_decay", step_decay, 0, false, "rnr"},
    {"exponential", exponential, 0, false, "rr"},
    {"polynomial", polynomial, 0, false, "rnr"},
    {"one_cycle", one_cycle, 0, true, "rnsdd"},
    {"warmup_then_cosine", warmup_then_cosine, 3, true, ""},
    {"warmup_of_constant", warmup_of_constant, 0, false, "rsnsn"},
    {"warmup_of_cosine", warmup_of_cosine, 3, true, "rsnnr"},
    {"warmup_of_step_decay", warmup_of_step_decay, 0, false, "rsnnr"},
    {"warmup_of_exponential", warmup_of_exponential, 0, false, "rsnr"},
    {"warmup_of_polynomial", warmup_of_polynomial, 0, false, "rsnnr"},
};

static const struct schedule *schedule_of(const struct golden_case *c)
{
    for (size_t s = 0; s < COUNT(schedules); s++)
        if (strcmp(c->schedule, schedules[s].name) == 0)
            return &schedules[s];
    fail_msg("\"%s\" is golden, but no schedule", c->schedule);
    return NULL;
}

/* What the bounds below are in proportion to. */
static double magnitude(const struct schedule *schedule, const double *p, double rate)
{
    if (!schedule->between)
        return rate;
    return schedule->period ? p[0] + p[schedule->period + 1] : p[0];
}

/*
 * Closed forms. pow and cos are within one unit in the last place, that is 2 U, on either side; the other operations
 * within U each: at most 6 U a side. (1 - t / T is computed alike on both.) torch's angle pi * t / T has two roundings
 * and pi's own error, together 7.4 U * t / T; a sine and half the difference of the rates make 4 U * t / T of it. Ours
 * is below pi: the same with t / T at 1.
 */
static double closed_bound(const struct schedule *schedule, const double *p, uint64_t step, double rate)
{
    const double periods = schedule->period ? (double)step / p[schedule->period] + 1 : 0;
    return (12 + 4 * periods) * U * magnitude(schedule, p, rate);
}

/*
 * torch computes each rate from the last one. What that adds in a step: the warm-up's factor 1 + a / b is off by 6 U
 * and multiplies, 7 U; so does the polynomial's, (r_t / r_(t-1))^power with the same r's in the next step, power + 3;
 * the cosine's also, and eta_min is taken away before and added after, 4 U. Two schedules: 14 U.
 *
 * Beyond T_max the cosine starts from (lr - eta_min) * (1 - cos(pi / T_max)) / 2 above eta_min and multiplies that up
 * to lr - eta_min. What it is off by grows with it.
 */
static double chained_bound(const struct schedule *schedule, const double *p, uint64_t step, double rate)
{
    const double period = schedule->period ? p[schedule->period] : INFINITY;
    const double growth = (double)step > period + 1 ? 2 / (1 - cos(PI / period)) : 1;
    return closed_bound(schedule, p, step, rate) + 14 * U * (double)step * magnitude(schedule, p, rate) * growth;
}

static void check_rate(const struct golden_case *c, uint64_t step, double rate, double expected, double bound)
{
    if (!(fabs(rate - expected) <= bound))
        fail_msg("%s of lr %g, %g, %g …, step %" PRIu64 ": %a, torch's is %a", c->schedule, c->p[0], c->p[1], c->p[2],
                 step, rate, expected);
}

static void rates_are_those_of_torch(void **state)
{
    (void)state;
    bool checked[COUNT(schedules)] = {false};
    for (size_t i = 0; i < COUNT(golden); i++) {
        const struct golden_case *c = &golden[i];
        const struct schedule *schedule = schedule_of(c);
        for (const struct golden_sample *sample = c->sample; sample < c->sample + GOLDEN_SAMPLES; sample++) {
            const double rate = schedule->rate(c->p, sample->step);
            check_rate(c, sample->step, rate, sample->chained,
                       chained_bound(schedule, c->p, sample->step, sample->chained));
            if (!isnan(sample->closed))
                check_rate(c, sample->step, rate, sample->closed,
                           closed_bound(schedule, c->p, sample->step, sample->closed));
        }
        checked[schedule - schedules] = true;
    }
    for (size_t s = 0; s < COUNT(schedules); s++)
        if (!checked[s])
            fail_msg("%s is not golden", schedules[s].name);
}

static void assert_near(double actual, double expected)
{
    if (!(fabs(actual - expected) <= 8 * U * fabs(expected))) /* two products and two sums on either side */
        fail_msg("%a is not %a", actual, expected);
}

/* The rate rises, or falls, from each step to the next. */
static void assert_monotone(double (*rate)(const double *p, uint64_t step), const double *p, uint64_t from, uint64_t to,
                            int direction)
{
    for (uint64_t step = from; step < to; step++) {
        const double before = rate(p, step), after = rate(p, step + 1);
        if (!(direction * (after - before) > 0))
            fail_msg("step %" PRIu64 " has %a, the next %a", step, before, after);
    }
}

static void phases_meet(void **state)
{
    (void)state;
    assert_true(descend_schedule_constant(0.3, 0.5, 10, 1) == 0.15);
    assert_true(descend_schedule_constant(0.3, 0.5, 10, 10) == 0.15);
    assert_true(descend_schedule_constant(0.3, 0.1, 10, 11) == 0.3);

    const double rise[] = {0.3, 0.1, 1000};
    assert_near(warmup(rise, 1), 0.03);
    assert_near(warmup(rise, 501), 0.3 * 0.55);
    assert_near(warmup(rise, 1000), 0.3 - 0.27 / 1000);
    assert_true(warmup(rise, 1001) == 0.3 && warmup(rise, 1002) == 0.3 && warmup(rise, STEP_MAX) == 0.3);
    assert_monotone(warmup, rise, 1, 1001, +1);

    const double wave[] = {0.3, 1000, 0.01};
    assert_near(cosine(wave, 1), 0.3);
    assert_near(cosine(wave, 501), 0.155);
    assert_true(cosine(wave, 1001) == 0.01);
    assert_near(cosine(wave, 2001), 0.3);
    assert_monotone(cosine, wave, 1, 1001, -1);
    assert_monotone(cosine, wave, 1001, 2001, +1);
    for (uint64_t step = 1; step <= 2000; step++) {
        assert_true(cosine(wave, step) == cosine(wave, 2002 - step));
        assert_true(cosine(wave, step) == cosine(wave, step + 2000 * (STEP_MAX / 3000)));
    }

    const double fall[] = {0.3, 1000, 1.5};
    assert_true(polynomial(fall, 1) == 0.3);
    assert_true(polynomial(fall, 1001) == 0 && polynomial(fall, 1002) == 0 && polynomial(fall, STEP_MAX) == 0);
    assert_monotone(polynomial, fall, 1, 1001, -1);
    const double flat[] = {0.3, 1000, 0};
    assert_true(polynomial(flat, 1) == 0.3 && polynomial(flat, 1001) == 0.3 && polynomial(flat, STEP_MAX) == 0.3);

    const double stairs[] = {0.3, 10, 0.5};
    assert_true(step_decay(stairs, 1) == 0.3 && step_decay(stairs, 10) == 0.3);
    assert_true(step_decay(stairs, 11) == 0.15 && step_decay(stairs, 20) == 0.15 && step_decay(stairs, 21) == 0.075);
    const double decay[] = {0.3, 0.99};
    assert_true(exponential(decay, 1) == 0.3);
    assert_monotone(exponential, decay, 1, 2000, -1);
}

static void one_cycle_phases_meet(void **state)
{
    (void)state;
    for (int linear = 0; linear <= 1; linear++) {
        /* Peaks that are steps: 250 of 1000; with three phases, back in step 499. */
        const double two[] = {0.3, 1000, 0.25, 30, 10, linear, 0}, three[] = {0.3, 1000, 0.25, 30, 10, linear, 1};
        assert_near(one_cycle(two, 1), 0.01);
        assert_true(one_cycle(two, 250) == 0.3);
        assert_near(one_cycle(two, 1000), 0.001);
        assert_monotone(one_cycle, two, 1, 250, +1);
        assert_monotone(one_cycle, two, 250, 1000, -1);
        assert_near(one_cycle(three, 1), 0.01);
        assert_true(one_cycle(three, 250) == 0.3);
        assert_near(one_cycle(three, 499), 0.01);
        assert_near(one_cycle(three, 1000), 0.001);
        assert_monotone(one_cycle, three, 1, 250, +1);
        assert_monotone(one_cycle, three, 250, 1000, -1);
        assert_true(one_cycle(two, 1001) == one_cycle(two, 1000) && one_cycle(two, STEP_MAX) == one_cycle(two, 1000));
        assert_true(one_cycle(three, 1001) == one_cycle(three, 1000));
        assert_true(one_cycle(three, STEP_MAX) == one_cycle(three, 1000));

        const double at_once[] = {0.3, 10, 0.1, 30, 10, linear, 0}, at_once_three[] = {0.3, 10, 0.1, 30, 10, linear, 1};
        assert_true(one_cycle(at_once, 1) == 0.3 && one_cycle(at_once_three, 1) == 0.3);
        assert_monotone(one_cycle, at_once, 1, 10, -1);
        const double single[] = {0.3, 1, 0.5, 30, 10, linear, 0};
        assert_near(one_cycle(single, 1), 0.001);
    }
    const descend_one_cycle options = descend_one_cycle_defaults();
    assert_true(options.pct_start == 0.3 && options.div_factor == 25 && options.final_div_factor == 1e4);
    assert_false(options.linear || options.three_phase);
    for (uint64_t step = 1; step <= 20; step++)
        assert_true(descend_schedule_one_cycle(0.3, 20, NULL, step) ==
                    descend_schedule_one_cycle(0.3, 20, &options, step));
}

static void a_warmup_goes_around_any_schedule(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(golden); i++)
        for (uint64_t step = 1; step <= 50; step++) {
            const double inner = schedule_of(&golden[i])->rate(golden[i].p, step);
            const double rate = descend_schedule_warmup(inner, 0.1, 41, step);
            if (step > 41)
                assert_true(rate == inner);
            else
                assert_near(rate, inner * descend_schedule_warmup(1, 0.1, 41, step));
        }
}

/* No loop over the steps, and no step rounded to another. */
static void steps_and_counts_up_to_2_to_the_53(void **state)
{
    (void)state;
    assert_true(descend_schedule_constant(0.3, 0.5, STEP_MAX, STEP_MAX) == 0.15);
    assert_near(descend_schedule_warmup(1, 0, STEP_MAX, STEP_MAX), 1);
    assert_true(descend_schedule_warmup(1, 0, STEP_MAX, STEP_MAX) < 1);
    assert_near(descend_schedule_cosine(0.3, STEP_MAX / 2, 0, STEP_MAX), 0.3);
    assert_true(descend_schedule_cosine(0.3, STEP_MAX, 0.1, STEP_MAX) == 0.1);
    /* (2^53 - 1) mod 6 is 1. */
    assert_true(descend_schedule_cosine(0.3, 3, 0.1, STEP_MAX) == descend_schedule_cosine(0.3, 3, 0.1, 2));
    assert_true(descend_schedule_step_decay(0.3, STEP_MAX - 1, 0.5, STEP_MAX) == 0.15);
    assert_true(descend_schedule_step_decay(0.3, STEP_MAX, 0.5, STEP_MAX) == 0.3);
    assert_near(descend_schedule_exponential(0.3, 1 - U, STEP_MAX), 0.3 * exp(-1));
    assert_true(descend_schedule_exponential(0.3, 0.999, STEP_MAX) == 0);
    assert_true(descend_schedule_polynomial(1, STEP_MAX, 1, STEP_MAX) == U);
    assert_near(descend_schedule_one_cycle(0.3, STEP_MAX, NULL, STEP_MAX), 0.3 / 25 / 1e4);
}

/* With p[k] set to values out of its range. */
static void check_range(const struct schedule *schedule, double *p, size_t k)
{
    static const struct {
        const char *ranges; /* those that the value is out of */
        double value;
    } bad[] = {{"rsd", NAN},           {"rsd", INFINITY},       {"rsd", -INFINITY}, {"rsd", -1},
               {"rsd", -DBL_TRUE_MIN}, {"s", 1 + DBL_EPSILON},  {"d", 0},           {"n", 0},
               {"n", STEP_MAX + 2},    {"n", UINT64_C(1) << 63}};
    static const uint64_t steps[] = {1, 6, 1000, STEP_MAX};
    for (size_t b = 0; b < COUNT(bad); b++) {
        if (!strchr(bad[b].ranges, schedule->ranges[k]))
            continue;
        p[k] = bad[b].value;
        for (size_t j = 0; j < COUNT(steps); j++)
            if (!isnan(schedule->rate(p, steps[j])))
                fail_msg("%s takes %g for parameter %zu", schedule->name, p[k], k);
    }
}

static void anything_out_of_range_gives_nan(void **state)
{
    (void)state;
    static const uint64_t no_steps[] = {0, STEP_MAX + 1, UINT64_MAX};
    for (size_t i = 0; i < COUNT(golden); i++) {
        const struct schedule *schedule = schedule_of(&golden[i]);
        for (size_t k = 0; k < strlen(schedule->ranges); k++) {
            double p[PARAMETERS];
            memcpy(p, golden[i].p, sizeof p);
            for (size_t j = 0; j < COUNT(no_steps); j++)
                assert_true(isnan(schedule->rate(p, no_steps[j])));
            check_range(schedule, p, k);
        }
    }
}

static void edges_of_the_ranges_are_accepted(void **state)
{
    (void)state;
    assert_true(descend_schedule_constant(0, 0, 1, 1) == 0 && descend_schedule_constant(DBL_MAX, 1, 1, 1) == DBL_MAX);
    assert_true(descend_schedule_warmup(1, 0, 1, 1) == 0 && descend_schedule_warmup(1, 1, 1, 1) == 1);
    assert_true(descend_schedule_cosine(1, 1, 0, 1) == 1 && descend_schedule_cosine(0, 1, 2, 2) == 2);
    assert_true(descend_schedule_step_decay(1, 1, 0, 1) == 1 && descend_schedule_step_decay(1, 1, 0, 2) == 0);
    assert_true(descend_schedule_exponential(1, 2, 11) == 1024);
    const descend_one_cycle options = {1, 0.5, DBL_TRUE_MIN, true, false};
    assert_true(descend_schedule_one_cycle(1, 9, &options, 1) == 2);
}

/* The NaN of an invalid schedule passes through the warm-up around it, and the step refuses it. */
static void a_step_refuses_the_nan_of_any_depth(void **state)
{
    (void)state;
    descend_sgd config = descend_sgd_defaults();
    config.lr = descend_schedule_warmup(descend_schedule_cosine(0.1, 0, 0, 7), 0.1, 5, 7);
    assert_int_equal(descend_sgd_step(&config, 7, NULL, NULL, NULL, 0, NULL), DESCEND_BAD_LR);
    config.lr = descend_schedule_warmup(descend_schedule_cosine(0.1, 9, 0, 7), 0.1, 5, 7);
    assert_int_equal(descend_sgd_step(&config, 7, NULL, NULL, NULL, 0, NULL), DESCEND_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_those_of_torch),
        cmocka_unit_test(phases_meet),
        cmocka_unit_test(one_cycle_phases_meet),
        cmocka_unit_test(a_warmup_goes_around_any_schedule),
        cmocka_unit_test(steps_and_counts_up_to_2_to_the_53),
        cmocka_unit_test(anything_out_of_range_gives_nan),
        cmocka_unit_test(edges_of_the_ranges_are_accepted),
        cmocka_unit_test(a_step_refuses_the_nan_of_any_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
