/* SPDX-License-Identifier: MIT */
/* Compiled once per ISA, like kernels/kernels.c: each pass is as good a loop as the library's. */
#include "separate.h"

#include "formulas/adam.h"

static void update_exp_avg(const struct adam_scalars *k, float *m, const float *g, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i += VF_LANES)
        vf_store_f32(m, i, average(k->beta1, vf_load_f32(m, i), vf_load_f32(g, i)));
}

static void update_exp_avg_sq(const struct adam_scalars *k, float *v, const float *g, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i += VF_LANES)
        vf_store_f32(v, i, average_square(k->beta2, vf_load_f32(v, i), vf_load_f32(g, i)));
}

static void find_denominator(const struct adam_scalars *k, float *d, const float *v, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i += VF_LANES) {
        const vf root =
            vf_quotient(vf_sqrt(vf_load_f32(v, i)), vf_set1(k->root_correction2), vf_set1(k->inverse_root_correction2));
        vf_store_f32(d, i, vf_add(root, vf_set1(k->eps)));
    }
}

static void update_param(const struct adam_scalars *k, float *p, const float *m, const float *d, size_t begin,
                         size_t end)
{
    for (size_t i = begin; i < end; i += VF_LANES) {
        const vf change = vf_div(vf_mul(vf_set1(k->minus_step_size), vf_load_f32(m, i)), vf_load_f32(d, i));
        vf_store_f32(p, i, vf_add(vf_load_f32(p, i), change));
    }
}

static void adam(const void *scalars, const struct descend_streams *streams, size_t begin, size_t end)
{
    float *m = streams->state[0], *v = streams->state[1], *d = streams->state[2];
    update_exp_avg(scalars, m, streams->grad, begin, end);
    update_exp_avg_sq(scalars, v, streams->grad, begin, end);
    find_denominator(scalars, d, v, begin, end);
    update_param(scalars, streams->param, m, d, begin, end);
}

static void scale(float *array, float factor, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i += VF_LANES)
        vf_store_f32(array, i, vf_mul(vf_load_f32(array, i), vf_set1(factor)));
}

static void copy(void *to, const float *from, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i += VF_LANES)
        vf_store_bf16(to, i, vf_load_f32(from, i));
}

#define PASTE(a, b) a##b
#define TABLE(isa) PASTE(separate_, isa)
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
extern const struct separate_kernels TABLE(VF_ISA);
const struct separate_kernels TABLE(VF_ISA) = {TEXT(VF_ISA), adam, scale, copy};
