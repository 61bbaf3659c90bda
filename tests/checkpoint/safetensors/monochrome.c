/* SPDX-License-Identifier: MIT */
#include "monochrome.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "safetensors.h"

enum { SIZE = 600000 };

descend_status monochrome_save(const char *path, unsigned char byte)
{
    const uint64_t shape[] = {SIZE};
    unsigned char *data = malloc(SIZE);
    if (data == NULL)
        return DESCEND_NO_MEMORY;
    memset(data, byte, SIZE);
    const struct descend_file_tensor tensor = {"a", FILE_U8, 1, shape, .data = data};
    const descend_status status = descend_safetensors_write(path, &tensor, 1, NULL, 0);
    free(data);
    return status;
}

unsigned char monochrome(const char *path)
{
    struct descend_safetensors file;
    unsigned char *data = malloc(SIZE);
    if (data == NULL || descend_safetensors_open(&file, path) != DESCEND_OK) {
        free(data);
        return 0;
    }
    const struct descend_entry entry = descend_header_entry(&file.header, 0);
    bool good = file.header.has_checksum && entry.size == SIZE &&
                descend_safetensors_read(&file, &entry, data) == DESCEND_OK &&
                descend_safetensors_check(&file) == DESCEND_OK;
    for (size_t i = 1; i < SIZE && good; i++)
        good = data[i] == data[0];
    const unsigned char byte = good ? data[0] : 0;
    descend_safetensors_close(&file);
    free(data);
    return byte;
}
