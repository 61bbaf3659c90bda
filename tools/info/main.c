/* SPDX-License-Identifier: MIT */
/* descend-info: which variants this library has, which one runs and why, and its threads. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "command_line.h"
#include "descend/descend.h"

struct options {
    bool json;
};

static const struct command command = {
    .program = "descend-info",
    .forms = (const char *const[]){"[--json]", NULL},
    .purpose = "Show the library's version, its variants, the one in use and why, and its threads.",
    .options =
        (const struct command_option[]){
            {"json", NULL, "show it as JSON", command_flag, offsetof(struct options, json), 0, 0}, {0}},
    .failure = "DESCEND_ISA names no variant that runs here, so that every step would be refused (all else is shown)",
};

struct openmp {
    int standard;        /* as _OPENMP, yyyymm; 0: built without */
    const char *runtime; /* the runtime library's file name */
    int threads;
};

static struct openmp find_openmp(void)
{
    struct openmp openmp = {.threads = 1};
#ifdef _OPENMP
    Dl_info where;
    int (*const max_threads)(void) = omp_get_max_threads;
    void *address;
    memcpy(&address, &max_threads, sizeof address);
    openmp.standard = _OPENMP;
    openmp.threads = max_threads();
    openmp.runtime = dladdr(address, &where) && where.dli_fname ? basename(where.dli_fname) : "unknown";
#endif
    return openmp;
}

/* Whether DESCEND_ISA is in error. */
static bool is_refused(void)
{
    return strcmp(descend_isa_active(), "none") == 0;
}

static const char *why(void)
{
    const char *wanted = getenv("DESCEND_ISA");
    if (wanted == NULL || *wanted == '\0')
        return "the best that runs here";
    if (is_refused())
        return "DESCEND_ISA names no variant that runs here: every step is refused";
    return "named by DESCEND_ISA";
}

static void print_text(const struct openmp *openmp)
{
    printf("descend %s, numerics %d\n", descend_version_string(), DESCEND_NUMERICS_VERSION);
    for (size_t i = 0; i < descend_isa_count(); i++)
        printf("%-9s %-7s %s\n", i == 0 ? "variants" : "", descend_isa_name(i),
               descend_isa_supported(descend_isa_name(i)) ? "runs here" : "does not run here");
    printf("%-9s %-7s %s\n", "in use", descend_isa_active(), why());
    if (openmp->standard)
        printf("%-9s %d, %s, %d threads\n", "OpenMP", openmp->standard, openmp->runtime, openmp->threads);
    else
        printf("%-9s none: built without it\n", "OpenMP");
}

static enum command_status print_json(const struct openmp *openmp)
{
    cJSON *root = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(root, "variants");
    cJSON_AddStringToObject(root, "version", descend_version_string());
    cJSON_AddNumberToObject(root, "numerics", DESCEND_NUMERICS_VERSION);
    for (size_t i = 0; i < descend_isa_count(); i++) {
        cJSON *variant = cJSON_CreateObject();
        cJSON_AddStringToObject(variant, "name", descend_isa_name(i));
        cJSON_AddBoolToObject(variant, "supported", descend_isa_supported(descend_isa_name(i)));
        cJSON_AddItemToArray(list, variant);
    }
    cJSON_AddStringToObject(root, "active", descend_isa_active());
    cJSON_AddStringToObject(root, "why", why());
    cJSON *threads = openmp->standard ? cJSON_AddObjectToObject(root, "openmp") : cJSON_AddNullToObject(root, "openmp");
    if (openmp->standard) {
        cJSON_AddNumberToObject(threads, "standard", openmp->standard);
        cJSON_AddStringToObject(threads, "runtime", openmp->runtime);
    }
    cJSON_AddNumberToObject(root, "threads", openmp->threads);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (text == NULL) {
        complain("out of memory");
        return COMMAND_FAILED;
    }
    puts(text);
    cJSON_free(text);
    return COMMAND_DONE;
}

static enum command_status run(int argc, char **argv)
{
    struct options options = {0};
    enum command_status status;
    if (!command_read(&command, argc, argv, &options, &status))
        return status;
    const struct openmp openmp = find_openmp();
    if (options.json)
        status = print_json(&openmp);
    else
        print_text(&openmp);
    if (is_refused()) {
        complain("DESCEND_ISA '%s': no variant of that name runs here", getenv("DESCEND_ISA"));
        return COMMAND_FAILED;
    }
    return status;
}

int main(int argc, char **argv)
{
    return (int)command_finish(run(argc, argv));
}
