/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L /* clock_gettime, fileno, ftruncate, isatty */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "complain.h"

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool report_open(struct report *report, const char *csv_path)
{
    *report = (struct report){.csv_path = csv_path, .terminal = isatty(STDOUT_FILENO) == 1};
    if (!csv_path)
        return true;
    report->csv = fopen(csv_path, "a");
    if (!report->csv)
        complain("%s: %s", csv_path, strerror(errno));
    return report->csv != NULL;
}

/* Closes the CSV for good, and reports an error unless everything went well: so a failure is reported once. errno must
 * have been set to 0 before the last write. */
static bool close_csv(struct report *report, bool good)
{
    good = fclose(report->csv) == 0 && good;
    report->csv = NULL;
    if (!good)
        complain("%s: cannot write: %s", report->csv_path, errno ? strerror(errno) : "I/O error");
    return good;
}

bool report_begin(struct report *report)
{
    if (!report->csv)
        return true;
    errno = 0;
    if (ftruncate(fileno(report->csv), 0) != 0 && errno != EINVAL) /* EINVAL: no regular file, so nothing to empty */
        return close_csv(report, false);
    fputs("optimizer,epoch,step,train_loss,test_accuracy\n", report->csv);
    return true;
}

static bool write_row(struct report *report, const struct report_row *row)
{
    errno = 0;
    fprintf(report->csv, "%s,%" PRIu32 ",%" PRIu64 ",%.9g,", row->trained->name, row->epoch, row->step, row->loss);
    if (row->epoch_end)
        fprintf(report->csv, "%.9g", row->accuracy);
    fputc('\n', report->csv);
    /* Flushed once an epoch, so that the file can be watched and a full disk is noticed early. */
    if (row->epoch_end)
        fflush(report->csv);
    if (!ferror(report->csv))
        return true;
    return close_csv(report, false);
}

/* On a terminal each optimizer has one line, redrawn in place, which therefore stays below 80 columns. Elsewhere there
 * is a line for each epoch, and one where the run ends within an epoch. */
static void draw_progress(struct report *report, const struct report_row *row)
{
    const double now = clock_seconds();
    const bool last = row->step == row->steps;
    if (!row->epoch_end && !last && (!report->terminal || now - report->drawn < 0.1))
        return;
    report->drawn = now;
    if (report->terminal)
        fputs("\r\033[K", stdout);
    printf("%-10s epoch %" PRIu32 "/%" PRIu32 "  step %" PRIu64 "/%" PRIu64 "  loss %#.4g", row->trained->name,
           row->epoch, row->epochs, row->step, row->steps, row->mean_loss);
    if (row->epoch_end)
        printf("  test accuracy %.2f %%", 100 * row->accuracy);
    if (!report->terminal || last)
        putchar('\n');
    complain_below(report->terminal && !last);
    fflush(stdout);
}

bool report_step(struct report *report, const struct report_row *row)
{
    draw_progress(report, row);
    return !report->csv || write_row(report, row);
}

bool report_close(struct report *report)
{
    if (!report->csv)
        return true;
    errno = 0;
    return close_csv(report, ferror(report->csv) == 0);
}
