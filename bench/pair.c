#include "pair.h"

#include <stdlib.h>
#include <time.h>

#include "median.h"

enum { SAMPLES_MAX = 1 << 14 };

struct samples {
    double seconds[SAMPLES_MAX], reference[SAMPLES_MAX], cycles[SAMPLES_MAX];
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Cycles per second just now: additions that wait for each other take one cycle each on every core this runs on. */
static double clock_rate(void)
{
    enum { ADDITIONS = 8, ROUNDS = 500 };
    size_t sum = 0;
    const double start = now();
    for (size_t i = 0; i < ROUNDS; i++)
        for (size_t j = 0; j < ADDITIONS; j++) {
            sum += i;
            __asm__ volatile("" : "+r"(sum));
        }
    return ADDITIONS * ROUNDS / (now() - start);
}

static double timed(pair_work *work, int64_t batch, void *context)
{
    const double start = now();
    for (int64_t i = 0; i < batch; i++)
        work(context);
    return (now() - start) / (double)batch;
}

bool pair_measure(struct gbench_state *state, int64_t batch, pair_work *work, pair_work *reference, pair_work *prepare,
                  void *context, struct pair *out)
{
    struct samples *samples = malloc(sizeof *samples);
    size_t count = 0;
    if (samples == NULL)
        return false;
    timed(reference, batch, context); /* warm */
    if (prepare)
        prepare(context);
    while (gbench_next(state, batch)) {
        const size_t i = count++ % SAMPLES_MAX;
        samples->seconds[i] = timed(work, batch, context);
        gbench_pause(state);
        samples->cycles[i] = samples->seconds[i] * clock_rate();
        if (prepare)
            prepare(context);
        samples->reference[i] = timed(reference, batch, context);
        if (prepare)
            prepare(context);
        gbench_resume(state);
    }
    count = count < SAMPLES_MAX ? count : SAMPLES_MAX;
    if (count > 0)
        *out = (struct pair){median(samples->seconds, count), median(samples->reference, count),
                             median(samples->cycles, count)};
    free(samples);
    return true;
}
