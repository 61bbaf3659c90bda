#define _POSIX_C_SOURCE 200809L /* clock_gettime, isatty */
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

bool report_open(struct report *shown, const char *csv_path)
{
    *shown = (struct report){.csv_path = csv_path, .terminal = isatty(STDOUT_FILENO) == 1};
    if (!csv_path)
        return true;
    shown->csv = fopen(csv_path, "w");
    if (!shown->csv) {
        complain("%s: %s", csv_path, strerror(errno));
        return false;
    }
    fputs("optimizer,epoch,step,train_loss,test_accuracy\n", shown->csv);
    return true;
}

/* Complains unless good and closed well. After it there is no CSV, so one failure is one line. errno must have been 0
 * before the writing. */
static bool close_csv(struct report *shown, bool good)
{
    good = fclose(shown->csv) == 0 && good;
    shown->csv = NULL;
    if (!good)
        complain("%s: cannot write: %s", shown->csv_path, errno ? strerror(errno) : "I/O error");
    return good;
}

static bool write_row(struct report *shown, const struct report_row *row)
{
    errno = 0;
    fprintf(shown->csv, "%s,%" PRIu32 ",%" PRIu64 ",%.9g,", row->trained->name, row->epoch, row->step, row->loss);
    if (row->epoch_end)
        fprintf(shown->csv, "%.9g", row->accuracy);
    fputc('\n', shown->csv);
    /* Once an epoch: who watches the file sees it grow, and a full disk ends the run early. */
    if (row->epoch_end)
        fflush(shown->csv);
    if (!ferror(shown->csv))
        return true;
    return close_csv(shown, false);
}

/* On a terminal one line an optimizer, redrawn in place and so below 80 columns; elsewhere one line an epoch, and one
 * where the run ends within it. */
static void draw_progress(struct report *shown, const struct report_row *row)
{
    const double now = clock_seconds();
    const bool last = row->step == row->steps;
    if (!row->epoch_end && !last && (!shown->terminal || now - shown->drawn < 0.1))
        return;
    shown->drawn = now;
    if (shown->terminal)
        fputs("\r\033[K", stdout);
    printf("%-10s epoch %" PRIu32 "/%" PRIu32 "  step %" PRIu64 "/%" PRIu64 "  loss %#.4g", row->trained->name,
           row->epoch, row->epochs, row->step, row->steps, row->mean_loss);
    if (row->epoch_end)
        printf("  test accuracy %.2f %%", 100 * row->accuracy);
    if (!shown->terminal || last)
        putchar('\n');
    complain_below(shown->terminal && !last);
    fflush(stdout);
}

bool report_step(struct report *shown, const struct report_row *row)
{
    draw_progress(shown, row);
    return !shown->csv || write_row(shown, row);
}

bool report_close(struct report *shown)
{
    if (!shown->csv)
        return true;
    errno = 0;
    return close_csv(shown, ferror(shown->csv) == 0);
}
