/* SPDX-License-Identifier: MIT */
/* The statuses: each has its number for ever, and a text of its own. */
#include <stdbool.h>
#include <string.h>

#include "descend/descend.h"
#include "test.h"

static const struct {
    int number;
    descend_status status;
    const char *word; /* that its text has, of those told apart by a field's name */
} statuses[] = {
    {0, DESCEND_OK, ""},
    {1, DESCEND_NULL_CONFIG, "config"},
    {2, DESCEND_NULL_ARRAY, ""},
    {3, DESCEND_MISALIGNED, ""},
    {4, DESCEND_OVERLAP, ""},
    {5, DESCEND_BAD_N, ""},
    {6, DESCEND_BAD_STEP, "step"},
    {7, DESCEND_NO_MEMORY, ""},
    {8, DESCEND_NULL_OPTIMIZER, ""},
    {9, DESCEND_NULL_MEASUREMENT, ""},
    {10, DESCEND_BAD_RESERVED, "reserved"},
    {11, DESCEND_BAD_SLICE, "slice"},
    {12, DESCEND_BAD_THREADS, "threads"},
    {13, DESCEND_BAD_ISA, ""},
    {14, DESCEND_NO_ISA, "DESCEND_ISA"},
    {15, DESCEND_BAD_SPLIT, ""},
    {16, DESCEND_NO_SLICES, "slices"},
    {17, DESCEND_BAD_MU_PRODUCT, "mu_product"},
    {18, DESCEND_BAD_KIND, "kind"},
    {19, DESCEND_BAD_FIELD, "field"},
    {20, DESCEND_OVERFLOW, "float32"},
    {21, DESCEND_BAD_LR, "lr"},
    {22, DESCEND_BAD_MOMENTUM, "momentum"},
    {23, DESCEND_BAD_DAMPENING, "dampening"},
    {24, DESCEND_BAD_WEIGHT_DECAY, "weight_decay"},
    {25, DESCEND_BAD_NESTEROV, "nesterov"},
    {26, DESCEND_BAD_ALPHA, "alpha"},
    {27, DESCEND_BAD_EPS, "eps"},
    {28, DESCEND_BAD_BETA1, "beta1"},
    {29, DESCEND_BAD_BETA2, "beta2"},
    {30, DESCEND_BAD_LR_DECAY, "lr_decay"},
    {31, DESCEND_BAD_INITIAL_ACCUMULATOR_VALUE, "initial_accumulator_value"},
    {32, DESCEND_BAD_RHO, "rho"},
    {33, DESCEND_BAD_MOMENTUM_DECAY, "momentum_decay"},
    {34, DESCEND_BAD_ETA_MINUS, "eta_minus"},
    {35, DESCEND_BAD_ETA_PLUS, "eta_plus"},
    {36, DESCEND_BAD_STEP_SIZE_MIN, "step_size_min"},
    {37, DESCEND_BAD_STEP_SIZE_MAX, "step_size_max"},
    {38, DESCEND_BAD_LAMBD, "lambd"},
    {39, DESCEND_BAD_T0, "t0"},
    {40, DESCEND_WRONG_OPTIMIZER, ""},
    {41, DESCEND_BAD_GROUP, ""},
    {42, DESCEND_BAD_TENSOR, ""},
    {43, DESCEND_BAD_NAME, ""},
    {44, DESCEND_DUPLICATE_NAME, ""},
    {45, DESCEND_BAD_DTYPE, ""},
    {46, DESCEND_BAD_FIRST, "first"},
    {47, DESCEND_BAD_GRAD_SCALE, "grad_scale"},
    {48, DESCEND_BAD_ALLOCATOR, ""},
    {49, DESCEND_IN_USE, ""},
    {50, DESCEND_NULL_SCALER, ""},
    {51, DESCEND_BAD_SCALE, "scale"},
    {52, DESCEND_BAD_GROWTH_FACTOR, "growth_factor"},
    {53, DESCEND_BAD_BACKOFF_FACTOR, "backoff_factor"},
    {54, DESCEND_BAD_GROWTH_INTERVAL, "growth_interval"},
    {55, DESCEND_BAD_GROWTH_TRACKER, "growth_tracker"},
    {56, DESCEND_BAD_FLAG, "flag"},
    {57, DESCEND_BAD_SHAPE, "rows"},
    {58, DESCEND_BAD_BETA, "beta"},
    {59, DESCEND_BAD_BETA3, "beta3"},
    {60, DESCEND_NULL_SNAPSHOT, ""},
    {61, DESCEND_BAD_PATH, ""},
    {62, DESCEND_BAD_NOTE, ""},
    {63, DESCEND_BAD_BETA3_WARMUP, "beta3_warmup"},
    {64, DESCEND_BAD_ALPHA_WARMUP, "alpha_warmup"},
    {65, DESCEND_UNFINISHED, "slices"},
    {66, DESCEND_MPI_BAD_OPTIONS, "timeout"},
    {67, DESCEND_MPI_MISMATCH, "arguments"},
    {68, DESCEND_MPI_PEER, "another rank"},
    {69, DESCEND_MPI_TIMEOUT, "in time"},
    {70, DESCEND_MPI_FAILED, "MPI"},
    {71, DESCEND_MPI_NOT_SHARED, "shared"},
    {72, DESCEND_MPI_NOT_FINITE, "gradient"},
    {73, DESCEND_BAD_BIAS_CORRECTION, "bias correction"},
    {74, DESCEND_NEEDS_STEP, "step"},
    {80, DESCEND_FILE_OPEN, ""},
    {81, DESCEND_FILE_READ, ""},
    {82, DESCEND_FILE_WRITE, ""},
    {83, DESCEND_BAD_FILE_SHORT, ""},
    {84, DESCEND_BAD_FILE_HEADER_LIMIT, ""},
    {85, DESCEND_BAD_FILE_HEADER_SIZE, ""},
    {86, DESCEND_BAD_FILE_UTF8, "UTF-8"},
    {87, DESCEND_BAD_FILE_JSON, "JSON"},
    {88, DESCEND_BAD_FILE_FIELDS, ""},
    {89, DESCEND_BAD_FILE_DTYPE, "dtype"},
    {90, DESCEND_BAD_FILE_DUPLICATE, ""},
    {91, DESCEND_BAD_FILE_OVERFLOW, ""},
    {92, DESCEND_BAD_FILE_TENSOR_SIZE, ""},
    {93, DESCEND_BAD_FILE_HOLE, ""},
    {94, DESCEND_BAD_FILE_OVERLAP, ""},
    {95, DESCEND_BAD_FILE_TRUNCATED, ""},
    {96, DESCEND_BAD_FILE_TRAILING, ""},
    {97, DESCEND_BAD_FILE_CHECKSUM, ""},
    {98, DESCEND_BAD_FILE_NUMERICS, ""},
    {99, DESCEND_BAD_FILE_OPTIMIZER, ""},
    {100, DESCEND_BAD_FILE_GROUPS, ""},
    {101, DESCEND_BAD_FILE_METADATA, ""},
    {102, DESCEND_BAD_FILE_NOTE, ""},
    {103, DESCEND_BAD_FILE_MISSING, ""},
    {104, DESCEND_BAD_FILE_UNKNOWN, ""},
    {105, DESCEND_BAD_FILE_TENSOR_DTYPE, ""},
    {106, DESCEND_BAD_FILE_TENSOR_SHAPE, "shape"},
};

static const char not_one[] = "not a status of this library";

static void numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++)
        assert_int_equal(statuses[i].status, statuses[i].number);
}

static void texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        const char *text = descend_status_string(statuses[i].status);
        assert_non_null(text);
        if (strlen(text) == 0 || text[strlen(text) - 1] == '.' || strchr(text, '\n'))
            fail_msg("status %d: \"%s\" is not one line without a full stop", statuses[i].number, text);
        if (!strstr(text, statuses[i].word))
            fail_msg("status %d: \"%s\" does not say %s", statuses[i].number, text, statuses[i].word);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(text, descend_status_string(statuses[j].status));
    }
}

static bool is_status(int number)
{
    bool found = false;
    for (size_t i = 0; i < COUNT(statuses); i++)
        found = found || statuses[i].number == number;
    return found;
}

static void other_numbers(void **state)
{
    (void)state;
    static const int far[] = {99999, 0x7fffffff, -0x7fffffff - 1};
    for (int number = -10; number < 1000; number++)
        if (is_status(number) == (strcmp(descend_status_string((descend_status)number), not_one) == 0))
            fail_msg("status %d: \"%s\"", number, descend_status_string((descend_status)number));
    for (size_t i = 0; i < COUNT(far); i++)
        assert_string_equal(descend_status_string((descend_status)far[i]), not_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(texts),
        cmocka_unit_test(other_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
