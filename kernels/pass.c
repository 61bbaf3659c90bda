/* SPDX-License-Identifier: MIT */
#include "pass.h"

#include <string.h>

#include "cpu.h"

/* Elements that are copied, updated and subtracted from while they are in the first-level cache. */
enum { DELTA_CHUNK = 1024 };

static struct state_use use_of(const struct descend_update *update)
{
    return update->rule->used(update->options);
}

static void stream(const struct descend_update *update, const void *scalars, size_t begin, size_t end)
{
    descend_stream_kernel *const *const kernels = update->extras ? update->kernels->extras : update->kernels->stream;
    kernels[update->options](scalars, &update->streams, begin, end);
}

/* The kernel that loads and stores these types itself; NULL where there is none. */
static descend_direct_kernel *direct_of(const struct descend_update *update)
{
    const struct descend_layout *layout = update->streams.layout;
    const unsigned used = use_of(update).read | use_of(update).written;
    const struct descend_direct *direct = update->table->direct;
    while (direct->kernel && (direct->kind != update->rule->kind || direct->options != update->options ||
                              direct->types.param != layout->param.type || direct->types.grad != layout->grad ||
                              ((used & 1) && direct->types.state[0] != layout->state[0].type) ||
                              ((used & 2) && direct->types.state[1] != layout->state[1].type)))
        direct++;
    return direct->kernel;
}

/* Not inlined, as those below are not: calls of few elements would save the registers that these need. */
__attribute__((noinline)) static void stream_stored(const struct descend_update *update, const void *scalars,
                                                    size_t begin, size_t end)
{
    update->table->stored_update(update->kernels->stream[update->options], direct_of(update), scalars, &update->streams,
                                 use_of(update), begin, end);
}

__attribute__((noinline)) static void reduce(const struct descend_update *update, size_t begin, size_t end)
{
    descend_reduce_kernel *const kernel = update->kernels->reduce[update->options];
    struct descend_streams streams = update->streams;
    if (update->unchanged)
        streams.param = (float *)update->unchanged; /* only read */
    for (size_t i = descend_segment_at(&update->segments, begin), at = begin; at < end; i++) {
        const size_t next = descend_segment_begin(&update->segments, i + 1);
        struct descend_norm_lanes lanes = {{0}, {0}};
        if (update->streams.layout)
            update->table->stored_reduce(kernel, &update->scalars, &streams, use_of(update), at, next, &lanes);
        else
            kernel(&update->scalars, &streams, at, next, &lanes);
        update->norms[i] = descend_norms_of(&lanes);
        at = next;
    }
}

__attribute__((noinline)) static void stream_after_reduce(const struct descend_update *update, size_t begin, size_t end)
{
    struct descend_scalars scalars = update->scalars;
    update->rule->after_reduce(update->config, update->ratio, &scalars);
    if (update->streams.layout)
        stream_stored(update, &scalars, begin, end);
    else
        stream(update, &scalars, begin, end);
}

static void stream_any(const struct descend_update *update, size_t begin, size_t end)
{
    if (update->rule->after_reduce)
        stream_after_reduce(update, begin, end);
    else if (update->streams.layout)
        stream_stored(update, &update->scalars, begin, end);
    else
        stream(update, &update->scalars, begin, end);
}

__attribute__((noinline)) static void stream_delta(const struct descend_update *update, size_t begin, size_t end)
{
    float *const delta = update->streams.param;
    for (size_t i = begin, next; i < end; i = next) {
        next = end - i < DELTA_CHUNK ? end : i + DELTA_CHUNK;
        memcpy(delta + i, update->unchanged + i, (next - i) * sizeof *delta);
        stream_any(update, i, next);
        update->table->subtract(delta + i, update->unchanged + i, next - i);
    }
}

void descend_update_pass(const struct descend_update *update, enum descend_pass_kind pass, size_t begin, size_t end)
{
    if (pass == PASS_REDUCE)
        reduce(update, begin, end);
    else if (update->unchanged)
        stream_delta(update, begin, end);
    else
        stream_any(update, begin, end);
}

struct pass {
    const struct descend_pass_work *work;
    enum descend_pass_kind kind;
};

static void pass_part(void *context, unsigned index, unsigned parts)
{
    const struct pass *pass = context;
    pass->work->part(pass->work->context, pass->kind, index, parts);
}

bool descend_passes(const struct descend_rule *rule, const struct descend_pass_work *work, size_t n,
                    const descend_exec *exec)
{
    struct pass pass = {work, PASS_REDUCE};
    if (rule->after_reduce) {
        if (!descend_run(pass_part, &pass, n, exec))
            return false;
        descend_guarded(work->find_ratios, work->context);
    }
    pass.kind = PASS_STREAM;
    return descend_run(pass_part, &pass, n, exec);
}
