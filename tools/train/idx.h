/* SPDX-License-Identifier: MIT */
/* Data sets in MNIST's format: an IDX file of images and one of labels, plain or gzipped. */
#ifndef DESCEND_TRAIN_IDX_H
#define DESCEND_TRAIN_IDX_H

#include <stdbool.h>
#include <stdint.h>

enum { IDX_CLASSES = 10 };

struct dataset {
    uint32_t count;         /* images, at least 1 */
    uint32_t rows, columns; /* pixels of one image, at most 65536 in all */
    unsigned char *images;  /* count * rows * columns, 0 … 255 */
    unsigned char *labels;  /* count, below IDX_CLASSES */
};

/* Reads <directory>/<part>-images-idx3-ubyte and -labels-idx1-ubyte, or the same with .gz. part is "train" or "t10k".
 * Returns false after having reported an error; *data is then empty. */
bool dataset_load(const char *directory, const char *part, struct dataset *data);

/* *data may be empty. */
void dataset_free(struct dataset *data);

#endif
