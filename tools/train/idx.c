/* SPDX-License-Identifier: MIT */
#include "idx.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "complain.h"

/* An IDX file begins with a big-endian magic number, 0x08 for bytes and the number of dimensions, then that many
 * 32-bit sizes. */
enum { IMAGE_MAGIC = 0x803, LABEL_MAGIC = 0x801, MAX_PIXELS = 65536 };

struct idx_file {
    gzFile stream;
    char path[4096];
};

/* Opens the plain file or the gzipped one: zlib reads both. */
static bool open_file(struct idx_file *file, const char *directory, const char *part, const char *kind)
{
    static const char *const suffixes[] = {"", ".gz"};
    for (size_t i = 0; i < 2; i++) {
        const int length = snprintf(file->path, sizeof file->path, "%s/%s-%s%s", directory, part, kind, suffixes[i]);
        if (length < 0 || (size_t)length >= sizeof file->path) {
            complain("%.80s...: path too long", directory);
            return false;
        }
        errno = 0;
        file->stream = gzopen(file->path, "rb");
        if (file->stream)
            return true;
        if (errno != ENOENT) {
            complain("%s: %s", file->path, errno ? strerror(errno) : "out of memory");
            return false;
        }
    }
    complain("%s: no %s-%s or %s-%s.gz there (Fashion-MNIST is Debian's package dataset-fashion-mnist)", directory,
             part, kind, part, kind);
    return false;
}

/* Reads up to size bytes; fewer only at the file's end. Returns -1 after having reported an error. zlib checks the
 * checksum only when it reads past the end. */
static int64_t read_bytes(struct idx_file *file, unsigned char *bytes, size_t size)
{
    const unsigned chunk = 1u << 20;
    size_t used = 0;
    while (used < size) {
        const unsigned want = size - used < chunk ? (unsigned)(size - used) : chunk;
        errno = 0;
        const int got = gzread(file->stream, bytes + used, want);
        int status;
        const char *message = gzerror(file->stream, &status);
        if (got < 0 || status == Z_BUF_ERROR) {
            if (status == Z_ERRNO)
                complain("%s: %s", file->path, strerror(errno));
            else
                complain("%s", message); /* begins with the path */
            return -1;
        }
        if (got == 0)
            break;
        used += (size_t)got;
    }
    return (int64_t)used;
}

static bool read_header(struct idx_file *file, uint32_t magic, uint32_t *sizes, size_t dimensions)
{
    unsigned char bytes[4 * 4];
    const size_t length = 4 + 4 * dimensions;
    const int64_t got = read_bytes(file, bytes, length);
    if (got < 0)
        return false;
    if ((size_t)got < length) {
        complain("%s: truncated: an IDX header has %zu bytes, here are %" PRId64, file->path, length, got);
        return false;
    }
    uint32_t words[4];
    for (size_t i = 0; i <= dimensions; i++) {
        const unsigned char *b = bytes + 4 * i;
        words[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    if (words[0] != magic) {
        complain("%s: magic number 0x%08" PRIx32 ", expected 0x%08" PRIx32 " (IDX, %s)", file->path, words[0], magic,
                 magic == IMAGE_MAGIC ? "images" : "labels");
        return false;
    }
    memcpy(sizes, words + 1, dimensions * sizeof *sizes);
    return true;
}

/* Reads the size bytes that the header announces. The array grows as data arrives, so that a false header cannot cause
 * a huge allocation. *bytes is to be freed in either case. */
static bool read_announced(struct idx_file *file, uint64_t size, unsigned char **bytes)
{
    uint64_t used = 0, room = 0;
    while (used < size) {
        room = room ? 2 * room : 1u << 20;
        if (room > size)
            room = size;
        unsigned char *larger = room <= SIZE_MAX / 2 ? realloc(*bytes, (size_t)room) : NULL;
        if (!larger) {
            complain("%s: out of memory for %" PRIu64 " bytes", file->path, room);
            return false;
        }
        *bytes = larger;
        const int64_t got = read_bytes(file, *bytes + used, (size_t)(room - used));
        if (got < 0)
            return false;
        used += (uint64_t)got;
        if (used < room) {
            complain("%s: truncated: the header announces %" PRIu64 " bytes of data, here are %" PRIu64, file->path,
                     size, used);
            return false;
        }
    }
    return true;
}

/* Reports an error unless the file ends here. */
static bool ends(struct idx_file *file, uint64_t size)
{
    unsigned char more;
    const int64_t trailing = read_bytes(file, &more, 1);
    if (trailing > 0)
        complain("%s: more data than the %" PRIu64 " bytes that the header announces", file->path, size);
    return trailing == 0;
}

static unsigned char *read_body(struct idx_file *file, uint64_t size)
{
    unsigned char *bytes = NULL;
    if (read_announced(file, size, &bytes) && ends(file, size))
        return bytes;
    free(bytes);
    return NULL;
}

static bool read_images(struct idx_file *file, struct dataset *data)
{
    uint32_t sizes[3];
    if (!read_header(file, IMAGE_MAGIC, sizes, 3))
        return false;
    const uint64_t pixels = (uint64_t)sizes[1] * sizes[2];
    if (sizes[0] == 0 || pixels == 0 || pixels > MAX_PIXELS) {
        complain("%s: %" PRIu32 " images of %" PRIu32 " x %" PRIu32 " pixels; need at least 1 image of 1 to %d pixels",
                 file->path, sizes[0], sizes[1], sizes[2], MAX_PIXELS);
        return false;
    }
    data->count = sizes[0];
    data->rows = sizes[1];
    data->columns = sizes[2];
    data->images = read_body(file, sizes[0] * pixels);
    return data->images != NULL;
}

static bool read_labels(struct idx_file *file, struct dataset *data)
{
    uint32_t count;
    if (!read_header(file, LABEL_MAGIC, &count, 1))
        return false;
    if (count != data->count) {
        complain("%s: %" PRIu32 " labels for %" PRIu32 " images", file->path, count, data->count);
        return false;
    }
    data->labels = read_body(file, count);
    if (!data->labels)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (data->labels[i] >= IDX_CLASSES) {
            complain("%s: label %d at index %" PRIu32 "; labels are 0 to %d", file->path, data->labels[i], i,
                     IDX_CLASSES - 1);
            return false;
        }
    }
    return true;
}

bool dataset_load(const char *directory, const char *part, struct dataset *data)
{
    *data = (struct dataset){0};
    struct idx_file file;
    bool good = open_file(&file, directory, part, "images-idx3-ubyte");
    if (good) {
        good = read_images(&file, data);
        gzclose_r(file.stream);
    }
    if (good && (good = open_file(&file, directory, part, "labels-idx1-ubyte"))) {
        good = read_labels(&file, data);
        gzclose_r(file.stream);
    }
    if (!good)
        dataset_free(data);
    return good;
}

void dataset_free(struct dataset *data)
{
    free(data->images);
    free(data->labels);
    *data = (struct dataset){0};
}
