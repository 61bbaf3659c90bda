/* SPDX-License-Identifier: MIT */
/* descend-bench: all benchmarks in one program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accumulate.h"
#include "against.h"
#include "command_line.h"
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
#include "rows.h" /* made by rows.cmake */
#include "update.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Called for what gbench_options has not taken. */
static bool refuse(const struct command_option *option, const char *text, void *value)
{
    (void)value;
    complain_usage("--%s: '%s' is no value of this option", option->name, text ? text : "");
    return false;
}

/* Google Benchmark's parser, which ends the program where one of these names is wrong, calls this first. */
static void refuse_name(void)
{
    complain_usage("--benchmark_format, _out_format or _time_unit: no such value");
    exit(COMMAND_WRONG);
}

#define GOOGLES(name, argument, meaning)                      \
    {                                                         \
        "benchmark_" name, argument, meaning, refuse, 0, 0, 0 \
    }

static const struct command_option table[] = {
    GOOGLES("filter", "REGEX", "measure the rows whose names match this, not all, which takes hours"),
    GOOGLES("list_tests", NULL, "show the names of those rows and exit"),
    GOOGLES("min_time", "SECONDS", "measure each row for that long at least (default: 0.5)"),
    GOOGLES("repetitions", "N", "measure each row so many times, and show mean, median and deviation too"),
    GOOGLES("enable_random_interleaving", NULL, "mix the repetitions of all rows"),
    GOOGLES("format", "FORMAT", "of what is shown: console (the default), json or csv"),
    GOOGLES("out", "FILE", "write the report there, too"),
    GOOGLES("out_format", "FORMAT", "of that file: json (the default), console or csv"),
    {0},
};

static void explain(void)
{
    putchar('\n');
    help_text("These and others are Google Benchmark's own: "
              "https://github.com/google/benchmark/blob/v1.7.1/docs/user_guide.md");
    help_heading("Rows");
    help_items(rows, sizeof rows / sizeof *rows);
    help_heading("Counters");
    help_items(counters, sizeof counters / sizeof *counters);
}

static const struct command command = {
    .program = "descend-bench",
    .forms = (const char *const[]){"[OPTION]...", NULL},
    .purpose = "Measure the throughput of updates, beside that of memory and of other implementations.",
    .options = table,
    .failure = "no row was measured, or DESCEND_ISA names no variant that runs here",
    .explain = explain,
};

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

/* The argument that asks for help or the version, which Google Benchmark would answer or refuse itself; else NULL. */
static char *question(char **argv)
{
    while (*argv && strncmp(*argv, "--help", strlen("--help")) != 0 && strcmp(*argv, "--version") != 0)
        argv++;
    return *argv;
}

static void add_rows(void)
{
    size_t count;
    const struct configuration *all = configurations(&count);
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
}

static enum command_status run(int argc, char **argv)
{
    enum command_status status;
    complain_as(command.program);
    char *asks[] = {argv[0], question(argv), NULL};
    if (!asks[1])
        gbench_options(&argc, argv, refuse_name);
    if (!command_read(&command, asks[1] ? 2 : argc, asks[1] ? asks : argv, NULL, &status))
        return status;
    if (strcmp(descend_isa_active(), "none") == 0) {
        complain("DESCEND_ISA names no variant that runs here");
        return COMMAND_FAILED;
    }
    context();
    add_rows();
    return gbench_run() > 0 ? COMMAND_DONE : COMMAND_FAILED;
}

int main(int argc, char **argv)
{
    return (int)command_finish(run(argc, argv));
}
