/* descend-bench: all benchmarks in one program. Options are Google Benchmark's own: --benchmark_filter=REGEX … */
#include <stdlib.h>
#include <string.h>

#include "descend/descend.h"
#include "gbench.h"
#include "limit.h"
#include "update.h"

/* DESCEND_ISAS comes from CMake, as in kernels/dispatch.c. */
#define ISA(name) extern const struct limit_kernels limit_##name;
DESCEND_ISAS
#undef ISA

const struct limit_kernels *limit_find(const char *isa)
{
#define ISA(name) &limit_##name,
    static const struct limit_kernels *const built[] = {DESCEND_ISAS};
#undef ISA
    for (size_t i = 0; i < sizeof built / sizeof *built; i++)
        if (strcmp(built[i]->isa, isa) == 0)
            return built[i];
    return NULL;
}

int main(int argc, char **argv)
{
    gbench_context("descend", descend_version_string());
    gbench_context("variant", descend_isa_active());
    gbench_context("compiler", __VERSION__);
    update_register();
    if (!gbench_options(&argc, argv))
        return EXIT_FAILURE;
    gbench_run();
    return EXIT_SUCCESS;
}
