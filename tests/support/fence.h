/* SPDX-License-Identifier: MIT */
/* Memory between pages that cannot be touched. */
#ifndef DESCEND_TESTS_FENCE_H
#define DESCEND_TESTS_FENCE_H

#include <stdbool.h>
#include <stddef.h>

struct fence {
    unsigned char *memory;
    size_t bytes;
};

/* So many pages, freed by fence_free. Ends the program where there is no memory. */
struct fence fence_new(size_t pages);
void fence_free(struct fence *fence);

/* Where an array of so many bytes begins, that begins or ends as the memory does. */
void *fence_place(const struct fence *fence, size_t bytes, bool at_end);

/* What is said where memory outside is touched from now on in a test, instead of cmocka's message, which cannot say
 * where. */
void fence_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
