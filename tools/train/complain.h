/* The one way this program reports an error: one line on stderr. */
#ifndef DESCEND_TRAIN_COMPLAIN_H
#define DESCEND_TRAIN_COMPLAIN_H

#include <stdbool.h>

/* Prints "descend-train: <message>" and a newline to stderr. */
#ifdef __GNUC__
__attribute__((format(printf, 1, 2)))
#endif
void complain(const char *format, ...);

/* Whether stdout's last line has not ended yet: an error then ends it. */
void complain_below(bool unfinished);

#endif
