/* SPDX-License-Identifier: MIT */
#include "golden_content.h"

#include <string.h>

#include "mirror.h"

const descend_scaler golden_scaler = {1024, 1.1, 0.3, 100, 7};
const descend_note golden_notes[2] = {{"seed", "1234"}, {"who", "\xc3\xa4\"\\\n"}};

enum { ADAMW = 3, STORED = GOLDEN_FILES - 1 };

/* The configs of the groups of each optimizer. */
static const descend_config configs[STORED][GOLDEN_GROUPS] = {
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

static const descend_dtype stored_states[DESCEND_STATES] = {DESCEND_B8, DESCEND_UB8, DESCEND_BF16};

static const struct {
    const char *name;
    size_t n;
    uint64_t step;
    unsigned group;
    descend_dtype stored;
} tensors[GOLDEN_TENSORS] = {{"w1", 6, 5, 0, DESCEND_BF16_SPLIT},
                             {"layer.0.b\xc3\xa4", 3, 1000000, 1, DESCEND_BF16},
                             {"empty", 0, 2, 1, DESCEND_BF16_SPLIT},
                             {"new", 2, 0, 0, DESCEND_F32}};

static const descend_config *configs_of(unsigned file)
{
    return configs[file == STORED ? ADAMW : file];
}

const char *golden_name(unsigned file)
{
    return file == STORED ? "stored" : descend_kind_name(configs_of(file)->kind);
}

/* Array 0 is the parameter, the states follow. */
static descend_status set_values(const descend_array *to, size_t tensor, size_t array)
{
    static const uint32_t special[] = {0x7fc00001, 0xff800000, 0x00000001, 0x80000000};
    float values[GOLDEN_N];
    for (size_t i = 0; i < GOLDEN_N; i++)
        values[i] = (float)(100 * tensor + 10 * array + i) / (i % 2 ? -8.0f : 8.0f);
    if (tensor == 0)
        memcpy(values + 2, special, sizeof special);
    return descend_array_store(to, tensors[tensor].n, values);
}

static descend_status add_tensor(struct golden *golden, unsigned file, size_t t, bool blank)
{
    const descend_kind kind = configs_of(file)->kind;
    descend_tensor tensor = {.name = tensors[t].name, .n = tensors[t].n};
    descend_status status = DESCEND_OK;
    tensor.param =
        (descend_array){golden->param[t], file == STORED ? tensors[t].stored : DESCEND_F32, golden->second[t][0]};
    if (!blank)
        status = set_values(&tensor.param, t, 0);
    for (size_t k = 0; k < descend_kind_state_count(kind) && status == DESCEND_OK; k++) {
        tensor.state[k] = (descend_array){golden->state[t][k], file == STORED ? stored_states[k] : DESCEND_F32,
                                          golden->second[t][1 + k]};
        if (!blank)
            status = set_values(&tensor.state[k], t, 1 + k);
        if (!blank && strcmp(descend_kind_state(kind, k)->name, "mu_product") == 0)
            *golden->state[t][k] = 0.25f / (float)(1u << t);
    }
    if (!blank)
        tensor.step = tensors[t].step;
    return status == DESCEND_OK ? descend_optimizer_add(golden->optimizer, tensors[t].group, &tensor, 1) : status;
}

descend_optimizer *golden_make(struct golden *golden, unsigned file, bool blank)
{
    *golden = (struct golden){.optimizer = NULL};
    descend_status status = descend_optimizer_create(&golden->optimizer, &configs_of(file)[blank ? 1 : 0]);
    if (status == DESCEND_OK)
        status = descend_optimizer_group(golden->optimizer, &configs_of(file)[blank ? 0 : 1], NULL);
    if (status == DESCEND_OK && file == STORED && !blank)
        status = descend_optimizer_set_seed(golden->optimizer, UINT64_MAX);
    for (size_t t = 0; t < GOLDEN_TENSORS && status == DESCEND_OK; t++)
        status = add_tensor(golden, file, t, blank);
    return status == DESCEND_OK ? golden->optimizer : NULL;
}
