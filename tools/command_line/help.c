/* SPDX-License-Identifier: MIT */
#include "help.h"

#include <stdio.h>
#include <string.h>

/* help2man takes what is indented by 20 columns or more for the text of the term above. */
enum { TERM_COLUMN = 2, TEXT_COLUMN = 22, COLUMNS = 79 };

/* Prints the words in lines that begin at a column, in which the cursor is. */
static void put_words(const char *text, int indent)
{
    int column = indent;
    for (const char *word = text + strspn(text, " "); *word != '\0'; word += strspn(word, " ")) {
        const int length = (int)strcspn(word, " ");
        if (column > indent && column + 1 + length > COLUMNS) {
            printf("\n%*s", indent, "");
            column = indent;
        }
        column += printf("%s%.*s", column > indent ? " " : "", length, word);
        word += length;
    }
    putchar('\n');
}

void help_heading(const char *heading)
{
    printf("\n%s:\n", heading);
}

void help_text(const char *text)
{
    put_words(text, 0);
}

void help_item(const char *term, const char *text)
{
    const int end = TERM_COLUMN + (int)strlen(term);
    printf("%*s%s", TERM_COLUMN, "", term);
    if (end + 2 > TEXT_COLUMN)
        printf("\n%*s", TEXT_COLUMN, "");
    else
        printf("%*s", TEXT_COLUMN - end, "");
    put_words(text, TEXT_COLUMN);
}

void help_items(const struct help_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (!items[i].term || !items[i - 1].term))
            putchar('\n');
        if (items[i].term)
            help_item(items[i].term, items[i].text);
        else
            help_text(items[i].text);
    }
}
