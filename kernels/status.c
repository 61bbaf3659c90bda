/* SPDX-License-Identifier: MIT */
/* Statuses and the version as text. */
#include "rule.h"

const char *descend_status_string(descend_status status)
{
    switch (status) {
    case DESCEND_OK:
        return "no error";
    case DESCEND_NULL_CONFIG:
        return "config is NULL";
    case DESCEND_NULL_ARRAY:
        return "an array that the config uses is NULL";
    case DESCEND_MISALIGNED:
        return "an array is not aligned to its element type";
    case DESCEND_OVERLAP:
        return "two arrays overlap";
    case DESCEND_BAD_N:
        return "n elements do not fit in the address space, or spans differ in length";
    case DESCEND_BAD_STEP:
        return "step is 0 or above 2^53";
    case DESCEND_NO_MEMORY:
        return "out of memory";
    case DESCEND_NULL_OPTIMIZER:
        return "optimizer is NULL";
    case DESCEND_NULL_MEASUREMENT:
        return "measurement is NULL";
    case DESCEND_BAD_RESERVED:
        return "a reserved word is not 0 (was it set for a later version of the library?)";
    case DESCEND_BAD_SLICE:
        return "slice is not below slices";
    case DESCEND_BAD_THREADS:
        return "run is given, but threads, the number of its tasks, is 0";
    case DESCEND_BAD_ISA:
        return "no variant of that name can run on this machine";
    case DESCEND_NO_ISA:
        return "the environment variable DESCEND_ISA names no variant that can run on this machine";
    case DESCEND_BAD_SPLIT:
        return "slices cannot be combined with threads or run";
    case DESCEND_NO_SLICES:
        return "slices are given, but this optimizer needs the whole tensor";
    case DESCEND_BAD_MU_PRODUCT:
        return "mu_product is not in [0, 1)";
    case DESCEND_BAD_BIAS_CORRECTION:
        return "a bias correction is not in [2^-53, 1]";
    case DESCEND_NEEDS_STEP:
        return "bias corrections are given, but this optimizer needs the number of the step";
    case DESCEND_UNFINISHED:
        return "not all tasks or slices of this or an earlier call were done";
    case DESCEND_BAD_KIND:
        return "the config's kind is not one of this library";
    case DESCEND_BAD_FIELD:
        return "the config has no field of that name";
    case DESCEND_BAD_FLAG:
        return "a flag is neither 0 nor 1";
    case DESCEND_BAD_SHAPE:
        return "rows times columns is not the number of elements of the whole tensor";
    case DESCEND_OVERFLOW:
        return "a coefficient derived from the config overflows float32";
    case DESCEND_BAD_NESTEROV:
        return "nesterov needs momentum above 0 and dampening 0";
    case DESCEND_BAD_ALPHA:
        return "alpha is out of this optimizer's range";
    case DESCEND_BAD_STEP_SIZE_MAX:
        return "step_size_max is below step_size_min or not finite";
    case DESCEND_WRONG_OPTIMIZER:
        return "the config's kind is not the optimizer's";
    case DESCEND_BAD_GROUP:
        return "there is no such group";
    case DESCEND_BAD_TENSOR:
        return "there is no such tensor";
    case DESCEND_BAD_NAME:
        return "a tensor's name is missing, empty or not UTF-8, or has a NUL inside";
    case DESCEND_DUPLICATE_NAME:
        return "a tensor's name was given before";
    case DESCEND_BAD_DTYPE:
        return "an array has an element type that is not supported for it";
    case DESCEND_BAD_FIRST:
        return "first + n of a tensor is above whole, or above 2^53";
    case DESCEND_BAD_GRAD_SCALE:
        return "grad_scale is negative, or not finite as float32";
    case DESCEND_BAD_ALLOCATOR:
        return "the allocator or one of its functions is NULL";
    case DESCEND_IN_USE:
        return "the allocator cannot be changed after a tensor was added";
    case DESCEND_NULL_SNAPSHOT:
        return "the snapshot or one of its functions is NULL";
    case DESCEND_BAD_PATH:
        return "path is NULL, or has a NUL inside";
    case DESCEND_BAD_NOTE:
        return "a note, its key or its value is NULL";
    case DESCEND_NULL_SCALER:
        return "scaler is NULL";
    case DESCEND_BAD_SCALE:
        return "scale is not a finite float32 value above 0";
    case DESCEND_BAD_GROWTH_FACTOR:
        return "growth_factor is not above 1 and finite";
    case DESCEND_BAD_BACKOFF_FACTOR:
        return "backoff_factor is not in (0, 1)";
    case DESCEND_BAD_GROWTH_INTERVAL:
        return "growth_interval is 0";
    case DESCEND_BAD_GROWTH_TRACKER:
        return "growth_tracker is not below growth_interval";
    case DESCEND_MPI_BAD_OPTIONS:
        return "the timeout is negative or no number";
    case DESCEND_MPI_MISMATCH:
        return "the ranks passed different arguments";
    case DESCEND_MPI_PEER:
        return "another rank refused the call";
    case DESCEND_MPI_TIMEOUT:
        return "other ranks did not come in time";
    case DESCEND_MPI_FAILED:
        return "MPI reported an error";
    case DESCEND_MPI_NOT_SHARED:
        return "memory that is to be shared is not";
    case DESCEND_MPI_NOT_FINITE:
        return "a gradient is infinite or NaN";
    case DESCEND_FILE_OPEN:
        return "the file cannot be opened";
    case DESCEND_FILE_READ:
        return "the file cannot be read";
    case DESCEND_FILE_WRITE:
        return "the file cannot be written";
    case DESCEND_BAD_FILE_SHORT:
        return "the file is not safetensors: it has fewer than 8 bytes";
    case DESCEND_BAD_FILE_HEADER_LIMIT:
        return "the file is not safetensors: its header would be longer than 100,000,000 bytes";
    case DESCEND_BAD_FILE_HEADER_SIZE:
        return "the file is not safetensors, or was cut short: it ends before its header does";
    case DESCEND_BAD_FILE_UTF8:
        return "the file is not safetensors: its header is not UTF-8";
    case DESCEND_BAD_FILE_JSON:
        return "the file is not safetensors: its header is not the JSON of one";
    case DESCEND_BAD_FILE_FIELDS:
        return "a tensor of the file lacks dtype, shape or data_offsets, or has another field";
    case DESCEND_BAD_FILE_DTYPE:
        return "a tensor of the file has an unknown dtype";
    case DESCEND_BAD_FILE_DUPLICATE:
        return "a key occurs twice in the header of the file";
    case DESCEND_BAD_FILE_OVERFLOW:
        return "a number in the file's header, or the size of a tensor, overflows 64 bits";
    case DESCEND_BAD_FILE_TENSOR_SIZE:
        return "the data_offsets of a tensor of the file do not agree with its shape and dtype";
    case DESCEND_BAD_FILE_HOLE:
        return "the file has bytes between two tensors that belong to neither";
    case DESCEND_BAD_FILE_OVERLAP:
        return "two tensors of the file overlap";
    case DESCEND_BAD_FILE_TRUNCATED:
        return "the file ends before its tensors do";
    case DESCEND_BAD_FILE_TRAILING:
        return "the file has bytes after its last tensor";
    case DESCEND_BAD_FILE_CHECKSUM:
        return "the file's checksum is wrong";
    case DESCEND_BAD_FILE_NUMERICS:
        return "the file has a numerics version that this library does not load, or none";
    case DESCEND_BAD_FILE_OPTIMIZER:
        return "the file has another kind of optimizer, or none";
    case DESCEND_BAD_FILE_GROUPS:
        return "the file has another number of groups than the optimizer, or a tensor in another group";
    case DESCEND_BAD_FILE_METADATA:
        return "a config, the seed, the scaler, a step count or a mu_product is missing in the file or invalid";
    case DESCEND_BAD_FILE_NOTE:
        return "a note is missing in the file or has another value";
    case DESCEND_BAD_FILE_MISSING:
        return "a tensor of the optimizer is not in the file";
    case DESCEND_BAD_FILE_UNKNOWN:
        return "a tensor of the file is not in the optimizer";
    case DESCEND_BAD_FILE_TENSOR_DTYPE:
        return "a tensor of the file has another dtype or storage than the optimizer's";
    case DESCEND_BAD_FILE_TENSOR_SHAPE:
        return "a tensor of the file has another shape than the optimizer's";
    default: { /* the statuses of the fields' ranges */
        const char *refusal = descend_rule_refusal(status);
        return refusal ? refusal : "not a status of this library";
    }
    }
}

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *descend_version_string(void)
{
    return TEXT(DESCEND_VERSION_MAJOR) "." TEXT(DESCEND_VERSION_MINOR) "." TEXT(DESCEND_VERSION_PATCH);
}
