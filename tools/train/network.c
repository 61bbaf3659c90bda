/* SPDX-License-Identifier: MIT */
#include "network.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "complain.h"
#include "random.h"

enum { WEIGHT_STREAM = 1 };

/* Where each layer's parts begin, both in param and in grad. */
struct layers {
    size_t weight1, bias1, weight2, bias2;
};

static struct layers layers_of(const struct network *net)
{
    struct layers at = {0};
    at.bias1 = at.weight1 + net->hidden * net->inputs;
    at.weight2 = at.bias1 + net->hidden;
    at.bias2 = at.weight2 + net->outputs * net->hidden;
    return at;
}

bool network_create(struct network *net, size_t inputs, size_t hidden, size_t capacity)
{
    const size_t outputs = IDX_CLASSES;
    *net = (struct network){.inputs = inputs, .hidden = hidden, .outputs = outputs, .capacity = capacity};
    net->parameters = (inputs + 1) * hidden + (hidden + 1) * outputs;
    net->param = array_create(net->parameters, sizeof(float));
    net->grad = array_create(net->parameters, sizeof(float));
    net->pixels = array_create(capacity * inputs, sizeof(float));
    net->hidden_out = array_create(capacity * hidden, sizeof(float));
    net->hidden_grad = array_create(capacity * hidden, sizeof(float));
    net->scores = array_create(capacity * outputs, sizeof(float));
    net->labels = calloc(capacity, 1);
    if (net->param && net->grad && net->pixels && net->hidden_out && net->hidden_grad && net->scores && net->labels)
        return true;
    complain("out of memory for a network of %zu-%zu-%zu", inputs, hidden, outputs);
    return false;
}

void network_free(struct network *net)
{
    free(net->param);
    free(net->grad);
    free(net->pixels);
    free(net->hidden_out);
    free(net->hidden_grad);
    free(net->scores);
    free(net->labels);
    *net = (struct network){0};
}

static void draw(struct random_stream *stream, float *values, size_t count, size_t layer_inputs)
{
    const float bound = (float)(1 / sqrt((double)layer_inputs));
    for (size_t i = 0; i < count; i++)
        values[i] = bound * (2.0f * random_unit(stream) - 1.0f);
}

void network_init(struct network *net, uint64_t seed)
{
    struct random_stream stream = random_start(seed, WEIGHT_STREAM);
    const struct layers at = layers_of(net);
    /* Weights and the biases behind them, in one call for each layer. */
    draw(&stream, net->param + at.weight1, (net->inputs + 1) * net->hidden, net->inputs);
    draw(&stream, net->param + at.weight2, (net->hidden + 1) * net->outputs, net->hidden);
}

void network_tensors(const struct network *net, uint16_t *copy, descend_tensor tensors[NETWORK_TENSORS])
{
    const struct layers at = layers_of(net);
    const struct {
        const char *name;
        size_t begin, end;
    } parts[NETWORK_TENSORS] = {{"hidden.weight", at.weight1, at.bias1},
                                {"hidden.bias", at.bias1, at.weight2},
                                {"output.weight", at.weight2, at.bias2},
                                {"output.bias", at.bias2, net->parameters}};
    for (size_t i = 0; i < NETWORK_TENSORS; i++) {
        const size_t begin = parts[i].begin;
        tensors[i] = (descend_tensor){.name = parts[i].name,
                                      .n = parts[i].end - begin,
                                      .param.data = net->param + begin,
                                      .grad.data = net->grad + begin,
                                      .copy = {.data = copy ? copy + begin : NULL, .dtype = DESCEND_BF16}};
    }
}

/* Copies the images rows[0 … count-1] into the batch, or with rows NULL the images from `first` on. */
static void gather(struct network *net, const struct dataset *data, const uint32_t *rows, size_t first, size_t count)
{
    float level[256];
    for (int i = 0; i < 256; i++)
        level[i] = (float)i / 255.0f;
    for (size_t i = 0; i < count; i++) {
        const size_t row = rows ? rows[i] : first + i;
        const unsigned char *image = data->images + row * net->inputs;
        float *pixels = net->pixels + i * net->inputs;
        for (size_t j = 0; j < net->inputs; j++)
            pixels[j] = level[image[j]];
        net->labels[i] = data->labels[row];
    }
}

/* out (count by outputs) = in (count by inputs) · weightᵀ + bias. */
static void linear(size_t count, size_t inputs, size_t outputs, const float *in, const float *weight, const float *bias,
                   float *out)
{
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * outputs, bias, outputs * sizeof *out);
    const int m = (int)count, n = (int)outputs, k = (int)inputs;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0f, in, k, weight, k, 1.0f, out, n);
}

static void forward(struct network *net, const float *param, size_t count)
{
    const struct layers at = layers_of(net);
    linear(count, net->inputs, net->hidden, net->pixels, param + at.weight1, param + at.bias1, net->hidden_out);
    /* This comparison keeps NaN, so that a run that has diverged is seen. */
    for (size_t i = 0; i < count * net->hidden; i++)
        net->hidden_out[i] = net->hidden_out[i] < 0.0f ? 0.0f : net->hidden_out[i];
    linear(count, net->hidden, net->outputs, net->hidden_out, param + at.weight2, param + at.bias2, net->scores);
}

/* Turns each row of scores into probabilities. Returns the summed loss; *correct counts the rows whose largest score is
 * their label's. */
static double softmax(struct network *net, size_t count, size_t *correct)
{
    double loss = 0;
    *correct = 0;
    for (size_t i = 0; i < count; i++) {
        float *score = net->scores + i * net->outputs;
        const size_t label = net->labels[i];
        size_t best = 0;
        for (size_t j = 1; j < net->outputs; j++)
            if (score[j] > score[best])
                best = j;
        *correct += best == label;

        /* The largest score is subtracted so that exp cannot overflow. */
        const float largest = score[best];
        const double distance = (double)largest - (double)score[label];
        double sum = 0;
        for (size_t j = 0; j < net->outputs; j++) {
            score[j] = expf(score[j] - largest);
            sum += (double)score[j];
        }
        loss += log(sum) + distance;
        for (size_t j = 0; j < net->outputs; j++)
            score[j] = (float)((double)score[j] / sum);
    }
    return isnan(loss) ? (double)NAN : loss; /* printf would show the sign of a NaN */
}

static void sum_columns(const float *matrix, size_t rows, size_t columns, float *sums)
{
    memset(sums, 0, columns * sizeof *sums);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            sums[j] += matrix[i * columns + j];
}

double network_backward(struct network *net, const struct dataset *data, const uint32_t *rows, size_t count,
                        size_t batch)
{
    if (count == 0) { /* BLAS takes no matrix without rows */
        memset(net->grad, 0, net->parameters * sizeof *net->grad);
        return 0;
    }
    gather(net, data, rows, 0, count);
    forward(net, net->param, count);
    size_t correct;
    const double loss = softmax(net, count, &correct) / (double)batch;

    /* The loss's gradient by the scores is (probability - 1 at the label) / batch. */
    const float share = 1.0f / (float)batch;
    for (size_t i = 0; i < count; i++) {
        float *score = net->scores + i * net->outputs;
        score[net->labels[i]] -= 1.0f;
        for (size_t j = 0; j < net->outputs; j++)
            score[j] *= share;
    }

    const struct layers at = layers_of(net);
    float *grad = net->grad;
    const int images = (int)count, in = (int)net->inputs, hidden = (int)net->hidden, out = (int)net->outputs;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, hidden, images, 1.0f, net->scores, out, net->hidden_out,
                hidden, 0.0f, grad + at.weight2, hidden);
    sum_columns(net->scores, count, net->outputs, grad + at.bias2);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, images, hidden, out, 1.0f, net->scores, out,
                net->param + at.weight2, hidden, 0.0f, net->hidden_grad, hidden);
    for (size_t i = 0; i < count * net->hidden; i++)
        net->hidden_grad[i] = net->hidden_out[i] <= 0.0f ? 0.0f : net->hidden_grad[i];
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, hidden, in, images, 1.0f, net->hidden_grad, hidden,
                net->pixels, in, 0.0f, grad + at.weight1, in);
    sum_columns(net->hidden_grad, count, net->hidden, grad + at.bias1);
    return loss;
}

struct evaluation network_evaluate(struct network *net, const float *param, const struct dataset *data)
{
    double loss = 0;
    size_t correct = 0;
    for (size_t first = 0; first < data->count; first += net->capacity) {
        const size_t left = data->count - first;
        const size_t count = left < net->capacity ? left : net->capacity;
        size_t correct_here;
        gather(net, data, NULL, first, count);
        forward(net, param, count);
        loss += softmax(net, count, &correct_here);
        correct += correct_here;
    }
    return (struct evaluation){.loss = loss / data->count, .accuracy = (double)correct / data->count};
}
