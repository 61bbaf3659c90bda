/* SPDX-License-Identifier: MIT */
/*
 * One committed hash per kernel and option set over a fixed pseudo-random run: every build, on every machine, gives the
 * same. `kernels_hashes --print` prints hashes.inc anew, for a new optimizer or a new DESCEND_NUMERICS_VERSION.
 *
 * A plain program, so that it runs where there is no cmocka.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"

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

/* A step that is refused leaves the arrays as they are: another hash. */
static uint64_t hash_run(const struct configuration *configuration)
{
    struct arrays arrays = arrays_new(N);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (enum data_kind kind = 0; kind < DATA_KINDS; kind++) {
        arrays_fill(configuration, &arrays, kind, 1);
        for (uint64_t step = 1; step <= STEPS; step++) {
            fill(arrays.array[GRAD], N, kind, 100 + step);
            (void)arrays_step(configuration, step, &arrays, NULL);
        }
        for (size_t k = 0; k < STATE + configuration->states; k++)
            hash = hash_floats(hash, arrays.array[k], N);
    }
    arrays_free(&arrays);
    return hash;
}

static bool is_committed(const struct configuration *configuration, size_t number)
{
    const uint64_t hash = hash_run(configuration);
    if (strcmp(configuration->label, committed[number].label) == 0 && hash == committed[number].hash)
        return true;
    fprintf(stderr, "%s, %s, n %d, seed 1: hash %016" PRIx64 ", committed %016" PRIx64 " of %s\n", configuration->label,
            descend_isa_active(), N, hash, committed[number].hash, committed[number].label);
    return false;
}

/* DESCEND_TEST_EXPECT, where set, names the variant that this machine must choose. */
static bool is_expected_variant(void)
{
    const char *expected = getenv("DESCEND_TEST_EXPECT"), *found = descend_isa_active();
    if (expected == NULL || strcmp(found, expected) == 0)
        return true;
    fprintf(stderr, "the variant is %s, not %s\n", found, expected);
    return false;
}

static bool check_hashes(const struct configuration *all, size_t count)
{
    bool good = is_expected_variant();
    if (count != COMMITTED) {
        fprintf(stderr, "%zu configurations, %d committed hashes\n", count, (int)COMMITTED);
        return false;
    }
    for (const char *const *variant = variants(); *variant; variant++) {
        good = descend_isa_force(*variant) == DESCEND_OK && good;
        for (size_t i = 0; i < count; i++)
            good = is_committed(&all[i], i) && good;
    }
    return good;
}

int main(int argc, char **argv)
{
    size_t count;
    const struct configuration *all = configurations(&count);
    if (argc == 1)
        return check_hashes(all, count) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (argc != 2 || strcmp(argv[1], "--print") != 0)
        return 2;
    puts("/* SPDX-License-Identifier: MIT */");
    for (size_t i = 0; i < count; i++)
        printf("    {\"%s\", UINT64_C(0x%016" PRIx64 ")},\n", all[i].label, hash_run(&all[i]));
    return EXIT_SUCCESS;
}
