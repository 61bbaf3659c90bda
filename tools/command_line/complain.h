/* SPDX-License-Identifier: MIT */
/* The one way these programs report an error: one line on stderr. */
#ifndef DESCEND_TOOLS_COMPLAIN_H
#define DESCEND_TOOLS_COMPLAIN_H

#include <stdbool.h>

#ifdef __GNUC__
#define COMPLAINS __attribute__((format(printf, 1, 2)))
#else
#define COMPLAINS
#endif

/* The program's name in its messages. */
void complain_as(const char *program);

/* Prints "PROGRAM: <message>" and a newline to stderr. */
COMPLAINS void complain(const char *format, ...);

/* The same of a wrong command line: the message ends with a hint at --help. */
COMPLAINS void complain_usage(const char *format, ...);

/* The same of what the program goes on after: no message that waits, and complained() does not count it. */
COMPLAINS void complain_and_go_on(const char *format, ...);

/* Tells whether stdout's last line lacks its newline; an error message then starts with one. */
void complain_below(bool unfinished);

/* From now on the first message waits for complain_now, as another process may have the same to say. */
void complain_later(void);
void complain_now(void);

/* Whether there has been a message. */
bool complained(void);

#endif
