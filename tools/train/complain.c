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
    /* What stdout still holds belongs before the error, where both are the same terminal or log. */
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
