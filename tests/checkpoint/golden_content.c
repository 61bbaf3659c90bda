/* SPDX-License-Identifier: MIT */
#include "golden_content.h"

#include <string.h>

#include "mirror.h"

const descend_scaler golden_scaler = {1024, 1.1, 0.3, 100, 7};
const descend_note golden_notes[2] = {{"seed", "1234"}, {"who", "\xc3\xa4\"\\\n"}};

/* The configs of the groups of each optimizer. */
static const descend_config configs[GOLDEN_OPTIMIZERS][GOLDEN_GROUPS] = {
    {{.kind = DESCEND_SGD, .sgd = {.lr = 0.1, .momentum = 0.9, .dampening = 0.25, .weight_decay = 1e-4}},
     {.kind = DESCEND_SGD, .sgd = {.lr = 0.3, .momentum = 0.5, .nesterov = true, .maximize = true}}},
    {{.kind = DESCEND_RMSPROP,
      .rmsprop = {.lr = 0.1, .alpha = 0.98, .eps = 1e-7, .weight_decay = 1e-4, .momentum = 0.9}},
     {.kind = DESCEND_RMSPROP,
      .rmsprop = {.lr = 0.3, .alpha = 0.5, .eps = 1e-300, .centered = true, .maximize = true}}},
    {{.kind = DESCEND_ADAM, .adam = {.lr = 0.1, .beta1 = 0.8, .beta2 = 0.98, .eps = 1e-7, .weight_decay = 1e-4}},
     {.kind = DESCEND_ADAM,
      .adam = {.lr = 0.3, .beta1 = 0, .beta2 = 0.5, .eps = 1e-300, .amsgrad = true, .maximize = true}}},
    {{.kind = DESCEND_ADAMW, .adamw = {.lr = 0.1, .beta1 = 0.8, .beta2 = 0.98, .eps = 1e-7, .weight_decay = 1e-4}},
     {.kind = DESCEND_ADAMW,
      .adamw = {.lr = 0.3, .beta1 = 0, .beta2 = 0.5, .eps = 1e-300, .amsgrad = true, .maximize = true}}},
    {{.kind = DESCEND_NADAM,
      .nadam = {.lr = 0.1, .beta1 = 0.8, .beta2 = 0.98, .eps = 1e-7, .weight_decay = 1e-4, .momentum_decay = 0.5}},
     {.kind = DESCEND_NADAM,
      .nadam = {.lr = 0.3, .beta1 = 0, .beta2 = 0.5, .eps = 1e-300, .decoupled_weight_decay = true, .maximize = true}}},
};

static const struct {
    const char *name;
    size_t n;
    uint64_t step;
    unsigned group;
} tensors[GOLDEN_TENSORS] = {
    {"w1", 6, 5, 0}, {"layer.0.b\xc3\xa4", 3, 1000000, 1}, {"empty", 0, 2, 1}, {"new", 2, 0, 0}};

const char *golden_name(unsigned optimizer)
{
    return descend_kind_name(configs[optimizer][0].kind);
}

/* Array 0 is the parameter, the states follow. */
static void set_values(float *to, size_t tensor, size_t array)
{
    static const uint32_t special[] = {0x7fc00001, 0xff800000, 0x00000001, 0x80000000};
    for (size_t i = 0; i < tensors[tensor].n; i++)
        to[i] = (float)(100 * tensor + 10 * array + i) / (i % 2 ? -8.0f : 8.0f);
    if (tensor == 0)
        memcpy(to + 2, special, sizeof special);
}

descend_optimizer *golden_make(struct golden *golden, unsigned number, bool blank)
{
    *golden = (struct golden){.optimizer = NULL};
    descend_status status = descend_optimizer_create(&golden->optimizer, &configs[number][blank ? 1 : 0]);
    if (status == DESCEND_OK)
        status = descend_optimizer_group(golden->optimizer, &configs[number][blank ? 0 : 1], NULL);
    for (size_t t = 0; t < GOLDEN_TENSORS && status == DESCEND_OK; t++) {
        descend_tensor tensor = {.name = tensors[t].name, .n = tensors[t].n, .param.data = golden->param[t]};
        const descend_kind kind = configs[number][0].kind;
        for (size_t k = 0; k < descend_kind_state_count(kind); k++) {
            tensor.state[k].data = golden->state[t][k];
            if (!blank)
                set_values(golden->state[t][k], t, 1 + k);
            if (!blank && strcmp(descend_kind_state(kind, k)->name, "mu_product") == 0)
                *golden->state[t][k] = 0.25f / (float)(1u << t);
        }
        if (!blank) {
            tensor.step = tensors[t].step;
            set_values(golden->param[t], t, 0);
        }
        status = descend_optimizer_add(golden->optimizer, tensors[t].group, &tensor, 1);
    }
    return status == DESCEND_OK ? golden->optimizer : NULL;
}
