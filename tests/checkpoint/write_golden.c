/* SPDX-License-Identifier: MIT */
/* write_golden DIRECTORY: writes golden.NAME.safetensors of every name there. */
#include <stdio.h>

#include "golden_content.h"

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    for (unsigned i = 0; i < GOLDEN_FILES; i++) {
        struct golden golden;
        char path[4096];
        descend_scaler scaler = golden_scaler;
        const descend_checkpoint with = {.params = true, .scaler = &scaler, .notes = golden_notes, .note_count = 2};
        snprintf(path, sizeof path, "%s/golden.%s.safetensors", argv[1], golden_name(i));
        descend_status status = DESCEND_NO_MEMORY;
        if (golden_make(&golden, i, false))
            status = descend_optimizer_save(golden.optimizer, path, &with);
        descend_optimizer_destroy(golden.optimizer);
        if (status != DESCEND_OK) {
            fprintf(stderr, "write_golden: %s: %s\n", path, descend_status_string(status));
            return 1;
        }
    }
    return 0;
}
