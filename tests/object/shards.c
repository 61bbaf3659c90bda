/* SPDX-License-Identifier: MIT */
/* A tensor that is a shard of a larger one: its norms are of the segments of the whole (docs/numerics.md, rule 7), its
 * updates are those of any tensor; what says where it lies is checked, and can be asked for. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "executions.h"
#include "kernels/plain_lamb.h"
#include "mirror.h"
#include "test.h"

/* Segments of the whole are of 8192 elements. */
enum { WHOLE = LAMB_LARGE, SEGMENT = 8192 };

static const struct shard {
    size_t first, n;
} shards[] = {
    {0, WHOLE},
    {0, 5 * SEGMENT},
    {3 * SEGMENT, 2 * SEGMENT},
    {2 * SEGMENT, SEGMENT / 2},
    {7 * SEGMENT, 3 * SEGMENT + 5},
    {WHOLE - SEGMENT - 1, SEGMENT + 1},
    {WHOLE - 1, 1},
    {SEGMENT / 2, 3 * SEGMENT}, /* these begin within a segment: of it, the elements that are there */
    {SEGMENT - 1, 2},
    {3 * SEGMENT + 5, 7},
    {4096, 100000},
};

/* Of the elements first … first + n - 1 of the whole, which lie at x. */
static double norm_of_shard(const float *x, size_t first, size_t n)
{
    double sum = 0;
    for (size_t at = 0, next; at < n; at = next) {
        double lane[16] = {0}, lanes = 0;
        next = at + SEGMENT - (first + at) % SEGMENT;
        for (size_t i = at; i < next && i < n; i++)
            lane[(i - at) % 16] += (double)x[i] * (double)x[i];
        for (size_t i = 0; i < 16; i++)
            lanes += lane[i];
        sum += lanes;
    }
    return sqrt(sum);
}

static descend_optimizer *optimizer_of(const descend_config *config, const struct shard *shard,
                                       const struct arrays *arrays)
{
    descend_optimizer *optimizer;
    const descend_tensor tensor = {.name = "w",
                                   .n = shard->n,
                                   .first = shard->first,
                                   .whole = WHOLE,
                                   .param.data = arrays->array[PARAM],
                                   .grad.data = arrays->array[GRAD]};
    assert_int_equal(descend_optimizer_create(&optimizer, config), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    return optimizer;
}

struct measuring {
    descend_optimizer *optimizer;
    descend_measurement found;
};

static descend_status measure(void *work, const descend_exec *exec)
{
    struct measuring *measuring = work;
    return descend_optimizer_measure(measuring->optimizer, exec, &measuring->found);
}

/* A large square swallows the ones of its lane that come later in its segment, so the sum shows where segments begin.
 */
static void check_measure(const struct shard *shard)
{
    const descend_config sgd = descend_config_defaults(DESCEND_SGD);
    struct arrays arrays = arrays_new(shard->n);
    for (size_t i = 0; i < shard->n; i++)
        arrays.array[GRAD][i] = i % 4096 == 4095 ? 0x1p27f : 1;
    struct measuring measuring = {.optimizer = optimizer_of(&sgd, shard, &arrays)};
    for (unsigned kind = 0; kind < 2; kind++) {
        if (kind > 0)
            fill(arrays.array[GRAD], shard->n, ORDINARY, shard->first);
        const double expected = norm_of_shard(arrays.array[GRAD], shard->first, shard->n);
        for (const struct execution *execution = executions; execution->name; execution++)
            for (unsigned parts = 1; parts <= 4; parts++) {
                measuring.found.norm = -1;
                assert_int_equal(execution->make(measure, &measuring, parts), DESCEND_OK);
                if (measuring.found.norm != expected)
                    fail_msg("%s, %s in %u, elements %zu to %zu: norm %a, not %a", descend_isa_active(),
                             execution->name, parts, shard->first, shard->first + shard->n, measuring.found.norm,
                             expected);
            }
    }
    descend_optimizer_destroy(measuring.optimizer);
    arrays_free(&arrays);
}

static void all_measures(void)
{
    for (size_t i = 0; i < COUNT(shards); i++)
        check_measure(&shards[i]);
}

static void measured_by_segments_of_the_whole(void **state)
{
    (void)state;
    for_each_variant(all_measures);
}

static void check_lamb(const struct shard *shard)
{
    const descend_config config = {.kind = DESCEND_LAMB, .lamb = lamb_config_of(true, false)};
    struct arrays given = arrays_new(shard->n), plain = arrays_new(shard->n);
    lamb_begin(&given, 1, false);
    lamb_begin(&plain, 1, false);
    descend_optimizer *optimizer = optimizer_of(&config, shard, &given);
    for (uint64_t step = 1; step <= 2; step++) {
        const descend_exec exec = {.threads = (unsigned)step, .serial_below = 1};
        (void)plain_ratio(&config.lamb, step, &plain); /* for the update */
        plain_move(&config.lamb,
                   norm_of_shard(plain.array[PARAM], shard->first, shard->n) /
                       norm_of_shard(plain.array[UPDATE], shard->first, shard->n),
                   &plain);
        assert_int_equal(descend_optimizer_step(optimizer, NULL, &exec), DESCEND_OK);
        if (first_difference(given.array[PARAM], plain.array[PARAM], shard->n) < shard->n)
            fail_msg("%s, elements %zu to %zu, step %d", descend_isa_active(), shard->first, shard->first + shard->n,
                     (int)step);
    }
    descend_optimizer_destroy(optimizer);
    arrays_free(&given);
    arrays_free(&plain);
}

static void all_lambs(void)
{
    for (size_t i = 0; i < COUNT(shards); i++)
        check_lamb(&shards[i]);
}

static void lamb_by_segments_of_the_whole(void **state)
{
    (void)state;
    for_each_variant(all_lambs);
}

static void where_it_lies(void **state)
{
    (void)state;
    static const uint64_t most = UINT64_C(1) << 53;
    static float param[6];
    static const struct {
        size_t n;
        uint64_t first, whole, rows, columns;
        descend_status status;
    } cases[] = {
        {6, 0, 0, 0, 0, DESCEND_OK},
        {6, 0, 6, 0, 0, DESCEND_OK},
        {6, 1, 6, 0, 0, DESCEND_BAD_FIRST},
        {6, 0, 5, 0, 0, DESCEND_BAD_FIRST},
        {6, 4, 10, 0, 0, DESCEND_OK},
        {6, UINT64_MAX - 2, 10, 0, 0, DESCEND_BAD_FIRST},
        {6, most - 6, most, 0, 0, DESCEND_OK},
        {6, most - 6, 0, 0, 0, DESCEND_OK},
        {6, most - 5, 0, 0, 0, DESCEND_BAD_FIRST},
        {6, 0, most + 1, 0, 0, DESCEND_BAD_FIRST},
        {0, 10, 10, 0, 0, DESCEND_OK},
        {0, 11, 10, 0, 0, DESCEND_BAD_FIRST},
        {6, 0, 0, 2, 3, DESCEND_OK},
        {6, 0, 0, 6, 1, DESCEND_OK},
        {6, 0, 0, 2, 4, DESCEND_BAD_SHAPE},
        {6, 0, 0, 4, 2, DESCEND_BAD_SHAPE},
        {6, 0, 0, 0, 6, DESCEND_BAD_SHAPE},
        {6, 0, 0, 6, 0, DESCEND_BAD_SHAPE},
        {0, 0, 0, 0, 6, DESCEND_OK},
        {0, 0, 0, 6, 0, DESCEND_OK},
        {0, 6, 12, 0, 12, DESCEND_BAD_SHAPE},
        {6, 6, 12, 4, 3, DESCEND_OK},
        {6, 6, 12, 2, 3, DESCEND_BAD_SHAPE},
        {6, 6, 0, 4, 3, DESCEND_BAD_SHAPE},
        {6, 0, 0, UINT64_C(1) << 33, UINT64_C(1) << 33, DESCEND_BAD_SHAPE},
        {0, 0, 0, UINT64_C(1) << 32, UINT64_C(1) << 32, DESCEND_BAD_SHAPE}, /* a product of 0 in 64 bits */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const descend_config sgd = descend_config_defaults(DESCEND_SGD);
        descend_optimizer *optimizer;
        descend_tensor tensor = {.name = "w",
                                 .n = cases[i].n,
                                 .first = cases[i].first,
                                 .whole = cases[i].whole,
                                 .rows = cases[i].rows,
                                 .columns = cases[i].columns,
                                 .param.data = param};
        assert_int_equal(descend_optimizer_create(&optimizer, &sgd), DESCEND_OK);
        const descend_status status = descend_optimizer_add(optimizer, 0, &tensor, 1);
        if (status != cases[i].status)
            fail_msg("case %zu: %d, not %d", i, (int)status, (int)cases[i].status);
        assert_int_equal(descend_optimizer_tensor_count(optimizer), status == DESCEND_OK);
        if (status == DESCEND_OK) {
            assert_int_equal(descend_optimizer_tensor(optimizer, 0, &tensor, NULL), DESCEND_OK);
            assert_true(tensor.first == cases[i].first && tensor.whole == cases[i].whole);
            assert_true(tensor.rows == cases[i].rows && tensor.columns == cases[i].columns);
        }
        descend_optimizer_destroy(optimizer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measured_by_segments_of_the_whole),
        cmocka_unit_test(lamb_by_segments_of_the_whole),
        cmocka_unit_test(where_it_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
