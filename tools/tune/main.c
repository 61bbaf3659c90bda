/* SPDX-License-Identifier: MIT */
/* descend-tune: measures, for each optimizer, from how many elements on several threads are faster than one here. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command_line.h"
#include "threshold.h"

enum { MAX_SECONDS = 3600 };

struct options {
    const char *output; /* NULL: none */
    uint32_t seconds;
    bool json;
};

static void explain(void)
{
    putchar('\n');
    help_text("The library reads no such file: give a value to a call by descend_exec.serial_below. In JSON it is null "
              "where threads did not win; threads = 1 is the setting for that.");
}

static const struct command command = {
    .program = "descend-tune",
    .forms = (const char *const[]){"[OPTION]...", NULL},
    .purpose =
        "Measure from how many elements on it pays here to split an update over threads, for each optimizer, and "
        "show it beside the value built into descend. Best on an idle machine. Writes no file unless told to.",
    .options =
        (const struct command_option[]){
            {"json", NULL, "show JSON instead of the table", command_flag, offsetof(struct options, json), 0, 0},
            {"output", "FILE", "write the JSON there, too", command_text, offsetof(struct options, output), 0, 0},
            {"seconds", "N", "measure for about that long, 1 to 3600 (default: 15)", command_count,
             offsetof(struct options, seconds), 1, MAX_SECONDS},
            {0}},
    .failure = "the file cannot be written, or DESCEND_ISA names no variant that runs here",
    .explain = explain,
};

static void print_head(const struct threads *threads)
{
    printf("descend %s (%s), %d thread%s\n", descend_version_string(), descend_isa_active(), threads->count,
           threads->count == 1 ? "" : "s");
}

static void print_table(const struct threshold thresholds[NAMED_CONFIGS_MAX])
{
    bool slower = false;
    size_t count;
    (void)named_configs(&count);
    printf("%-10s %10s %10s %18s\n", "optimizer", "threshold", "built in", "speed-up at 32768");
    for (size_t i = 0; i < count; i++) {
        const struct threshold *row = &thresholds[i];
        char threshold[24] = "never";
        if (row->n)
            snprintf(threshold, sizeof threshold, "%zu", row->n);
        printf("%-10s %10s %10d %18.2f\n", row->optimizer, threshold, BUILT_IN, row->speedup_at_built_in);
        slower = slower || row->sizes[SIZES - 1].speedup < 0.9;
    }
    printf("\nthreshold: elements from which on all threads are at least %.2f x as fast as one, at every size measured "
           "up\n"
           "to %d, with threads awake; descend_exec.serial_below applies it to a call (never: threads = 1).\n",
           WINS, MAX_N);
    if (slower)
        puts("Threads lost even there: most likely another program wants the processors. Measure when the machine is "
             "idle.");
}

static void add_threshold(cJSON *list, const struct threshold *threshold)
{
    cJSON *row = cJSON_CreateObject();
    cJSON_AddItemToArray(list, row);
    cJSON_AddStringToObject(row, "optimizer", threshold->optimizer);
    if (threshold->n)
        cJSON_AddNumberToObject(row, "serial_below", (double)threshold->n);
    else
        cJSON_AddNullToObject(row, "serial_below");
    cJSON_AddNumberToObject(row, "speedup_at_built_in", threshold->speedup_at_built_in);
    cJSON *measured = cJSON_AddArrayToObject(row, "measured");
    for (size_t i = 0; i < SIZES; i++) {
        const struct size *size = &threshold->sizes[i];
        cJSON *at = cJSON_CreateObject();
        cJSON_AddItemToArray(measured, at);
        cJSON_AddNumberToObject(at, "n", (double)size->n);
        cJSON_AddNumberToObject(at, "samples", (double)size->samples);
        cJSON_AddNumberToObject(at, "serial_ns", 1e9 * size->serial);
        cJSON_AddNumberToObject(at, "parallel_ns", 1e9 * size->parallel);
        cJSON_AddNumberToObject(at, "speedup", size->speedup);
    }
}

/* To be freed by cJSON_free; NULL where there is no memory. */
static char *as_json(const struct threads *threads, const struct threshold thresholds[NAMED_CONFIGS_MAX])
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "version", descend_version_string());
    cJSON_AddStringToObject(root, "variant", descend_isa_active());
    cJSON_AddNumberToObject(root, "threads", threads->count);
    cJSON_AddNumberToObject(root, "built_in", BUILT_IN);
    if (threads->why_serial)
        cJSON_AddStringToObject(root, "why_serial", threads->why_serial);
    else
        cJSON_AddNullToObject(root, "why_serial");
    cJSON *list = cJSON_AddArrayToObject(root, "optimizers");
    size_t count;
    (void)named_configs(&count);
    for (size_t i = 0; !threads->why_serial && i < count; i++)
        add_threshold(list, &thresholds[i]);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    return text;
}

static bool close_file(FILE *file, const char *name)
{
    errno = 0;
    const bool failed = ferror(file);
    if (fclose(file) == 0 && !failed)
        return true;
    complain("%s: %s", name, errno ? strerror(errno) : "cannot write");
    return false;
}

static bool report(const struct options *options, const struct threads *threads,
                   const struct threshold thresholds[NAMED_CONFIGS_MAX], FILE *output)
{
    char *text = as_json(threads, thresholds);
    if (text == NULL) {
        complain("out of memory");
        return false;
    }
    if (output)
        fprintf(output, "%s\n", text);
    const bool written = output == NULL || close_file(output, options->output);
    if (options->json) {
        puts(text);
    } else {
        print_head(threads);
        if (threads->why_serial)
            printf("Nothing to measure: %s, so every call is serial.\n", threads->why_serial);
        else
            print_table(thresholds);
    }
    cJSON_free(text);
    return written;
}

/* Measures, unless there is only one thread, and prints the result. */
static bool tune(const struct options *options, FILE *output)
{
    static struct threshold thresholds[NAMED_CONFIGS_MAX];
    const struct threads threads = find_threads();
    if (!threads.why_serial && !thresholds_measure((double)options->seconds, thresholds)) {
        complain("out of memory");
        return false;
    }
    return report(options, &threads, thresholds, output);
}

static enum command_status run(int argc, char **argv)
{
    struct options options = {.seconds = 15};
    enum command_status wrong;
    if (!command_read(&command, argc, argv, &options, &wrong))
        return wrong;
    const descend_status status = thresholds_try(); /* a wrong DESCEND_ISA is refused */
    if (status != DESCEND_OK) {
        complain("%s", descend_status_string(status));
        return COMMAND_FAILED;
    }
    FILE *output = options.output ? fopen(options.output, "w") : NULL; /* opened before measuring, which takes long */
    if (options.output && output == NULL) {
        complain("%s: %s", options.output, strerror(errno));
        return COMMAND_FAILED;
    }
    return tune(&options, output) ? COMMAND_DONE : COMMAND_FAILED;
}

int main(int argc, char **argv)
{
    return (int)command_finish(run(argc, argv));
}
