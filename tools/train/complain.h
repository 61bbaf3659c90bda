/* SPDX-License-Identifier: MIT */
/* The one way this program reports an error: one line on stderr. */
#ifndef DESCEND_TRAIN_COMPLAIN_H
#define DESCEND_TRAIN_COMPLAIN_H

#include <stdbool.h>

/* Prints "descend-train: <message>" and a newline to stderr. */
#ifdef __GNUC__
__attribute__((format(printf, 1, 2)))
#endif
void complain(const char *format, ...);

/* Tells whether stdout's last line lacks its newline; an error message then starts with one. */
void complain_below(bool unfinished);

#endif
