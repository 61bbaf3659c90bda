/* SPDX-License-Identifier: MIT */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

static bool below_unfinished;

void complain_below(bool unfinished)
{
    below_unfinished = unfinished;
}

void complain(const char *format, ...)
{
    /* Where stdout and stderr are the same terminal or log, buffered output has to come before the error. */
    if (below_unfinished)
        putchar('\n');
    below_unfinished = false;
    fflush(stdout);
    va_list arguments;
    va_start(arguments, format);
    fputs("descend-train: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}
