/* SPDX-License-Identifier: MIT */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

static bool below_unfinished;
static bool waits, has_complained;
static char first[1024]; /* the message that waits */

void complain_below(bool unfinished)
{
    below_unfinished = unfinished;
}

void complain_later(void)
{
    waits = true;
}

bool complained(void)
{
    return has_complained;
}

void complain_now(void)
{
    if (first[0] != '\0')
        fprintf(stderr, "descend-train: %s\n", first);
    first[0] = '\0';
}

/* Where stdout and stderr are the same terminal or log, buffered output has to come before the error. */
static void finish_line(void)
{
    if (below_unfinished)
        putchar('\n');
    below_unfinished = false;
    fflush(stdout);
}

void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!waits) {
        finish_line();
        fputs("descend-train: ", stderr);
        vfprintf(stderr, format, arguments);
        fputc('\n', stderr);
    } else if (!has_complained) {
        vsnprintf(first, sizeof first, format, arguments);
    }
    va_end(arguments);
    has_complained = true;
}
