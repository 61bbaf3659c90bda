/* SPDX-License-Identifier: MIT */
/* A network of two linear layers with ReLU between them, trained on the cross-entropy of its softmax. */
#ifndef DESCEND_TRAIN_NETWORK_H
#define DESCEND_TRAIN_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/optimizer.h"
#include "idx.h"

enum { NETWORK_TENSORS = 4 };

struct network {
    size_t inputs, hidden, outputs;
    size_t capacity; /* images in one batch at most */

    /* All parameters in one flat array: each layer's weights as torch.nn.Linear's (output by input, row by row), then
     * its biases. The gradient has the same layout. */
    size_t parameters;
    float *param, *grad;

    /* The current batch: matrices of one row for each image, with as many columns as is said here. */
    float *pixels;      /* inputs; values in 0 … 1 */
    float *hidden_out;  /* hidden; after the ReLU */
    float *hidden_grad; /* hidden */
    float *scores;      /* outputs; logits, later their gradient */
    unsigned char *labels;
};

struct evaluation {
    double loss;     /* mean cross-entropy */
    double accuracy; /* 0 … 1 */
};

/* Returns false after having reported that memory is out. network_free() in either case. */
bool network_create(struct network *net, size_t inputs, size_t hidden, size_t capacity);
void network_free(struct network *net);

/* Weights and biases as torch.nn.Linear draws them: uniform within ±1/sqrt(inputs of the layer). */
void network_init(struct network *net, uint64_t seed);

/* The layers' weights and biases, named as those of torch.nn.Linear modules "hidden" and "output". copy: a bfloat16 for
 * each parameter, in the same layout; NULL: none. */
void network_tensors(const struct network *net, uint16_t *copy, descend_tensor tensors[NETWORK_TENSORS]);

/* Forward and backward over the images rows[0 … count-1], count within capacity, which are some of a batch of so many.
 * Sets grad to the gradient of what they add to its mean loss, and returns that. */
double network_backward(struct network *net, const struct dataset *data, const uint32_t *rows, size_t count,
                        size_t batch);

/* Over the whole data set, with these parameters: the network's own or others in their layout. */
struct evaluation network_evaluate(struct network *net, const float *param, const struct dataset *data);

#endif
