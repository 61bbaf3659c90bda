/* SPDX-License-Identifier: MIT */
/* In a program that the kernel has given other rights than its user's, DESCEND_ISA is not read. */
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "descend/descend.h"
#include "test.h"

unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);

unsigned long __wrap_getauxval(unsigned long type)
{
    return type == AT_SECURE ? 1 : __real_getauxval(type);
}

static void environment_has_no_say(void **state)
{
    (void)state;
    assert_int_equal(setenv("DESCEND_ISA", "none", 1), 0);
    const descend_sgd config = descend_sgd_defaults();
    float param = 1, grad = 1;
    assert_int_equal(descend_sgd_step(&config, 1, &param, &grad, NULL, 1, NULL), DESCEND_OK);
    assert_string_not_equal(descend_isa_active(), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(environment_has_no_say)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
