#include "equal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "data.h"

static void assert_equal_configs(const descend_optimizer *a, const descend_optimizer *b, const char *where)
{
    const unsigned groups = descend_optimizer_group_count(a);
    assert_string_equal(descend_optimizer_name(a), descend_optimizer_name(b));
    assert_int_equal(groups, descend_optimizer_group_count(b));
    for (unsigned group = 0; group < groups; group++)
        for (size_t field = 0; field < descend_optimizer_field_count(a); field++) {
            const double x = descend_optimizer_field(a, group, field), y = descend_optimizer_field(b, group, field);
            if (memcmp(&x, &y, sizeof x) != 0)
                fail_msg("%s, %s: %s of group %u is %a and %a", descend_optimizer_name(a), where,
                         descend_optimizer_field_name(a, field), group, x, y);
        }
}

/* Both absent, or the same; of no elements, whichever. */
static bool equal_arrays(descend_array a, descend_array b, size_t n)
{
    if (n == 0 || !a.data || !b.data)
        return n == 0 || a.data == b.data;
    return first_difference(a.data, b.data, n) == n;
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
    for (size_t k = 0; k < descend_optimizer_state_count(optimizer); k++)
        if (!equal_arrays(a->state[k], b->state[k], descend_optimizer_state_length(optimizer, tensor, k)))
            return descend_optimizer_state_name(optimizer, k);
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
    for (size_t i = 0; i < count; i++) {
        descend_tensor x, y;
        unsigned group_x, group_y;
        assert_int_equal(descend_optimizer_tensor(a, i, &x, &group_x), DESCEND_OK);
        assert_int_equal(descend_optimizer_tensor(b, i, &y, &group_y), DESCEND_OK);
        const char *wrong = group_x != group_y ? "group" : difference(a, i, &x, &y);
        if (wrong)
            fail_msg("%s, %s: %s of %s, n %zu, differs; steps %llu and %llu", descend_optimizer_name(a), where, wrong,
                     x.name, x.n, (unsigned long long)x.step, (unsigned long long)y.step);
    }
}
