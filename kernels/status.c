/* The words for statuses and for the version. */
#include "descend/descend.h"

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
        return "n elements do not fit the address space";
    case DESCEND_BAD_STEP:
        return "step is 0 or above 2^53";
    case DESCEND_BAD_RESERVED:
        return "a reserved word of descend_exec is not 0 (was it set for a later version of the library?)";
    case DESCEND_BAD_SLICE:
        return "slice is not below slices";
    case DESCEND_BAD_THREADS:
        return "run needs threads, the number of its tasks";
    case DESCEND_BAD_ISA:
        return "no variant of that name can run here";
    case DESCEND_NO_ISA:
        return "the environment variable DESCEND_ISA names no variant that can run here";
    case DESCEND_BAD_SPLIT:
        return "slices go without threads and without run";
    case DESCEND_OVERFLOW:
        return "a coefficient derived from the config overflows float32";
    case DESCEND_BAD_LR:
        return "lr is negative or not finite";
    case DESCEND_BAD_MOMENTUM:
        return "momentum is negative or not finite";
    case DESCEND_BAD_DAMPENING:
        return "dampening is not finite";
    case DESCEND_BAD_WEIGHT_DECAY:
        return "weight_decay is negative or not finite";
    case DESCEND_BAD_NESTEROV:
        return "nesterov needs momentum above 0 and dampening 0";
    case DESCEND_BAD_ALPHA:
        return "alpha is not in [0, 1)";
    case DESCEND_BAD_EPS:
        return "eps is negative or not finite";
    case DESCEND_BAD_BETA1:
        return "beta1 is not in [0, 1)";
    case DESCEND_BAD_BETA2:
        return "beta2 is not in [0, 1)";
    }
    return "not a status of this library";
}

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *descend_version_string(void)
{
    return TEXT(DESCEND_VERSION_MAJOR) "." TEXT(DESCEND_VERSION_MINOR) "." TEXT(DESCEND_VERSION_PATCH);
}
