/* SPDX-License-Identifier: MIT */
#include "equal.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "data.h"
#include "storage.h"
#include "test.h"

static void assert_equal_configs(const descend_optimizer *a, const descend_optimizer *b, const char *where)
{
    const unsigned groups = descend_optimizer_group_count(a);
    const descend_kind kind = descend_optimizer_kind(a);
    assert_int_equal(kind, descend_optimizer_kind(b));
    assert_int_equal(groups, descend_optimizer_group_count(b));
    for (unsigned group = 0; group < groups; group++) {
        descend_config x, y;
        assert_int_equal(descend_optimizer_config(a, group, &x), DESCEND_OK);
        assert_int_equal(descend_optimizer_config(b, group, &y), DESCEND_OK);
        const char *field = config_difference(&x, &y);
        if (field)
            fail_msg("%s, %s: %s of group %u differs", descend_kind_name(kind), where, field, group);
    }
}

/* Both absent, or the same; of no elements, whichever. */
static bool equal_arrays(descend_array a, descend_array b, size_t n)
{
    if (n == 0 || !a.data || !b.data)
        return n == 0 || a.data == b.data;
    return stored_equal(&a, &b, n);
}

/* What differs in two tensors; NULL if nothing. */
static const char *difference(const descend_optimizer *optimizer, size_t tensor, const descend_tensor *a,
                              const descend_tensor *b)
{
    if (strcmp(a->name, b->name) != 0)
        return "name";
    if (a->n != b->n)
        return "n";
    if (a->step != b->step)
        return "step";
    if (!equal_arrays(a->param, b->param, a->n))
        return "param";
    const descend_kind kind = descend_optimizer_kind(optimizer);
    for (size_t k = 0; k < descend_kind_state_count(kind); k++)
        if (!equal_arrays(a->state[k], b->state[k], descend_optimizer_state_length(optimizer, tensor, k)))
            return descend_kind_state(kind, k)->name;
    return NULL;
}

void assert_equal_optimizers(const descend_optimizer *a, const descend_optimizer *b, const char *context, ...)
{
    char where[256];
    va_list arguments;
    va_start(arguments, context);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it does not see va_start here */
    vsnprintf(where, sizeof where, context, arguments);
    va_end(arguments);
    assert_equal_configs(a, b, where);
    const size_t count = descend_optimizer_tensor_count(a);
    assert_int_equal(count, descend_optimizer_tensor_count(b));
    if (descend_optimizer_seed(a) != descend_optimizer_seed(b))
        fail_msg("%s: the seed differs", where);
    for (size_t i = 0; i < count; i++) {
        descend_tensor x, y;
        unsigned group_x, group_y;
        assert_int_equal(descend_optimizer_tensor(a, i, &x, &group_x), DESCEND_OK);
        assert_int_equal(descend_optimizer_tensor(b, i, &y, &group_y), DESCEND_OK);
        const char *wrong = group_x != group_y ? "group" : difference(a, i, &x, &y);
        if (wrong)
            fail_msg("%s, %s: %s of %s, n %zu, differs; steps %llu and %llu",
                     descend_kind_name(descend_optimizer_kind(a)), where, wrong, x.name, x.n,
                     (unsigned long long)x.step, (unsigned long long)y.step);
    }
}
