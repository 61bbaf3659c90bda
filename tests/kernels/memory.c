/* SPDX-License-Identifier: MIT */
/* No byte outside an array is read or written: arrays that begin or end at an unmapped page, the gradient read-only. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data.h"
#include "fence.h"
#include "test.h"

enum { PAGES = 2 };

static void check(const struct configuration *configuration, const char *variant, const struct fence fences[ARRAYS],
                  const struct arrays *values, bool at_end)
{
    struct arrays fenced = {.n = values->n};
    const size_t bytes = values->n * sizeof(float);
    for (size_t k = 0; k < ARRAYS; k++) {
        fenced.array[k] = fence_place(&fences[k], bytes, at_end);
        memcpy(fenced.array[k], values->array[k], bytes);
    }
    fence_say("%s, %s, n %zu, arrays at the %s of their pages", configuration->label, variant, values->n,
              at_end ? "end" : "beginning");
    assert_int_equal(mprotect(fences[GRAD].memory, fences[GRAD].bytes, PROT_READ), 0);
    assert_int_equal(arrays_step(configuration, 2, &fenced, NULL), DESCEND_OK);
    assert_int_equal(mprotect(fences[GRAD].memory, fences[GRAD].bytes, PROT_READ | PROT_WRITE), 0);
}

static void nothing_outside_is_touched(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), most = PAGES * page / sizeof(float);
    struct fence fences[ARRAYS];
    size_t count;
    const struct configuration *all = configurations(&count);
    struct arrays values = arrays_new(most);
    for (size_t k = 0; k < ARRAYS; k++)
        fences[k] = fence_new(PAGES);
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for (size_t i = 0; i < count; i++) {
            values.n = most;
            arrays_fill(&all[i], &values, ORDINARY, i);
            for (values.n = 0; values.n <= most; values.n += values.n < 70 ? 1 : 331)
                for (int at_end = 0; at_end <= 1; at_end++)
                    check(&all[i], *variant, fences, &values, at_end);
        }
    }
    for (size_t k = 0; k < ARRAYS; k++)
        fence_free(&fences[k]);
    arrays_free(&values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_outside_is_touched)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
