/* SPDX-License-Identifier: MIT */
/* When the library gives up threads and when it tries them again, on a machine that is played: what calls take in all,
 * beside what they would have taken always on threads and always on one. */
#include "gain.h"

#include "test.h"

enum { CALLS = 200000 };

/* What a call takes, in nanoseconds. */
struct machine {
    uint64_t serial, parallel;
    uint64_t slice;   /* what it takes longer on threads where another program has a processor for a time slice */
    unsigned between; /* one in so many calls on threads */
    uint64_t waking;  /* what the first call on threads after a serial one takes longer */
};

struct total {
    uint64_t taken, serial, parallel; /* as the account decided; on one thread; on threads */
    unsigned on_threads;
};

static struct total play(struct descend_gain *gain, const struct machine *machine, unsigned calls)
{
    struct total total = {0};
    bool awake = false;
    for (unsigned call = 1; call <= calls; call++) {
        const uint64_t parallel =
            machine->parallel + (machine->between > 0 && call % machine->between == 0 ? machine->slice : 0);
        total.serial += machine->serial;
        total.parallel += parallel;
        if (descend_gain_expected(gain)) {
            const uint64_t taken = parallel + (awake ? 0 : machine->waking);
            descend_gain_note(gain, taken, machine->serial);
            total.taken += taken;
            total.on_threads++;
            awake = true;
        } else {
            total.taken += machine->serial;
            awake = false;
        }
    }
    return total;
}

static void assert_at_most(uint64_t taken, double factor, uint64_t reference, const char *what)
{
    if ((double)taken > factor * (double)reference)
        fail_msg("%s: %.3f times as long, wanted at most %.3f", what, (double)taken / (double)reference, factor);
}

static void threads_where_they_gain(void **state)
{
    (void)state;
    struct descend_gain gain = {0};
    const struct machine idle = {.serial = 40000, .parallel = 21000, .waking = 100000};
    assert_int_equal(play(&gain, &idle, CALLS).on_threads, CALLS);
}

/* On an idle machine others have a processor now and then. */
static void threads_with_rare_disturbances(void **state)
{
    (void)state;
    static const uint64_t slices[] = {60000, 1000000, 8000000};
    static const unsigned between[] = {100, 3000, 20000};
    for (size_t i = 0; i < COUNT(slices); i++) {
        struct descend_gain gain = {0};
        const struct machine disturbed = {40000, 21000, slices[i], between[i], 100000};
        const struct total total = play(&gain, &disturbed, CALLS);
        assert_at_most(total.taken, 1.02, total.parallel, "beside threads");
    }
}

static void serial_where_threads_lose(void **state)
{
    (void)state;
    static const struct machine machines[] = {
        {40000, 21000, 4000000, 20, 60000},   /* as many busy programs as processors */
        {40000, 21000, 60000000, 1, 60000},   /* many more */
        {40000, 100000, 0, 0, 0},             /* asleep each time */
        {5000, 5500, 0, 0, 60000},            /* too small a call */
        {3000000, 1600000, 8000000, 2, 60000} /* a large one */
    };
    for (size_t i = 0; i < COUNT(machines); i++) {
        struct descend_gain gain = {0};
        play(&gain, &machines[i], CALLS / 10);
        const struct total total = play(&gain, &machines[i], CALLS);
        assert_at_most(total.taken, 1.1, total.serial, "beside one thread");
    }
}

/* The price of changes: at once serial when it gets crowded, and on threads soon after it no longer is. */
static void changes(void **state)
{
    (void)state;
    struct descend_gain gain = {0};
    const struct machine idle = {.serial = 40000, .parallel = 21000, .waking = 60000};
    const struct machine crowded = {40000, 21000, 4000000, 20, 60000};
    for (int i = 0; i < 5; i++) {
        play(&gain, &idle, CALLS);
        struct total total = play(&gain, &crowded, CALLS / 20); /* 0.4 s */
        assert_at_most(total.taken, 1.3, total.serial, "crowded, beside one thread");
        total = play(&gain, &idle, CALLS);
        assert_at_most(total.taken, 1.2, total.parallel, "idle again, beside threads");
    }
    /* What was long ago is forgotten: one bad call is soon made up for. */
    descend_gain_note(&gain, 50000000, 40000);
    assert_in_range(play(&gain, &idle, 3000).on_threads, 900, 1100);
}

/* The thread that is measured loses its processor as often as others do: the call seems to gain then. */
static void gains_that_only_seem(void **state)
{
    (void)state;
    struct descend_gain gain = {0};
    unsigned on_threads = 0;
    for (unsigned call = 1; call <= CALLS; call++)
        if (descend_gain_expected(&gain)) {
            on_threads++;
            if (call % 2)
                descend_gain_note(&gain, 4000000, 2 * 4000000);
            else
                descend_gain_note(&gain, 4000000, 40000);
        }
    assert_in_range(on_threads, 1, CALLS / 100);
}

/* Serial calls take 4 times as long as was lost, twice as long after each further failure, 64 times at most. */
static void failures_in_a_row(void **state)
{
    (void)state;
    enum { SERIAL = 40000, LOST = 8000000 };
    struct descend_gain gain = {0};
    for (unsigned failure = 0, times = 4; failure < 8; failure++) {
        unsigned calls = 0;
        descend_gain_note(&gain, SERIAL + LOST, SERIAL);
        while (!descend_gain_expected(&gain))
            calls++;
        assert_in_range(calls, times * (LOST / SERIAL), times * (LOST / SERIAL) + 1);
        times = times < 64 ? 2 * times : times;
    }
}

/* However long the process was stopped in a call, some calls later all is well. */
static void after_a_stop(void **state)
{
    (void)state;
    struct descend_gain gain = {0};
    const struct machine idle = {.serial = 40000, .parallel = 21000};
    descend_gain_note(&gain, UINT64_C(3600) * 1000000000, 40000);
    assert_false(descend_gain_expected(&gain));
    play(&gain, &idle, 5000);
    assert_int_equal(play(&gain, &idle, CALLS).on_threads, CALLS);
}

static void no_time_at_all(void **state)
{
    (void)state;
    struct descend_gain gain = {0};
    descend_gain_note(&gain, 0, 0);
    assert_true(descend_gain_expected(&gain));
    descend_gain_note(&gain, 100000000, 0);
    assert_false(descend_gain_expected(&gain));
    play(&gain, &(struct machine){.serial = 40000, .parallel = 21000}, CALLS);
    assert_true(descend_gain_expected(&gain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_where_they_gain),
        cmocka_unit_test(threads_with_rare_disturbances),
        cmocka_unit_test(serial_where_threads_lose),
        cmocka_unit_test(changes),
        cmocka_unit_test(gains_that_only_seem),
        cmocka_unit_test(failures_in_a_row),
        cmocka_unit_test(after_a_stop),
        cmocka_unit_test(no_time_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
