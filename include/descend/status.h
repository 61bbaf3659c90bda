/* SPDX-License-Identifier: MIT */
/* The statuses that the functions of this library return. */
#ifndef DESCEND_STATUS_H
#define DESCEND_STATUS_H

#if (defined(__cplusplus) && __cplusplus >= 201703L) || (defined(__STDC_VERSION__) && __STDC_VERSION__ > 201710L)
#define DESCEND_NODISCARD [[nodiscard]]
#else
#define DESCEND_NODISCARD
#endif

/* Each cause of an error has a number of its own, which never changes. The compiler warns where a status is ignored, in
 * C23 and C++17. */
typedef enum DESCEND_NODISCARD descend_status {
    DESCEND_OK = 0, /* no error */

    /* Arguments. */
    DESCEND_NULL_CONFIG = 1,          /* config is NULL, or another pointer of a function of config.h */
    DESCEND_NULL_ARRAY = 2,           /* param, grad, or a state array that the config uses is NULL */
    DESCEND_MISALIGNED = 3,           /* an array is not aligned to its element type */
    DESCEND_OVERLAP = 4,              /* two arrays share memory; param and grad may not either */
    DESCEND_BAD_N = 5,                /* n elements do not fit in the address space, or spans differ in length (C++) */
    DESCEND_BAD_STEP = 6,             /* step is 0 or above 2^53 */
    DESCEND_NO_MEMORY = 7,            /* memory could not be allocated */
    DESCEND_NULL_OPTIMIZER = 8,       /* optimizer is NULL */
    DESCEND_NULL_MEASUREMENT = 9,     /* measurement is NULL */
    DESCEND_BAD_MU_PRODUCT = 17,      /* NAdam's mu_product is not in [0, 1) */
    DESCEND_BAD_BIAS_CORRECTION = 73, /* a bias correction is not in [2^-53, 1] */
    DESCEND_NEEDS_STEP = 74, /* bias corrections are given instead of a step to an optimizer that they do not suffice */

    /* Configs of any kind. */
    DESCEND_BAD_KIND = 18,  /* the config's kind is not one of this library */
    DESCEND_BAD_FIELD = 19, /* the kind has no field of that name */
    DESCEND_BAD_FLAG = 56,  /* a flag is set to a number other than 0 and 1 */

    /* How to run. */
    DESCEND_BAD_RESERVED = 10, /* the reserved words of a struct are not all zero */
    DESCEND_BAD_SLICE = 11,    /* slice >= slices, or slice is not 0 where slices is */
    DESCEND_BAD_THREADS = 12,  /* run is given, but threads is 0 */
    DESCEND_BAD_ISA = 13,      /* descend_isa_force: no variant of that name can run here */
    DESCEND_NO_ISA = 14,       /* the environment variable DESCEND_ISA names no variant that can run here */
    DESCEND_BAD_SPLIT = 15,    /* slices together with threads or run */
    DESCEND_NO_SLICES = 16,    /* slices with an optimizer that needs the whole tensor at once: LAMB */
    DESCEND_UNFINISHED = 65,   /* some tasks or slices of this call or of an earlier one were not done */

    /* Hyperparameters: a field is out of the range that kinds.h gives for it. */
    DESCEND_OVERFLOW = 20, /* all fields are in range, but a coefficient derived from them overflows float32 */
    DESCEND_BAD_LR = 21,
    DESCEND_BAD_MOMENTUM = 22,
    DESCEND_BAD_DAMPENING = 23,
    DESCEND_BAD_WEIGHT_DECAY = 24,
    DESCEND_BAD_NESTEROV = 25, /* nesterov with momentum 0, or with dampening */
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
    DESCEND_WRONG_OPTIMIZER = 40, /* the config's kind is not the optimizer's */
    DESCEND_BAD_GROUP = 41,       /* there is no such group */
    DESCEND_BAD_TENSOR = 42,      /* there is no such tensor, or the pointer to it is NULL */
    DESCEND_BAD_NAME = 43,        /* a tensor's name is NULL, empty or not UTF-8, or has a NUL inside (C++) */
    DESCEND_DUPLICATE_NAME = 44,  /* a tensor's name was given before */
    DESCEND_BAD_DTYPE = 45,       /* an array has an element type that is not supported for it */
    DESCEND_BAD_FIRST = 46,       /* first + n is above whole or 2^53, or an 8-bit state begins within a block */
    DESCEND_BAD_GRAD_SCALE = 47,  /* grad_scale is negative, or not finite as float32 */
    DESCEND_BAD_ALLOCATOR = 48,   /* the allocator or one of its functions is NULL */
    DESCEND_IN_USE = 49,          /* the allocator is changed after the first tensor was added */
    DESCEND_BAD_SHAPE = 57,       /* rows * columns is not the number of elements of the whole tensor */

    /* The loss scaler of scaler.h: it is NULL, or a field is out of its range. */
    DESCEND_NULL_SCALER = 50,
    DESCEND_BAD_SCALE = 51,
    DESCEND_BAD_GROWTH_FACTOR = 52,
    DESCEND_BAD_BACKOFF_FACTOR = 53,
    DESCEND_BAD_GROWTH_INTERVAL = 54,
    DESCEND_BAD_GROWTH_TRACKER = 55,

    /* The arguments of descend_optimizer_restore and of checkpoint.h. */
    DESCEND_NULL_SNAPSHOT = 60, /* the snapshot or one of its functions is NULL */
    DESCEND_BAD_PATH = 61,      /* path is NULL, or has a NUL inside (C++) */
    DESCEND_BAD_NOTE = 62,      /* a note, its key or its value is NULL */

    /* Several processes: mpi.h. */
    DESCEND_MPI_BAD_OPTIONS = 66, /* the timeout is negative or no number */
    DESCEND_MPI_MISMATCH = 67,    /* the ranks passed different arguments */
    DESCEND_MPI_PEER = 68,        /* the call was refused on another rank: descend_mpi_peer says which, and why */
    DESCEND_MPI_TIMEOUT = 69,     /* other ranks did not come in time */
    DESCEND_MPI_FAILED = 70,      /* MPI reported an error */
    DESCEND_MPI_NOT_SHARED = 71,  /* memory that is to be shared is not */
    DESCEND_MPI_NOT_FINITE = 72,  /* a gradient is infinite or NaN */

    /* Checkpoint files. */
    DESCEND_FILE_OPEN = 80,              /* the file cannot be opened; errno says why */
    DESCEND_FILE_READ = 81,              /* the file cannot be read; errno says why */
    DESCEND_FILE_WRITE = 82,             /* the file cannot be written; errno says why */
    DESCEND_BAD_FILE_SHORT = 83,         /* fewer than 8 bytes */
    DESCEND_BAD_FILE_HEADER_LIMIT = 84,  /* a header of more than 100,000,000 bytes, read or to be written */
    DESCEND_BAD_FILE_HEADER_SIZE = 85,   /* the header ends beyond the file */
    DESCEND_BAD_FILE_UTF8 = 86,          /* the header is not UTF-8 */
    DESCEND_BAD_FILE_JSON = 87,          /* the header is not JSON, or not that of a safetensors file */
    DESCEND_BAD_FILE_FIELDS = 88,        /* a tensor lacks dtype, shape or data_offsets, or has another field */
    DESCEND_BAD_FILE_DTYPE = 89,         /* an element type that the format does not have, or not of whole bytes */
    DESCEND_BAD_FILE_DUPLICATE = 90,     /* a key occurs twice in an object */
    DESCEND_BAD_FILE_OVERFLOW = 91,      /* a number or the size of a tensor does not fit in 64 bits */
    DESCEND_BAD_FILE_TENSOR_SIZE = 92,   /* data_offsets do not agree with shape and dtype */
    DESCEND_BAD_FILE_HOLE = 93,          /* there are bytes between two tensors that belong to neither */
    DESCEND_BAD_FILE_OVERLAP = 94,       /* two tensors overlap */
    DESCEND_BAD_FILE_TRUNCATED = 95,     /* the file ends before the last tensor does */
    DESCEND_BAD_FILE_TRAILING = 96,      /* there are bytes after the last tensor */
    DESCEND_BAD_FILE_CHECKSUM = 97,      /* the checksum is not that of the file */
    DESCEND_BAD_FILE_NUMERICS = 98,      /* a numerics version that the library does not load, or none */
    DESCEND_BAD_FILE_OPTIMIZER = 99,     /* another kind than the optimizer's, or none */
    DESCEND_BAD_FILE_GROUPS = 100,       /* another number of groups than the optimizer's, or a tensor in another one */
    DESCEND_BAD_FILE_METADATA = 101,     /* a config, seed, scaler, step count or mu_product is missing or invalid */
    DESCEND_BAD_FILE_NOTE = 102,         /* a note is missing or has another value */
    DESCEND_BAD_FILE_MISSING = 103,      /* a tensor of the optimizer is not in the file */
    DESCEND_BAD_FILE_UNKNOWN = 104,      /* a tensor of the file is not in the optimizer */
    DESCEND_BAD_FILE_TENSOR_DTYPE = 105, /* a tensor has another dtype or storage than the optimizer's */
    DESCEND_BAD_FILE_TENSOR_SHAPE = 106  /* a tensor has another shape than the optimizer's */
} descend_status;

#endif
