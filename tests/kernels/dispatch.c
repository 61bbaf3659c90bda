/* SPDX-License-Identifier: MIT */
/*
 * Which variant runs. What the environment says is read once, so each case is a child process that makes its first call
 * itself. DESCEND_TEST_EXPECT, where set, names the variant that this machine must choose: emulated CPU models.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descend/descend.h"
#include "test.h"

static descend_status one_step(void)
{
    const descend_sgd config = descend_sgd_defaults();
    float param[1] = {1}, grad[1] = {1};
    const descend_status status = descend_sgd_step(&config, 1, param, grad, NULL, 1, NULL);
    if (status != DESCEND_OK && param[0] != 1.0f)
        abort();
    return status;
}

static const char *best(void)
{
    const char *name = NULL;
    for (size_t i = 0; i < descend_isa_count(); i++)
        if (descend_isa_supported(descend_isa_name(i)))
            name = descend_isa_name(i);
    return name;
}

/* In a child with this DESCEND_ISA (NULL: unset): what the first call finds. */
static void check_environment(const char *value, const char *expected_active, descend_status expected)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (value)
            setenv("DESCEND_ISA", value, 1);
        else
            unsetenv("DESCEND_ISA");
        bool good = one_step() == expected && strcmp(descend_isa_active(), expected_active) == 0;
        /* It is read once, */
        setenv("DESCEND_ISA", "scalar", 1);
        good = good && one_step() == expected && strcmp(descend_isa_active(), expected_active) == 0;
        /* overridden by force, and automatic again after force(NULL). */
        good = good && descend_isa_force("scalar") == DESCEND_OK && one_step() == DESCEND_OK;
        good = good && strcmp(descend_isa_active(), "scalar") == 0 && descend_isa_force(NULL) == DESCEND_OK;
        good = good && strcmp(descend_isa_active(), best()) == 0 && one_step() == DESCEND_OK;
        _exit(good ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("DESCEND_ISA=%.40s: not %s", value ? value : "(unset)", expected_active);
}

/* To be the first test: the parent must not have called the library before. */
static void environment_variable(void **state)
{
    (void)state;
    static char very_long[1 << 20];
    memset(very_long, 'x', sizeof very_long - 1);
    static const char *const wrong[] = {"unknown", "AVX2", "scalar ", " scalar", "scala", "scalarr", "none", very_long};
    check_environment(NULL, best(), DESCEND_OK);
    check_environment("", best(), DESCEND_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_environment(wrong[i], "none", DESCEND_NO_ISA);
    for (size_t i = 0; i < descend_isa_count(); i++) {
        const char *name = descend_isa_name(i);
        const bool runs = descend_isa_supported(name);
        check_environment(name, runs ? name : "none", runs ? DESCEND_OK : DESCEND_NO_ISA);
    }
}

static void listing(void **state)
{
    (void)state;
    const size_t count = descend_isa_count();
#if (defined(__x86_64__) && defined(__LP64__)) || defined(__aarch64__)
    assert_true(count >= 2);
#endif
    assert_string_equal(descend_isa_name(0), "scalar");
    assert_true(descend_isa_supported("scalar"));
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(descend_isa_name(i), descend_isa_name(j));
    assert_null(descend_isa_name(count));
    assert_null(descend_isa_name(SIZE_MAX));
    assert_false(descend_isa_supported(NULL));
    assert_false(descend_isa_supported(""));
    assert_false(descend_isa_supported("none"));
}

static void forcing(void **state)
{
    (void)state;
    for (size_t i = 0; i < descend_isa_count(); i++) {
        const char *name = descend_isa_name(i);
        const char *before = descend_isa_active();
        const bool runs = descend_isa_supported(name);
        assert_int_equal(descend_isa_force(name), runs ? DESCEND_OK : DESCEND_BAD_ISA);
        assert_string_equal(descend_isa_active(), runs ? name : before);
        assert_int_equal(one_step(), DESCEND_OK);
        assert_int_equal(descend_isa_force("unknown"), DESCEND_BAD_ISA);
        assert_int_equal(descend_isa_force(""), DESCEND_BAD_ISA);
        assert_string_equal(descend_isa_active(), runs ? name : before);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
    assert_string_equal(descend_isa_active(), best());
}

static void expected_variant(void **state)
{
    (void)state;
    const char *expected = getenv("DESCEND_TEST_EXPECT");
    if (expected == NULL) {
        printf("skipped: DESCEND_TEST_EXPECT is not set\n");
        skip();
    }
    assert_string_equal(descend_isa_active(), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(environment_variable),
        cmocka_unit_test(listing),
        cmocka_unit_test(forcing),
        cmocka_unit_test(expected_variant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
