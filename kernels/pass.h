/* The passes of a rule over its arrays, the same for flat calls and for the tensors of an optimizer. */
#ifndef DESCEND_PASS_H
#define DESCEND_PASS_H

#include "kernels.h"
#include "rule.h"
#include "run.h"
#include "segment.h"

/* PASS_REDUCE moves states and adds up norms, PASS_STREAM moves the parameters. Most rules have the second alone. */
enum descend_pass_kind { PASS_REDUCE, PASS_STREAM };

/* One array's step. */
struct descend_update {
    const struct descend_rule *rule;
    const void *config;
    const struct descend_rule_kernels *kernels;
    unsigned options;
    struct descend_scalars scalars;
    struct descend_streams streams;
    bool extras; /* whether anything but the update is to be done */
    /* Of a rule that reduces: */
    struct descend_segments segments;
    struct descend_norms *norms; /* one for each segment */
    double ratio;                /* of the norms of parameters and step; known in PASS_STREAM */
};

/* One pass over the elements [begin, end) of the array; in PASS_REDUCE both are where segments begin. To be called
 * guarded (cpu.h). */
void descend_update_pass(const struct descend_update *update, enum descend_pass_kind pass, size_t begin, size_t end);

/* What goes through the passes: one array, or all tensors of an optimizer. */
struct descend_pass_work {
    void *context;
    /* Part `index` of `parts` of one pass. */
    void (*part)(void *context, enum descend_pass_kind pass, unsigned index, unsigned parts);
    void (*find_ratios)(void *context); /* after PASS_REDUCE */
};

/* All passes of a rule, over n elements in all. To be called unguarded; calls what is in work guarded. */
void descend_passes(const struct descend_rule *rule, const struct descend_pass_work *work, size_t n,
                    const descend_exec *exec);

#endif
