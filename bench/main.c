/* SPDX-License-Identifier: MIT */
/* descend-bench: all benchmarks in one program. Options are Google Benchmark's own: --benchmark_filter=REGEX … */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accumulate.h"
#include "against.h"
#include "commit.h" /* made by commit.cmake */
#include "configuration.h"
#include "crowd.h"
#include "descend/descend.h"
#include "embed.h"
#include "gbench.h"
#include "layout.h"
#include "machine.h"
#include "object.h"
#include "placements.h"
#include "update.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void number_context(const char *key, unsigned long value)
{
    char text[32];
    snprintf(text, sizeof text, "%lu", value);
    gbench_context(key, text);
}

static void context(void)
{
    gbench_context("cpu", machine_cpu());
    gbench_context("descend", descend_version_string());
    gbench_context("commit", DESCEND_COMMIT);
    gbench_context("variant", descend_isa_active());
    gbench_context("compiler", COMPILER);
    number_context("threads", machine_threads());
    number_context("page_size", (unsigned long)sysconf(_SC_PAGESIZE));
}

int main(int argc, char **argv)
{
    size_t count;
    const struct configuration *all = configurations(&count);
    if (strcmp(descend_isa_active(), "none") == 0) {
        fprintf(stderr, "descend-bench: DESCEND_ISA names no variant that runs here\n");
        return EXIT_FAILURE;
    }
    context();
    for (size_t i = 0; i < count; i++) {
        update_register(&all[i]);
        against_register(&all[i]);
        placements_register(&all[i]);
    }
    object_register();
    layout_register();
    accumulate_register();
    crowd_register();
    embed_register();
    if (!gbench_options(&argc, argv))
        return EXIT_FAILURE;
    return gbench_run() > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
