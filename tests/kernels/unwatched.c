/* SPDX-License-Identifier: MIT */
/* Where the library cannot learn of forks, it never starts a thread: a forked child would wait for it for ever. */
#include <errno.h>

#include "data.h"
#include "process.h"
#include "test.h"

int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));

int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    (void)prepare, (void)parent, (void)child;
    return ENOMEM;
}

static void starts_no_thread(void **state)
{
    (void)state;
    const struct configuration *adam = configuration_of("adam");
    struct arrays arrays = arrays_new(100000);
    const unsigned before = threads_alive();
    arrays_fill(adam, &arrays, ORDINARY, 1);
    assert_int_equal(arrays_step(adam, 1, &arrays, &(descend_exec){.threads = 4, .serial_below = 1}), DESCEND_OK);
    assert_int_equal(threads_alive(), before);
    arrays_free(&arrays);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(starts_no_thread)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
