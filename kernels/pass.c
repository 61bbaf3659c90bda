/* SPDX-License-Identifier: MIT */
#include "pass.h"

#include "cpu.h"

static descend_stream_kernel *stream_kernel(const struct descend_update *update)
{
    return (update->extras ? update->kernels->extras : update->kernels->stream)[update->options];
}

/* Not inlined, as stream_after_reduce is not: calls of few elements would save the registers that these two need. */
__attribute__((noinline)) static void reduce(const struct descend_update *update, size_t begin, size_t end)
{
    descend_reduce_kernel *const kernel = update->kernels->reduce[update->options];
    for (size_t i = descend_segment_at(&update->segments, begin), at = begin; at < end; i++) {
        const size_t next = descend_segment_begin(&update->segments, i + 1);
        update->norms[i] = kernel(&update->scalars, &update->streams, at, next);
        at = next;
    }
}

__attribute__((noinline)) static void stream_after_reduce(const struct descend_update *update, size_t begin, size_t end)
{
    struct descend_scalars scalars = update->scalars;
    update->rule->after_reduce(update->config, update->ratio, &scalars);
    stream_kernel(update)(&scalars, &update->streams, begin, end);
}

void descend_update_pass(const struct descend_update *update, enum descend_pass_kind pass, size_t begin, size_t end)
{
    if (pass == PASS_REDUCE)
        reduce(update, begin, end);
    else if (update->rule->after_reduce)
        stream_after_reduce(update, begin, end);
    else
        stream_kernel(update)(&update->scalars, &update->streams, begin, end);
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
