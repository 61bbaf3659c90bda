/* SPDX-License-Identifier: MIT */
/* write_sample PATH N: writes a checkpoint with n elements per array for another reader to find in it what
 * tests/tools/test_ckpt.py says there is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "numerals.h"
#include "safetensors.h"

enum { DOUBLES = 8, N_MAX = 1 << 20 };

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    const size_t n = strtoul(argv[2], NULL, 10);
    static float param[N_MAX], state[N_MAX];
    if (n > N_MAX)
        return 2;
    for (size_t i = 0; i < n; i++) {
        param[i] = (float)i / 8;
        state[i] = -(float)i;
    }
    static const unsigned char bytes[] = {1, 2, 255};
    const uint64_t shape[] = {n}, two_ranks[] = {1, n}, three[] = {3};
    const struct descend_file_tensor tensors[] = {
        {"w", FILE_F32, 1, shape, .data = param},
        {"state.w.exp_avg_sq", FILE_F32, 2, two_ranks, .data = state},
        {"scalar", FILE_U8, 0, NULL, .data = bytes + 2},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"\\\n\x01", FILE_I8, 1, three, .data = bytes},
    };
    static const double values[DOUBLES] = {0.1, -0.0, 1, INFINITY, -INFINITY, NAN, 5e-324, 1.7976931348623157e308};
    char keys[DOUBLES][2], texts[DOUBLES][DESCEND_NUMERAL], steps[DESCEND_NUMERAL];
    struct descend_file_pair pairs[DOUBLES + 2] = {{"steps", steps}, {"text", "\xc3\xa4\t\"\\/"}};
    descend_uint64_to_text(UINT64_MAX, steps);
    for (int i = 0; i < DOUBLES; i++) {
        snprintf(keys[i], sizeof keys[i], "%d", i);
        descend_double_to_text(values[i], texts[i]);
        pairs[2 + i] = (struct descend_file_pair){keys[i], texts[i]};
    }
    const descend_status status =
        descend_safetensors_write(argv[1], tensors, sizeof tensors / sizeof *tensors, pairs, DOUBLES + 2);
    if (status != DESCEND_OK)
        fprintf(stderr, "write_sample: status %d\n", (int)status);
    return status != DESCEND_OK;
}
