/* SPDX-License-Identifier: MIT */
#include "gain.h"

/* In nanoseconds. */
enum {
    /* A loss of more ends a trial. To wake the threads, some 0.1 ms, or to lose one time slice must not. */
    BUDGET = 5000000,
    /* The most that gains are remembered, against losses to come: some time slices of another program. Such a gain also
     * ends the memory of failures. */
    CREDIT = 20000000,
    /* The most that one call gains: it seems to gain much if the thread that is measured lost its processor. */
    GAIN_MAX = 250000,
    /* The most that a trial loses: the whole process may have been stopped for hours. */
    LOSS_MAX = 20000000,
    /* The least that a serial call takes: clocks may be coarse. */
    CALL_MIN = 1000
};

/* What a trial has lost is spent 4 times on serial calls until the next, twice as often after each failure in a row. */
enum { REPAID_LOG2 = 2, FAILURES_MAX = 4 };

bool descend_gain_expected(struct descend_gain *gain)
{
    const unsigned serial = atomic_load_explicit(&gain->serial, memory_order_relaxed);
    if (serial > 0)
        atomic_store_explicit(&gain->serial, serial - 1, memory_order_relaxed);
    return serial == 0;
}

static void give_up(struct descend_gain *gain, uint64_t lost, uint64_t serial)
{
    const unsigned failures = atomic_load_explicit(&gain->failures, memory_order_relaxed);
    const uint64_t repaid = (lost < LOSS_MAX ? lost : LOSS_MAX) << (REPAID_LOG2 + failures);
    const uint64_t calls = repaid / (serial > CALL_MIN ? serial : CALL_MIN) + 1;
    if (failures < FAILURES_MAX)
        atomic_store_explicit(&gain->failures, failures + 1, memory_order_relaxed);
    atomic_store_explicit(&gain->lost, 0, memory_order_relaxed);
    atomic_store_explicit(&gain->serial, (unsigned)calls, memory_order_relaxed);
}

void descend_gain_note(struct descend_gain *gain, uint64_t parallel, uint64_t serial)
{
    const int64_t gained = (int64_t)serial - (int64_t)parallel;
    int64_t lost = atomic_load_explicit(&gain->lost, memory_order_relaxed) - (gained < GAIN_MAX ? gained : GAIN_MAX);
    if (lost > BUDGET) {
        give_up(gain, (uint64_t)lost, serial);
        return;
    }
    if (lost < -CREDIT) {
        lost = -CREDIT;
        atomic_store_explicit(&gain->failures, 0, memory_order_relaxed);
    }
    atomic_store_explicit(&gain->lost, (int)lost, memory_order_relaxed);
}
