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

/* From now on the first message waits for complain_now, as another process may have the same to say. */
void complain_later(void);
void complain_now(void);

/* Whether there has been a message. */
bool complained(void);

#endif
