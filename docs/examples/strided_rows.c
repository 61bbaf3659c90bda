/* SPDX-License-Identifier: MIT */
/* Parameters that are a view, rows of 300 elements that begin 512 apart: one call for each row, without a copy. */
#include <stdio.h>
#include <string.h>

#include <descend/descend.h>

enum { ROWS = 64, COLUMNS = 300, LEADING = 512, STEPS = 10 };
static float view[ROWS * LEADING], grad_view[ROWS * LEADING]; /* in one matrix, as its owner has them */
static float exp_avg[ROWS * COLUMNS], exp_avg_sq[ROWS * COLUMNS];
static float copy[ROWS * COLUMNS], grad_copy[ROWS * COLUMNS], copy_avg[ROWS * COLUMNS], copy_avg_sq[ROWS * COLUMNS];

/* Rows may be shared out among a trainer's threads: each call is on the calling thread, and touches its row only. */
static descend_status step_rows(const descend_adam *config, uint64_t step, size_t begin, size_t end)
{
    descend_exec exec = {0};
    exec.threads = 1;
    descend_status status = DESCEND_OK;
    for (size_t row = begin; row < end && status == DESCEND_OK; row++)
        status = descend_adam_step(config, step, view + row * LEADING, grad_view + row * LEADING,
                                   exp_avg + row * COLUMNS, exp_avg_sq + row * COLUMNS, NULL, COLUMNS, &exec);
    return status;
}

/* Whether the view has the bits of the contiguous copy, and nothing between its rows was touched. */
static int same(void)
{
    int all = 1;
    for (size_t row = 0; row < ROWS; row++) {
        all &= memcmp(view + row * LEADING, copy + row * COLUMNS, COLUMNS * sizeof *view) == 0;
        for (size_t column = COLUMNS; column < LEADING; column++)
            all &= view[row * LEADING + column] == 5;
    }
    return all && memcmp(exp_avg, copy_avg, sizeof exp_avg) == 0;
}

int main(void)
{
    const descend_adam config = descend_adam_defaults();
    descend_status status = DESCEND_OK;
    for (size_t i = 0; i < ROWS * LEADING; i++)
        view[i] = i % LEADING < COLUMNS ? 0 : 5;
    for (uint64_t step = 1; step <= STEPS && status == DESCEND_OK; step++) {
        for (size_t i = 0; i < ROWS * COLUMNS; i++)
            grad_view[i / COLUMNS * LEADING + i % COLUMNS] = grad_copy[i] = copy[i] - (float)(i % 11);
        status = step_rows(&config, step, 0, ROWS);
        if (status == DESCEND_OK)
            status =
                descend_adam_step(&config, step, copy, grad_copy, copy_avg, copy_avg_sq, NULL, ROWS * COLUMNS, NULL);
    }
    printf("%s; %s\n", descend_status_string(status), same() ? "the bits of one call over a copy" : "other bits");
    return status != DESCEND_OK || !same() || !(copy[1] > 0);
}
