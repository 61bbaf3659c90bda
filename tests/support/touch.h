/* SPDX-License-Identifier: MIT */
/*
 * Which threads touch an array: its pages are made inaccessible, and the handler of the fault that each page's first
 * touch is notes the thread and opens the page.
 */
#ifndef DESCEND_TESTS_TOUCH_H
#define DESCEND_TESTS_TOUCH_H

#include <stddef.h>

enum { TOUCH_PAGES_MAX = 4096 };

struct touched {
    size_t pages;   /* touched at all */
    size_t threads; /* distinct ones among the first to touch a page */
    size_t others;  /* pages that the calling thread was not the first to touch */
};

size_t touch_page_elements(void); /* float elements on a page */

/* An array of n zeros, at most TOUCH_PAGES_MAX pages; one at a time. */
float *touch_new(size_t n);
void touch_free(void);

/* touch_watch starts watching the pages; touch_seen tells what happened to them since. */
void touch_watch(void);
struct touched touch_seen(void);

#endif
