/* SPDX-License-Identifier: MIT */
/*
 * Two trainers' update loops as they are with the flat functions, and as they become with the object: the same bits.
 * One keeps a GPT-2's parameters in a single buffer and decays matrices only; the other has a pool of its own, whose
 * threads all walk the same list of operations, each doing its part.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "descend/optimizer.h"
#include "descend/scaler.h"
#include "numerics.h"
#include "sanitizers.h"
#include "test.h"

enum { STEPS = 6 };

/* GPT-2's 16 parameter tensors, those of all layers in one; 124 M elements in the small model, fewer in this. */
enum { TENSORS = 16, VOCABULARY = 509, CONTEXT = 40, LAYERS = 3, C = 24 };
static const struct {
    const char *name;
    size_t n;
    bool is_matrix;
} gpt2[TENSORS] = {
    {"wte", VOCABULARY *C, true},
    {"wpe", CONTEXT *C, true},
    {"ln1w", LAYERS *C, false},
    {"ln1b", LAYERS *C, false},
    {"qkvw", LAYERS * 3 * C *C, true},
    {"qkvb", LAYERS * 3 * C, false},
    {"attprojw", LAYERS *C *C, true},
    {"attprojb", LAYERS *C, false},
    {"ln2w", LAYERS *C, false},
    {"ln2b", LAYERS *C, false},
    {"fcw", LAYERS * 4 * C *C, true},
    {"fcb", LAYERS * 4 * C, false},
    {"fcprojw", LAYERS *C * 4 * C, true},
    {"fcprojb", LAYERS *C, false},
    {"lnfw", C, false},
    {"lnfb", C, false},
};

/* One buffer for each of the four; a tensor is a range of each. */
struct model {
    float *params, *grads, *m, *v;
    size_t n;
};

static struct model model_new(void)
{
    struct model model = {.n = 0};
    for (size_t i = 0; i < TENSORS; i++)
        model.n += gpt2[i].n;
    float **const buffers[] = {&model.params, &model.grads, &model.m, &model.v};
    for (size_t k = 0; k < 4; k++)
        assert_non_null(*buffers[k] = calloc(model.n, sizeof(float)));
    fill(model.params, model.n, ORDINARY, 1);
    return model;
}

static void model_free(struct model *model)
{
    free(model->params);
    free(model->grads);
    free(model->m);
    free(model->v);
}

/* Adds to the gradients, as backward does, so that they have to be zeroed; and from the parameters, so that what one
 * step gets wrong the next ones show. */
static void backward(struct model *model, unsigned step)
{
    uint64_t seed = step;
    for (size_t i = 0; i < model->n; i++)
        model->grads[i] += 0.01f * model->params[i] + (float)(int32_t)random_bits(&seed) * 0x1p-31f;
}

/* Warm-up and decay. */
static double learning_rate(unsigned step)
{
    return 3e-3 * (step < 3 ? step / 3.0 : 1 / sqrt(step));
}

static const descend_adamw decayed = {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.1};
static const descend_adamw undecayed = {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8};

static void train_by_functions(struct model *model)
{
    for (unsigned step = 1; step <= STEPS; step++) {
        const float *tensor[TENSORS];
        size_t n[TENSORS], at = 0;
        backward(model, step);
        for (size_t i = 0; i < TENSORS; at += n[i++])
            tensor[i] = model->grads + at, n[i] = gpt2[i].n;
        const float clip = (float)descend_clip_coefficient(1.0, norm_of(tensor, n, TENSORS));
        for (size_t i = 0; i < model->n; i++)
            model->grads[i] *= clip;
        at = 0;
        for (size_t i = 0; i < TENSORS; at += n[i++]) {
            descend_adamw config = gpt2[i].is_matrix ? decayed : undecayed;
            config.lr = learning_rate(step);
            assert_int_equal(descend_adamw_step(&config, step, model->params + at, model->grads + at, model->m + at,
                                                model->v + at, NULL, n[i], NULL),
                             DESCEND_OK);
        }
        memset(model->grads, 0, model->n * sizeof *model->grads);
    }
}

static descend_optimizer *optimizer_of(struct model *model)
{
    descend_optimizer *optimizer;
    unsigned others;
    size_t at = 0;
    assert_int_equal(descend_optimizer_create(&optimizer, &(descend_config){.kind = DESCEND_ADAMW, .adamw = decayed}),
                     DESCEND_OK);
    assert_int_equal(
        descend_optimizer_group(optimizer, &(descend_config){.kind = DESCEND_ADAMW, .adamw = undecayed}, &others),
        DESCEND_OK);
    for (size_t i = 0; i < TENSORS; at += gpt2[i++].n) {
        const descend_tensor tensor = {.name = gpt2[i].name,
                                       .n = gpt2[i].n,
                                       .param.data = model->params + at,
                                       .grad.data = model->grads + at,
                                       .state = {{.data = model->m + at}, {.data = model->v + at}}};
        assert_int_equal(descend_optimizer_add(optimizer, gpt2[i].is_matrix ? 0 : others, &tensor, 1), DESCEND_OK);
    }
    return optimizer;
}

static void train_by_object(struct model *model)
{
    descend_optimizer *optimizer = optimizer_of(model);
    for (unsigned step = 1; step <= STEPS; step++) {
        descend_measurement found;
        backward(model, step);
        assert_int_equal(descend_optimizer_measure(optimizer, NULL, &found), DESCEND_OK);
        assert_true(found.finite);
        const double coefficient = descend_clip_coefficient(1.0, found.norm);
        const descend_pass pass = {.grad_scale = &coefficient, .zero_grad = true};
        for (unsigned group = 0; group < 2; group++)
            assert_int_equal(descend_optimizer_set_lr(optimizer, group, learning_rate(step)), DESCEND_OK);
        assert_int_equal(descend_optimizer_step(optimizer, &pass, NULL), DESCEND_OK);
    }
    descend_optimizer_destroy(optimizer);
}

static void one_buffer_for_all_parameters(void **state)
{
    (void)state;
    for (const char *const *variant = variants(); *variant; variant++) {
        struct model flat = model_new(), object = model_new();
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        train_by_functions(&flat);
        train_by_object(&object);
        assert_memory_equal(flat.params, object.params, flat.n * sizeof(float));
        assert_memory_equal(flat.grads, object.grads, flat.n * sizeof(float));
        assert_memory_equal(flat.m, object.m, flat.n * sizeof(float));
        assert_memory_equal(flat.v, object.v, flat.n * sizeof(float));
        model_free(&flat);
        model_free(&object);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

/* A graph's computation: every thread walks all of its nodes as number ith of nth, and waits for the others behind
 * each. */
enum { NODES = 7, NTH = 4, LARGEST = 20000 };
static const size_t node_n[NODES] = {LARGEST, 1, 4097, 33, 12288, 100, 8191};

struct graph {
    float param[NODES][LARGEST], grad[NODES][LARGEST], momentum[NODES][LARGEST];
    descend_optimizer *optimizer; /* NULL: the flat functions */
    descend_measurement found;    /* written by one thread, or by the last slice */
    bool failed[NTH];
    pthread_barrier_t barrier;
};

static const descend_sgd momentum = {.lr = 0.01, .momentum = 0.9, .weight_decay = 1e-4, .nesterov = true};

struct worker {
    struct graph *graph;
    unsigned ith;
};

static void compute_gradient(struct graph *graph, size_t node, unsigned step, unsigned ith)
{
    size_t begin, end;
    descend_slice(node_n[node], ith, NTH, &begin, &end);
    uint64_t seed = 1000 * step + 100 * node + ith;
    for (size_t i = begin; i < end; i++)
        graph->grad[node][i] = 0.1f * graph->param[node][i] + (float)(int32_t)random_bits(&seed) * 0x1p-31f;
}

/* The norm is the work of one thread, the product and the update of all. */
static bool update_by_functions(struct graph *graph, unsigned step, unsigned ith)
{
    const descend_exec part = {.slice = ith, .slices = NTH};
    bool good = true;
    if (ith == 0) {
        const float *grad[NODES];
        for (size_t node = 0; node < NODES; node++)
            grad[node] = graph->grad[node];
        graph->found.norm = norm_of(grad, node_n, NODES);
    }
    pthread_barrier_wait(&graph->barrier);
    const float clip = (float)descend_clip_coefficient(10.0, graph->found.norm);
    for (size_t node = 0; node < NODES; node++) {
        size_t begin, end;
        descend_slice(node_n[node], ith, NTH, &begin, &end);
        for (size_t i = begin; i < end; i++)
            graph->grad[node][i] *= clip;
        good = descend_sgd_step(&momentum, step, graph->param[node], graph->grad[node], graph->momentum[node],
                                node_n[node], &part) == DESCEND_OK &&
               good;
        pthread_barrier_wait(&graph->barrier);
    }
    return good;
}

/* Two nodes instead of two for each tensor. */
static bool update_by_object(struct graph *graph, unsigned ith)
{
    const descend_exec part = {.slice = ith, .slices = NTH};
    bool good = descend_optimizer_measure(graph->optimizer, &part, &graph->found) == DESCEND_OK;
    pthread_barrier_wait(&graph->barrier);
    const double coefficient = descend_clip_coefficient(10.0, graph->found.norm);
    const descend_pass pass = {.grad_scale = &coefficient};
    good = descend_optimizer_step(graph->optimizer, &pass, &part) == DESCEND_OK && good;
    pthread_barrier_wait(&graph->barrier);
    return good;
}

static void *compute_graph(void *argument)
{
    const struct worker *worker = argument;
    struct graph *graph = worker->graph;
    bool good = true;
    for (unsigned step = 1; step <= STEPS; step++) {
        for (size_t node = 0; node < NODES; node++)
            compute_gradient(graph, node, step, worker->ith);
        pthread_barrier_wait(&graph->barrier);
        good =
            (graph->optimizer ? update_by_object(graph, worker->ith) : update_by_functions(graph, step, worker->ith)) &&
            good;
    }
    graph->failed[worker->ith] = !good;
    return NULL;
}

static void compute(struct graph *graph)
{
    struct worker worker[NTH];
    pthread_t thread[NTH];
    assert_int_equal(pthread_barrier_init(&graph->barrier, NULL, NTH), 0);
    for (unsigned i = 0; i < NTH; i++) {
        worker[i] = (struct worker){graph, i};
        assert_int_equal(pthread_create(&thread[i], NULL, compute_graph, &worker[i]), 0);
    }
    for (unsigned i = 0; i < NTH; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_false(graph->failed[i]);
    }
    pthread_barrier_destroy(&graph->barrier);
}

static struct graph *graph_new(void)
{
    struct graph *graph = calloc(1, sizeof *graph);
    assert_non_null(graph);
    for (size_t node = 0; node < NODES; node++)
        fill(graph->param[node], node_n[node], ORDINARY, node);
    return graph;
}

static void add_nodes(struct graph *graph)
{
    descend_tensor tensors[NODES];
    char names[NODES][24];
    assert_int_equal(
        descend_optimizer_create(&graph->optimizer, &(descend_config){.kind = DESCEND_SGD, .sgd = momentum}),
        DESCEND_OK);
    for (size_t node = 0; node < NODES; node++) {
        snprintf(names[node], sizeof names[node], "%zu", node);
        tensors[node] = (descend_tensor){.name = names[node],
                                         .n = node_n[node],
                                         .param.data = graph->param[node],
                                         .grad.data = graph->grad[node],
                                         .state = {{.data = graph->momentum[node]}}};
    }
    assert_int_equal(descend_optimizer_add(graph->optimizer, 0, tensors, NODES), DESCEND_OK);
}

static void a_pool_whose_threads_walk_a_graph(void **state)
{
    (void)state;
    for (const char *const *variant = variants(); *variant; variant++) {
        struct graph *flat = graph_new(), *object = graph_new();
        assert_int_equal(descend_isa_force(THREAD_SANITIZER ? "scalar" : *variant), DESCEND_OK);
        compute(flat);
        add_nodes(object);
        compute(object);
        descend_optimizer_destroy(object->optimizer);
        assert_memory_equal(&flat->found.norm, &object->found.norm, sizeof flat->found.norm);
        assert_memory_equal(flat->param, object->param, sizeof flat->param);
        assert_memory_equal(flat->momentum, object->momentum, sizeof flat->momentum);
        free(flat);
        free(object);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_buffer_for_all_parameters),
        cmocka_unit_test(a_pool_whose_threads_walk_a_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
