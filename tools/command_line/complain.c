/* SPDX-License-Identifier: MIT */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HINT = 64 };

static const char *name = "descend";
static bool below_unfinished;
static bool waits, has_complained;
static char first[1024]; /* the message that waits */

void complain_as(const char *program)
{
    name = program;
}

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
        fprintf(stderr, "%s: %s\n", name, first);
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

static void say(const char *format, va_list arguments, const char *hint)
{
    if (!waits) {
        finish_line();
        fprintf(stderr, "%s: ", name);
        vfprintf(stderr, format, arguments);
        fprintf(stderr, "%s\n", hint);
    } else if (!has_complained) {
        vsnprintf(first, sizeof first - HINT, format, arguments);
        const size_t end = strlen(first);
        snprintf(first + end, sizeof first - end, "%s", hint);
    }
}

void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments, "");
    va_end(arguments);
    has_complained = true;
}

void complain_usage(const char *format, ...)
{
    char hint[HINT];
    va_list arguments;
    snprintf(hint, sizeof hint, " (see %s --help)", name);
    va_start(arguments, format);
    say(format, arguments, hint);
    va_end(arguments);
    has_complained = true;
}

void complain_and_go_on(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!waits)
        say(format, arguments, "");
    va_end(arguments);
}
