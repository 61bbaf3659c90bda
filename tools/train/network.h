/* A network of two linear layers, ReLU between them, softmax and cross-entropy behind. */
#ifndef TRAIN_NETWORK_H
#define TRAIN_NETWORK_H

#include "idx.h"

#include <descend/optimizer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NETWORK_TENSORS = 4 };

typedef struct network {
    size_t inputs, hidden, outputs;
    size_t capacity; /* images in one batch at most */

    /* All parameters in one flat array: each layer's weights as torch.nn.Linear's (output by input, row by row), then
     * its biases. The gradient has the same layout. */
    size_t parameters;
    float *param, *grad;

    /* The batch in hand, one row an image. */
    float *pixels;      /* inputs: 0 … 1 */
    float *hidden_out;  /* hidden: behind the ReLU */
    float *hidden_grad; /* hidden */
    float *scores;      /* outputs: logits, then their gradient */
    unsigned char *labels;
} network;

typedef struct evaluation {
    double loss;     /* mean cross-entropy */
    double accuracy; /* 0 … 1 */
} evaluation;

/* false: out of memory (complained). Free it in either case. */
bool network_create(network *net, size_t inputs, size_t hidden, size_t capacity);
void network_free(network *net);

/* Weights and biases as torch.nn.Linear draws them: uniform within ±1/sqrt(inputs of the layer). */
void network_init(network *net, uint64_t seed);

/* The layers' weights and biases, named as those of torch.nn.Linear modules "hidden" and "output". copy: a bfloat16 for
 * each parameter, in the same layout; NULL: none. */
void network_tensors(const network *net, uint16_t *copy, descend_tensor tensors[NETWORK_TENSORS]);

/* Forward and backward over the images rows[0 … count-1], count within capacity. Sets grad to the gradient of their
 * mean loss, and returns that loss. */
double network_backward(network *net, const dataset *data, const uint32_t *rows, size_t count);

/* Over the whole data set, with these parameters: the network's own or others in their layout. */
evaluation network_evaluate(network *net, const float *param, const dataset *data);

#endif
