/* SPDX-License-Identifier: MIT */
/* The text of --help on stdout, in lines of at most 79 columns, laid out so that help2man makes a manual page of it. */
#ifndef DESCEND_TOOLS_HELP_H
#define DESCEND_TOOLS_HELP_H

#include <stddef.h>

/* A row of a list. */
struct help_item {
    const char *term; /* NULL: the text is a paragraph between the rows */
    const char *text;
};

/* A section's heading, after an empty line. */
void help_heading(const char *heading);

/* A paragraph. */
void help_text(const char *text);

/* The term, and beside or below it what there is to say of it. */
void help_item(const char *term, const char *text);

void help_items(const struct help_item *items, size_t count);

#endif
