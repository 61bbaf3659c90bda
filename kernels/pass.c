#include "pass.h"

#include "cpu.h"

static void reduce(const struct descend_update *update, size_t begin, size_t end)
{
    descend_reduce_kernel *const kernel = update->kernels->reduce[update->options];
    for (size_t i = descend_segment_at(&update->segments, begin), at = begin; at < end; i++) {
        const size_t next = descend_segment_begin(&update->segments, i + 1);
        update->norms[i] = kernel(&update->scalars, &update->streams, at, next);
        at = next;
    }
}

void descend_update_pass(const struct descend_update *update, enum descend_pass_kind pass, size_t begin, size_t end)
{
    descend_stream_kernel *const *const kernels = update->extras ? update->kernels->extras : update->kernels->stream;
    descend_stream_kernel *const kernel = kernels[update->options];
    if (pass == PASS_REDUCE) {
        reduce(update, begin, end);
    } else if (update->rule->after_reduce) {
        struct descend_scalars scalars = update->scalars;
        update->rule->after_reduce(update->config, update->ratio, &scalars);
        kernel(&scalars, &update->streams, begin, end);
    } else {
        kernel(&update->scalars, &update->streams, begin, end);
    }
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

void descend_passes(const struct descend_rule *rule, const struct descend_pass_work *work, size_t n,
                    const descend_exec *exec)
{
    struct pass pass = {work, PASS_REDUCE};
    if (rule->after_reduce) {
        descend_run(pass_part, &pass, n, exec);
        descend_guarded(work->find_ratios, work->context);
    }
    pass.kind = PASS_STREAM;
    descend_run(pass_part, &pass, n, exec);
}
