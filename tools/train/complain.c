#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

void complain(const char *format, ...)
{
    /* What stdout still holds belongs before the error, where both are the same terminal or log. */
    fflush(stdout);
    va_list arguments;
    va_start(arguments, format);
    fputs("descend-train: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}
