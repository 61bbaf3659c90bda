/* SPDX-License-Identifier: MIT */
/*
 * One committed hash per kernel and option set over a fixed pseudo-random run: every build, on every machine, gives the
 * same. `kernels_hashes --print` prints hashes.inc anew, for a new optimizer or a new DESCEND_NUMERICS_VERSION.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data.h"
#include "test.h"

enum { N = 1003, STEPS = 20 };

static const struct {
    const char *label;
    uint64_t hash;
} committed[] = {
#include "hashes.inc"
    {NULL, 0},
};
enum { COMMITTED = sizeof committed / sizeof *committed - 1 };

/* FNV-1a of the bits, each NaN as 7fc00000. */
static uint64_t hash_floats(uint64_t hash, const float *array, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &array[i], sizeof bits);
        if (isnan(array[i]))
            bits = 0x7fc00000;
        for (int shift = 0; shift < 32; shift += 8)
            hash = (hash ^ (bits >> shift & 0xff)) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint64_t hash_run(const struct configuration *configuration)
{
    struct arrays arrays = arrays_new(N);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (enum data_kind kind = 0; kind < DATA_KINDS; kind++) {
        arrays_fill(configuration, &arrays, kind, 1);
        for (uint64_t step = 1; step <= STEPS; step++) {
            fill(arrays.array[GRAD], N, kind, 100 + step);
            assert_int_equal(arrays_step(configuration, step, &arrays, NULL), DESCEND_OK);
        }
        for (size_t k = 0; k < STATE + configuration->states; k++)
            hash = hash_floats(hash, arrays.array[k], N);
    }
    arrays_free(&arrays);
    return hash;
}

static void every_kernel_has_its_hash(void **state)
{
    (void)state;
    size_t count;
    const struct configuration *all = configurations(&count);
    assert_int_equal(count, COMMITTED);
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for (size_t i = 0; i < count; i++) {
            const uint64_t hash = hash_run(&all[i]);
            assert_string_equal(all[i].label, committed[i].label);
            if (hash != committed[i].hash)
                fail_msg("%s, %s, n %d, seed 1: hash %016llx, committed %016llx", all[i].label, *variant, N,
                         (unsigned long long)hash, (unsigned long long)committed[i].hash);
        }
    }
}

static int print_hashes(void)
{
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        printf("    {\"%s\", UINT64_C(0x%016llx)},\n", all[i].label, (unsigned long long)hash_run(&all[i]));
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_kernel_has_its_hash)};
    if (argc == 2 && strcmp(argv[1], "--print") == 0)
        return print_hashes();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
