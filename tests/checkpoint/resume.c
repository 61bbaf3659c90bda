/* SPDX-License-Identifier: MIT */
/* What is saved at any step and loaded into another object goes on as if it had never stopped, on other variants and
 * numbers of threads: every optimizer and set of options, absent gradients, configs that change on the way. */
#include <stdio.h>
#include <string.h>

#include "checkpoint/equal.h"
#include "checkpoint/files.h"
#include "descend/checkpoint.h"
#include "executions.h"
#include "mirror.h"
#include "test.h"

enum { STEPS = 6, SAVES = 4, CHANGE = 2, CHANGE_BACK = 4 };

/* The tensors of each group; the gradient is there in the steps whose bit is set. */
static const struct {
    struct shape shape;
    unsigned present;
} kinds[] = {
    {{.n = 0}, 0x3f},
    {{.n = 1}, 0x3f},
    {{.n = 33, .own_state = true}, 0x3b},
    {{.n = 1025}, 0x3f},
    {{.n = 100, .own_state = true, .step = 7}, 0x3d},
    {{.n = 20, .step = 1000000}, 0x35},
    {{.n = 64, .copy = DESCEND_BF16}, 0x3c}, /* no state initialised at the change of configs */
    {{.n = 65, .own_state = true}, 0x30},
    {{.n = 12}, 0},
};

/* All configurations of one optimizer. */
struct family {
    const struct configuration *configuration;
    unsigned count;
};

static void for_each_family(void (*check)(struct family family))
{
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0, end; i < count; i = end) {
        end = i + 1;
        while (end < count && strcmp(all[end].optimizer, all[i].optimizer) == 0)
            end++;
        check((struct family){&all[i], (unsigned)(end - i)});
    }
}

/* An object with a group for each configuration, in this order beginning with one of them. */
static struct mirror with_groups(struct family family, unsigned first)
{
    struct mirror mirror = mirror_new(&family.configuration[first % family.count]);
    for (unsigned i = 1; i < family.count; i++)
        mirror_group(&mirror, &family.configuration[(first + i) % family.count]);
    return mirror;
}

static void configure_groups(struct mirror *mirror, struct family family, unsigned first)
{
    for (unsigned i = 0; i < family.count; i++)
        mirror_configure(mirror, i, &family.configuration[(first + i) % family.count]);
}

/* With other: all that a file has to bring is another thing. */
static void add_tensors(struct mirror *mirror, bool other, enum data_kind kind)
{
    for (unsigned group = 0; group < mirror->groups; group++)
        for (size_t i = 0; i < COUNT(kinds); i++) {
            struct shape shape = kinds[i].shape;
            shape.group = group;
            if (other) {
                shape.own_state = !shape.own_state;
                shape.step = i % 2 ? 3 : 0;
            }
            mirror_add(mirror, &shape, 1, kind, other ? 77 : 1);
        }
}

static descend_status step(void *optimizer, const descend_exec *exec)
{
    return descend_optimizer_step(optimizer, NULL, exec);
}

/* Takes the step on another variant and in other parts for every turn. */
static void take_step(struct mirror *mirror, unsigned number, enum data_kind kind, unsigned turn)
{
    mirror_gradients(mirror, kind, 1000 * number);
    for (size_t i = 0; i < mirror->count; i++)
        mirror_absent(mirror, i, !(kinds[i % COUNT(kinds)].present >> number & 1));
    assert_int_equal(make_in_turn(step, mirror->optimizer, turn, mirror->group[0].in_slices), DESCEND_OK);
}

/* An object of other configs, values and past, which goes on from the file of this one. */
static struct mirror saved_and_loaded(const struct mirror *from, struct family family, unsigned turn)
{
    const descend_checkpoint with_params = {.params = true};
    struct mirror mirror = with_groups(family, turn + 1);
    add_tensors(&mirror, true, ORDINARY);
    if (turn % 2)
        take_step(&mirror, turn % STEPS, ORDINARY, turn);
    assert_int_equal(descend_optimizer_save(from->optimizer, FILE_PATH, &with_params), DESCEND_OK);
    assert_int_equal(descend_optimizer_load(mirror.optimizer, FILE_PATH, &with_params), DESCEND_OK);
    assert_equal_optimizers(from->optimizer, mirror.optimizer, "loaded, turn %u", turn);
    return mirror;
}

/* One object goes through all steps; beside it, from each of the first steps on, one that was loaded from the file of
 * the one before. All groups take the configs of others for a while. */
static void check_steps(struct family family, unsigned change, enum data_kind kind, unsigned turn)
{
    struct mirror runner[1 + SAVES] = {with_groups(family, 0)};
    unsigned runners = 1;
    add_tensors(&runner[0], false, kind);
    for (unsigned number = 0; number < STEPS; number++) {
        for (unsigned i = 0; i < runners && (number == CHANGE || number == CHANGE_BACK); i++)
            configure_groups(&runner[i], family, number == CHANGE ? change : 0);
        if (number < SAVES) {
            runner[runners] = saved_and_loaded(&runner[runners - 1], family, turn + number);
            runners++;
        }
        for (unsigned i = 0; i < runners; i++) {
            take_step(&runner[i], number, kind, turn + i);
            assert_equal_optimizers(runner[0].optimizer, runner[i].optimizer, "%s data, change %u, step %u, runner %u",
                                    data_kind_names[kind], change, number, i);
        }
    }
    for (unsigned i = 0; i < runners; i++)
        mirror_free(&runner[i]);
}

/* The five runners of two turns are on every variant, before and behind a file. */
static void check_data(struct family family)
{
    for (enum data_kind kind = 0; kind < DATA_KINDS; kind++)
        check_steps(family, 0, kind, kind);
}

static void as_if_never_stopped(void **state)
{
    (void)state;
    for_each_family(check_data);
}

/* From every set of options to others, one state or another being initialised by it. */
static void check_changes(struct family family)
{
    for (unsigned change = 1; change < family.count; change += 1 + family.count / 4)
        check_steps(family, change, ORDINARY, change);
}

static void configs_that_change(void **state)
{
    (void)state;
    for_each_family(check_changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_if_never_stopped),
        cmocka_unit_test(configs_that_change),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
