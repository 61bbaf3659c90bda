/* SPDX-License-Identifier: MIT */
/* descend-ckpt: what is in a safetensors file, and whether it is sound; and a checkpoint's arrays as float32. */
#define _POSIX_C_SOURCE 200809L /* getopt's optind */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command_line.h"
#include "list.h"
#include "widen.h"

struct options {
    bool json;
};

static const struct command command = {
    .program = "descend-ckpt",
    .forms = (const char *const[]){"[--json] list FILE", "verify FILE", "widen FILE OUT", NULL},
    .purpose =
        "Show the tensors and the metadata of a checkpoint (list); say whether it is sound and its checksum is "
        "right (verify); or write a checkpoint OUT in which all arrays are F32 (widen). Any safetensors file can "
        "be listed and verified. widen takes the checkpoints that this library loads, and has all of OUT in "
        "memory.",
    .options =
        (const struct command_option[]){
            {"json", NULL,
             "list as JSON: tensors, each with name, dtype, storage (null: as the dtype says), bytes and shape, in the "
             "order of the file; and metadata, with all its strings. Without it, control characters in names are shown "
             "escaped",
             command_flag, offsetof(struct options, json), 0, 0},
            {0}},
    .takes_operands = true,
    .failure = "the file is not sound, has no checksum (verify), or cannot be read or written",
};

static void complain_of(const char *path, descend_status status)
{
    const bool system = status >= DESCEND_FILE_OPEN && status <= DESCEND_FILE_WRITE;
    const char *reason = system ? strerror(errno) : "";
    complain("%s: %s%s%s", path, descend_status_string(status), system ? ": " : "", reason);
}

/* Opens a file that is sound; where it is not, says why. */
static bool open_sound(struct descend_safetensors *file, const char *path)
{
    descend_status status = descend_safetensors_open(file, path);
    if (status != DESCEND_OK) {
        complain_of(path, status);
        return false;
    }
    status = descend_safetensors_check(file);
    if (status != DESCEND_OK) {
        complain_of(path, status);
        descend_safetensors_close(file);
    }
    return status == DESCEND_OK;
}

static enum command_status list(const char *path, bool json)
{
    struct descend_safetensors file;
    if (!open_sound(&file, path))
        return COMMAND_FAILED;
    if (json)
        list_json(&file.header);
    else
        list_text(&file.header);
    descend_safetensors_close(&file);
    return COMMAND_DONE;
}

static enum command_status verify(const char *path)
{
    struct descend_safetensors file;
    if (!open_sound(&file, path))
        return COMMAND_FAILED;
    const bool has_checksum = file.header.has_checksum;
    if (has_checksum)
        printf("%s: sound, crc32 %08" PRIx32 "\n", path, file.header.checksum);
    else
        complain("%s: the file has no checksum", path);
    descend_safetensors_close(&file);
    return has_checksum ? COMMAND_DONE : COMMAND_FAILED;
}

static enum command_status write_wide(const char *path, const char *to)
{
    struct descend_safetensors file;
    descend_status status = descend_safetensors_open(&file, path);
    if (status == DESCEND_OK) {
        status = widen(&file, to);
        const int error = errno;
        descend_safetensors_close(&file);
        errno = error;
    }
    if (status != DESCEND_OK)
        complain_of(status == DESCEND_FILE_WRITE ? to : path, status);
    return status == DESCEND_OK ? COMMAND_DONE : COMMAND_FAILED;
}

/* What is wrong with the operands; NULL: nothing. */
static const char *wrong(char *const *operands, int count, bool json)
{
    if (count == 0)
        return "say what to do: list, verify or widen";
    const bool lists = strcmp(operands[0], "list") == 0, widens = strcmp(operands[0], "widen") == 0;
    if (!lists && !widens && strcmp(operands[0], "verify") != 0)
        return "must be list, verify or widen";
    if (json && !lists)
        return "only list knows --json";
    if (widens)
        return count == 3 ? NULL : "takes two files, FILE and OUT";
    return count == 2 ? NULL : "takes one file";
}

static enum command_status run(int argc, char **argv)
{
    struct options options = {0};
    enum command_status status;
    if (!command_read(&command, argc, argv, &options, &status))
        return status;
    char *const *operands = argv + optind;
    const char *why = wrong(operands, argc - optind, options.json);
    if (why) {
        complain_usage("%s%s%s", optind < argc ? operands[0] : "", optind < argc ? ": " : "", why);
        return COMMAND_WRONG;
    }
    if (strcmp(operands[0], "list") == 0)
        return list(operands[1], options.json);
    return operands[2] ? write_wide(operands[1], operands[2]) : verify(operands[1]);
}

int main(int argc, char **argv)
{
    return (int)command_finish(run(argc, argv));
}
