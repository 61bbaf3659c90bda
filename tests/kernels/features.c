/* SPDX-License-Identifier: MIT */
/* Which variants run, and which is chosen, on processors with and without each feature. */
#include <string.h>

#include "cpu.h"
#include "descend/descend.h"
#include "test.h"

static unsigned features;
unsigned __wrap_descend_cpu_features(void);

unsigned __wrap_descend_cpu_features(void)
{
    return features;
}

enum { AVX2 = CPU_AVX2 | CPU_FMA | CPU_F16C, AVX512 = AVX2 | CPU_AVX512F | CPU_AVX512BW, ALL = AVX512 | CPU_NEON };

static const struct {
    const char *isa;
    unsigned needs;
} variants[] = {{"scalar", 0}, {"avx2", AVX2}, {"avx512", AVX512}, {"neon", CPU_NEON}};

static bool is_built(const char *isa)
{
    bool built = false;
    for (size_t i = 0; i < descend_isa_count(); i++)
        built = built || strcmp(descend_isa_name(i), isa) == 0;
    return built;
}

static void every_set_of_features(void **state)
{
    (void)state;
    for (features = 0; features <= ALL; features++) {
        const char *best = NULL;
        for (size_t i = 0; i < COUNT(variants); i++) {
            const bool runs = is_built(variants[i].isa) && (features & variants[i].needs) == variants[i].needs;
            assert_int_equal(descend_isa_supported(variants[i].isa), runs);
            assert_int_equal(descend_isa_force(variants[i].isa), runs ? DESCEND_OK : DESCEND_BAD_ISA);
            best = runs ? variants[i].isa : best;
        }
        assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
        assert_string_equal(descend_isa_active(), best);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_set_of_features)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
