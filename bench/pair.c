/* SPDX-License-Identifier: MIT */
#include "pair.h"

#include <stdlib.h>
#include <time.h>

#include "median.h"

enum { SAMPLES_MAX = 1 << 14 };

struct samples {
    double seconds[SAMPLES_MAX], reference[SAMPLES_MAX], cycles[SAMPLES_MAX];
};

double pair_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The current clock rate in cycles per second: dependent additions take one cycle each on every core this runs on. */
static double clock_rate(void)
{
    enum { ADDITIONS = 8, ROUNDS = 500 };
    size_t sum = 0;
    const double start = pair_now();
    for (size_t i = 0; i < ROUNDS; i++)
        for (size_t j = 0; j < ADDITIONS; j++) {
            sum += i;
            __asm__ volatile("" : "+r"(sum));
        }
    return ADDITIONS * ROUNDS / (pair_now() - start);
}

double pair_time(pair_function *run, int64_t batch, void *context)
{
    const double start = pair_now();
    for (int64_t i = 0; i < batch; i++)
        run(context);
    return (pair_now() - start) / (double)batch;
}

static void prepare(struct pair_work work, void *context)
{
    if (work.prepare)
        work.prepare(context);
}

bool pair_measure(struct gbench_state *state, int64_t batch, struct pair_work work, struct pair_work reference,
                  void *context, struct pair *out)
{
    struct samples *samples = malloc(sizeof *samples);
    size_t count = 0;
    if (samples == NULL)
        return false;
    prepare(reference, context);
    pair_time(reference.run, batch, context); /* warm */
    prepare(work, context);
    while (gbench_next(state, batch)) {
        const size_t i = count++ % SAMPLES_MAX;
        samples->seconds[i] = pair_time(work.run, batch, context);
        gbench_pause(state);
        samples->cycles[i] = samples->seconds[i] * clock_rate();
        prepare(reference, context);
        samples->reference[i] = pair_time(reference.run, batch, context);
        prepare(work, context);
        gbench_resume(state);
    }
    count = count < SAMPLES_MAX ? count : SAMPLES_MAX;
    if (count > 0)
        *out = (struct pair){median(samples->seconds, count), median(samples->reference, count),
                             median(samples->cycles, count)};
    free(samples);
    return true;
}

bool pair_good(struct gbench_state *state, bool measured, descend_status status)
{
    if (status != DESCEND_OK)
        gbench_skip(state, descend_status_string(status));
    else if (!measured)
        gbench_skip(state, "out of memory");
    return status == DESCEND_OK && measured;
}
