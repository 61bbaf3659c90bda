/* What the functions of this library return. */
#ifndef DESCEND_STATUS_H
#define DESCEND_STATUS_H

#if (defined(__cplusplus) && __cplusplus >= 201703L) || (defined(__STDC_VERSION__) && __STDC_VERSION__ > 201710L)
#define DESCEND_NODISCARD [[nodiscard]]
#else
#define DESCEND_NODISCARD
#endif

/* Each cause has its own number, which never changes. */
typedef enum DESCEND_NODISCARD descend_status {
    DESCEND_OK = 0,

    /* Arrays. */
    DESCEND_NULL_CONFIG = 1,
    DESCEND_NULL_ARRAY = 2, /* param, grad, or a state array that the config uses */
    DESCEND_MISALIGNED = 3, /* an array does not start at a multiple of its element's alignment */
    DESCEND_OVERLAP = 4,    /* two arrays share memory; param and grad included */
    DESCEND_BAD_N = 5,      /* n elements do not fit the address space */
    DESCEND_BAD_STEP = 6,   /* step is 0 or above 2^53 */
    DESCEND_NO_MEMORY = 7,
    DESCEND_NULL_OPTIMIZER = 8,
    DESCEND_NULL_MEASUREMENT = 9,
    DESCEND_BAD_MU_PRODUCT = 17, /* NAdam's, not in [0, 1) */

    /* Configs of any kind. */
    DESCEND_BAD_KIND = 18,  /* not an optimizer of this library */
    DESCEND_BAD_FIELD = 19, /* the config has no field of that name */
    DESCEND_BAD_FLAG = 56,  /* a flag is set to a number other than 0 and 1 */

    /* How to run. */
    DESCEND_BAD_RESERVED = 10, /* the reserved words of a struct are not all zero */
    DESCEND_BAD_SLICE = 11,    /* slice >= slices, or a slice without slices */
    DESCEND_BAD_THREADS = 12,  /* run with no threads */
    DESCEND_BAD_ISA = 13,      /* descend_isa_force: no variant of that name can run here */
    DESCEND_NO_ISA = 14,       /* the environment's DESCEND_ISA names no variant that can run here */
    DESCEND_BAD_SPLIT = 15,    /* slices together with threads or run */
    DESCEND_NO_SLICES = 16,    /* this optimizer needs the whole tensor at once: LAMB */

    /* Hyperparameters. */
    DESCEND_OVERFLOW = 20, /* each is in range, but a coefficient derived from them overflows float32 */
    DESCEND_BAD_LR = 21,
    DESCEND_BAD_MOMENTUM = 22,
    DESCEND_BAD_DAMPENING = 23,
    DESCEND_BAD_WEIGHT_DECAY = 24,
    DESCEND_BAD_NESTEROV = 25, /* nesterov without momentum or with dampening */
    DESCEND_BAD_ALPHA = 26,
    DESCEND_BAD_EPS = 27,
    DESCEND_BAD_BETA1 = 28,
    DESCEND_BAD_BETA2 = 29,
    DESCEND_BAD_LR_DECAY = 30,
    DESCEND_BAD_INITIAL_ACCUMULATOR_VALUE = 31,
    DESCEND_BAD_RHO = 32,
    DESCEND_BAD_MOMENTUM_DECAY = 33,
    DESCEND_BAD_ETA_MINUS = 34,
    DESCEND_BAD_ETA_PLUS = 35,
    DESCEND_BAD_STEP_SIZE_MIN = 36,
    DESCEND_BAD_STEP_SIZE_MAX = 37, /* not finite, or less than step_size_min */
    DESCEND_BAD_LAMBD = 38,
    DESCEND_BAD_T0 = 39,
    DESCEND_BAD_BETA = 58,
    DESCEND_BAD_BETA3 = 59,
    DESCEND_BAD_BETA3_WARMUP = 63,
    DESCEND_BAD_ALPHA_WARMUP = 64,

    /* The optimizer object of optimizer.h. */
    DESCEND_WRONG_OPTIMIZER = 40, /* a config of another optimizer than the object's */
    DESCEND_BAD_GROUP = 41,
    DESCEND_BAD_TENSOR = 42,
    DESCEND_BAD_NAME = 43, /* NULL, empty, or not UTF-8 */
    DESCEND_DUPLICATE_NAME = 44,
    DESCEND_BAD_DTYPE = 45,
    DESCEND_BAD_FIRST = 46, /* first + n is above whole, or above 2^53 */
    DESCEND_BAD_GRAD_SCALE = 47,
    DESCEND_BAD_ALLOCATOR = 48, /* NULL, or a function of it is */
    DESCEND_IN_USE = 49,        /* the allocator is changed after the first tensor */
    DESCEND_BAD_SHAPE = 57,     /* rows * columns is not the number of elements of the whole tensor */

    /* The loss scaler of scaler.h. */
    DESCEND_NULL_SCALER = 50,
    DESCEND_BAD_SCALE = 51,
    DESCEND_BAD_GROWTH_FACTOR = 52,
    DESCEND_BAD_BACKOFF_FACTOR = 53,
    DESCEND_BAD_GROWTH_INTERVAL = 54,
    DESCEND_BAD_GROWTH_TRACKER = 55,

    /* Restoring an optimizer: descend_optimizer_restore, and the arguments of checkpoint.h. */
    DESCEND_NULL_SNAPSHOT = 60, /* or a function of it */
    DESCEND_BAD_PATH = 61,      /* NULL */
    DESCEND_BAD_NOTE = 62,      /* NULL, or its key or value is */

    /* Checkpoint files. */
    DESCEND_FILE_OPEN = 80, /* errno says why, here and in the next two */
    DESCEND_FILE_READ = 81,
    DESCEND_FILE_WRITE = 82,
    DESCEND_BAD_FILE_SHORT = 83,        /* fewer than 8 bytes */
    DESCEND_BAD_FILE_HEADER_LIMIT = 84, /* a header of more than 100,000,000 bytes, read or to be written */
    DESCEND_BAD_FILE_HEADER_SIZE = 85,  /* the header ends beyond the file */
    DESCEND_BAD_FILE_UTF8 = 86,         /* the header is not UTF-8 */
    DESCEND_BAD_FILE_JSON = 87,         /* the header is not JSON, or not as safetensors has it */
    DESCEND_BAD_FILE_FIELDS = 88,       /* a tensor lacks dtype, shape or data_offsets, or has something else */
    DESCEND_BAD_FILE_DTYPE = 89,        /* an element type that the format does not have, or not in whole bytes */
    DESCEND_BAD_FILE_DUPLICATE = 90,    /* a key that its object already has */
    DESCEND_BAD_FILE_OVERFLOW = 91,     /* a number, or a tensor's size, does not fit 64 bits */
    DESCEND_BAD_FILE_TENSOR_SIZE = 92,  /* data_offsets are not as far apart as shape and dtype need */
    DESCEND_BAD_FILE_HOLE = 93,         /* bytes between two tensors belong to neither */
    DESCEND_BAD_FILE_OVERLAP = 94,      /* bytes belong to two tensors */
    DESCEND_BAD_FILE_TRUNCATED = 95,    /* the file ends before its tensors do */
    DESCEND_BAD_FILE_TRAILING = 96,     /* bytes after the last tensor */
    DESCEND_BAD_FILE_CHECKSUM = 97,     /* the file is not what its checksum was taken of */
    DESCEND_BAD_FILE_NUMERICS = 98,     /* not of this DESCEND_NUMERICS_VERSION, or of none */
    DESCEND_BAD_FILE_OPTIMIZER = 99,    /* of another optimizer, or of none */
    DESCEND_BAD_FILE_GROUPS = 100,      /* another number of groups, or tensors in others */
    DESCEND_BAD_FILE_METADATA = 101,    /* a config, a scaler, a step count or a mu_product is missing or not good */
    DESCEND_BAD_FILE_NOTE = 102,        /* a note is missing, or another */
    DESCEND_BAD_FILE_MISSING = 103,     /* a tensor of the optimizer is not in the file */
    DESCEND_BAD_FILE_UNKNOWN = 104,     /* a tensor of the file is not in the optimizer */
    DESCEND_BAD_FILE_TENSOR_DTYPE = 105,
    DESCEND_BAD_FILE_TENSOR_SHAPE = 106
} descend_status;

#endif
