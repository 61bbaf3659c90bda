/* SPDX-License-Identifier: MIT */
/* No byte outside an array is read or written: arrays that begin or end at an unmapped page, the gradient read-only. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data.h"
#include "test.h"

enum { PAGES = 2 };

static char under_way[160];

static void say_where(int signal)
{
    const ssize_t written = write(STDERR_FILENO, under_way, strlen(under_way));
    _exit(written < 0 ? 2 : 128 + signal);
}

/* PAGES pages between two that cannot be touched. */
static char *fenced_pages(size_t page)
{
    char *start = mmap(NULL, (PAGES + 2) * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(start != MAP_FAILED);
    assert_int_equal(mprotect(start + page, PAGES * page, PROT_READ | PROT_WRITE), 0);
    return start + page;
}

static void check(const struct configuration *configuration, const char *variant, char *const pages[ARRAYS],
                  size_t page, const struct arrays *values, bool at_end)
{
    struct arrays fenced = {.n = values->n};
    const size_t bytes = values->n * sizeof(float);
    for (size_t k = 0; k < ARRAYS; k++) {
        fenced.array[k] = (float *)(void *)(pages[k] + (at_end ? PAGES * page - bytes : 0));
        memcpy(fenced.array[k], values->array[k], bytes);
    }
    snprintf(under_way, sizeof under_way, "touched memory outside: %s, %s, n %zu, arrays at the %s of their pages\n",
             configuration->label, variant, values->n, at_end ? "end" : "beginning");
    assert_int_equal(mprotect(pages[GRAD], PAGES * page, PROT_READ), 0);
    signal(SIGSEGV, say_where); /* instead of cmocka's, which cannot say where */
    assert_int_equal(arrays_step(configuration, 2, &fenced, NULL), DESCEND_OK);
    assert_int_equal(mprotect(pages[GRAD], PAGES * page, PROT_READ | PROT_WRITE), 0);
}

static void nothing_outside_is_touched(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), most = PAGES * page / sizeof(float);
    char *pages[ARRAYS];
    size_t count;
    const struct configuration *all = configurations(&count);
    struct arrays values = arrays_new(most);
    for (size_t k = 0; k < ARRAYS; k++)
        pages[k] = fenced_pages(page);
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for (size_t i = 0; i < count; i++) {
            values.n = most;
            arrays_fill(&all[i], &values, ORDINARY, i);
            for (values.n = 0; values.n <= most; values.n += values.n < 70 ? 1 : 331)
                for (int at_end = 0; at_end <= 1; at_end++)
                    check(&all[i], *variant, pages, page, &values, at_end);
        }
    }
    for (size_t k = 0; k < ARRAYS; k++)
        munmap(pages[k] - page, (PAGES + 2) * page);
    arrays_free(&values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_outside_is_touched)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
