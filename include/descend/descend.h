/*
 * descend: fused single-pass optimizer updates over flat float32 arrays.
 *
 * One call is one optimizer step over one parameter array of n elements. Parameter, gradient and state arrays all
 * belong to the caller; the library allocates nothing, prints nothing and never aborts.
 *
 * The same inputs give the same bits on every instruction set, thread count, slicing, alignment and compiler, namely
 * those of torch.optim 1.13.1 on PyTorch's baseline CPU kernels. That contract is numbered: DESCEND_NUMERICS_VERSION
 * (docs/numerics.md). NaN is a class: its payload and sign are not promised.
 *
 * Errors. Every check is made before the first write. A call that returns anything but DESCEND_OK has changed no byte.
 *
 * Thread safety. Every function may be called from any thread at any time, provided that no two calls under way write
 * the same elements. The caller's floating-point environment (rounding, flush to zero, exception masks and flags)
 * neither changes the result nor is changed.
 *
 * Hyperparameters are double, like Python's. A coefficient kept as float and promoted (0.999f) is another number than
 * 0.999: the result is then not PyTorch's.
 */
#ifndef DESCEND_DESCEND_H
#define DESCEND_DESCEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DESCEND_VERSION_MAJOR 0
#define DESCEND_VERSION_MINOR 1
#define DESCEND_VERSION_PATCH 0
#define DESCEND_NUMERICS_VERSION 1

#if (defined(__cplusplus) && __cplusplus >= 201703L) || (defined(__STDC_VERSION__) && __STDC_VERSION__ > 201710L)
#define DESCEND_NODISCARD [[nodiscard]]
#else
#define DESCEND_NODISCARD
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a call returns: each cause its own number, which never changes. */
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

    /* How to run. */
    DESCEND_BAD_RESERVED = 10, /* the reserved words of a struct are not all zero */
    DESCEND_BAD_SLICE = 11,    /* slice >= slices, or a slice without slices */
    DESCEND_BAD_THREADS = 12,  /* run with no threads */
    DESCEND_BAD_ISA = 13,      /* descend_isa_force: no variant of that name can run here */
    DESCEND_NO_ISA = 14,       /* the environment's DESCEND_ISA names no variant that can run here */
    DESCEND_BAD_SPLIT = 15,    /* slices together with threads or run */

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

    /* The optimizer object of optimizer.h. */
    DESCEND_WRONG_OPTIMIZER = 40, /* a config of another optimizer than the object's */
    DESCEND_BAD_GROUP = 41,
    DESCEND_BAD_TENSOR = 42,
    DESCEND_BAD_NAME = 43, /* NULL, empty, or not UTF-8 */
    DESCEND_DUPLICATE_NAME = 44,
    DESCEND_BAD_DTYPE = 45,
    DESCEND_BAD_FIRST = 46, /* first + n is above 2^53 */
    DESCEND_BAD_GRAD_SCALE = 47,
    DESCEND_BAD_ALLOCATOR = 48, /* NULL, or a function of it is */
    DESCEND_IN_USE = 49,        /* the allocator is changed after the first tensor */

    /* The loss scaler of scaler.h. */
    DESCEND_NULL_SCALER = 50,
    DESCEND_BAD_SCALE = 51,
    DESCEND_BAD_GROWTH_FACTOR = 52,
    DESCEND_BAD_BACKOFF_FACTOR = 53,
    DESCEND_BAD_GROWTH_INTERVAL = 54,
    DESCEND_BAD_GROWTH_TRACKER = 55,

    /* Going on from before: descend_optimizer_restore, and the arguments of checkpoint.h. */
    DESCEND_NULL_PAST = 60, /* or a function of it */
    DESCEND_BAD_PATH = 61,  /* NULL */
    DESCEND_BAD_NOTE = 62,  /* NULL, or its key or value is */

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
    DESCEND_BAD_FILE_METADATA = 101,    /* a config or a scaler is missing or not good */
    DESCEND_BAD_FILE_NOTE = 102,        /* a note is missing, or another */
    DESCEND_BAD_FILE_MISSING = 103,     /* a tensor of the optimizer is not in the file */
    DESCEND_BAD_FILE_UNKNOWN = 104,     /* a tensor of the file is not in the optimizer */
    DESCEND_BAD_FILE_TENSOR_DTYPE = 105,
    DESCEND_BAD_FILE_TENSOR_SHAPE = 106
} descend_status;

/* One English line without a full stop, for any value; static storage. */
const char *descend_status_string(descend_status status);

/* The version of the library that runs, "0.1.0"; static storage. */
const char *descend_version_string(void);

/* One share of a call's work. A runner calls it for each index below the number of tasks it was given. */
typedef void descend_task(void *work, unsigned index);

/*
 * How to run one call. It never changes a bit of the result. NULL and all zeros both mean the defaults; initialise with
 * = {0}, so that fields of later versions are zero.
 *
 * The library can see an active OpenMP region and then stays serial, but it cannot see other thread pools: when calling
 * from a pool of your own, set threads = 1, or slices, or run.
 */
typedef struct descend_exec {
    /* 0: the library's choice (OpenMP's own maximum; one inside an active parallel region). 1: the calling thread.
     * More: OpenMP is asked for that many, inside a region for a nested one, which it makes only where its
     * max-active-levels allows; but never for more than there are 4096-element blocks, nor than max(64, processors).
     * With run: the number of tasks exactly, at least 1. */
    unsigned threads;
    /* slices > 0: do slice number `slice` of `slices` equal parts, on the calling thread; threads and run stay 0. Each
     * of the slices is a call with otherwise equal arguments, in any order, on any thread; all return the same. */
    unsigned slice, slices;
    /* The caller's own thread pool: calls task(work, index) once for each index in 0 … tasks-1, on any threads, and
     * returns when all have returned. NULL: OpenMP, or serial in a build without it. */
    void (*run)(void *pool, descend_task *task, void *work, unsigned tasks);
    void *pool; /* handed to run */
    /* The n under which a call stays on the calling thread. 0: the built-in value, measured for OpenMP (32768); run is
     * then used at any n. */
    size_t serial_below;
    uintptr_t reserved[7]; /* zero; anything else is refused */
} descend_exec;

/*
 * The elements [*begin, *end) that `slice` of `slices` covers in an array of n. Slices begin at multiples of 4096
 * elements (or at n) and are within one such block of equal size; in order they cover 0 … n. slices 0 means one; slice
 * >= slices covers nothing. Neither pointer may be NULL. Use it to place memory (first touch on NUMA) or to shard.
 */
void descend_slice(size_t n, unsigned slice, unsigned slices, size_t *begin, size_t *end);

/*
 * Variants: "scalar" everywhere, "avx2" and "avx512" on x86-64, "neon" on aarch64. The best that can run here is chosen
 * at the first call, unless the environment variable DESCEND_ISA, read once, names one. An empty DESCEND_ISA counts as
 * unset; any other value that is not exactly the name of a variant that can run here makes every step return
 * DESCEND_NO_ISA, until descend_isa_force overrides it.
 */
const char *descend_isa_active(void);         /* the variant in use; "none" while DESCEND_ISA is in error */
size_t descend_isa_count(void);               /* variants in this binary */
const char *descend_isa_name(size_t index);   /* slowest first; NULL from descend_isa_count() on */
bool descend_isa_supported(const char *name); /* in this binary and able to run on this machine; false for NULL */

/* Use this variant from the next call on, in all threads. NULL: the best that can run here, whatever the environment
 * says. DESCEND_BAD_ISA: not such a variant, nothing changed. */
descend_status descend_isa_force(const char *name);

/*
 * Optimizers. A config is plain data; start from the _defaults(), which are PyTorch 2.x's. All learning rates, decays
 * and eps are >= 0 and finite, and so is every coefficient derived from them once rounded to float32.
 *
 * In every config:
 *   lr            learning rate
 *   weight_decay  L2 penalty, added to the gradient as weight_decay * param (AdamW: decoupled, see there)
 *   maximize      ascend: negate the gradient first
 *
 * Every step function takes, beside the config (read during the call only):
 *   step   the number of this step, counted from 1, at most 2^53
 *   param  n elements, updated
 *   grad   n elements, read
 *   state  arrays of n elements by torch's names, updated. The caller gives them their start value, 0, before step 1.
 *          One that the config does not use may be NULL and is never looked at
 *   n      elements per array; 0 is fine with any pointers, and so validates a config
 *   exec   how to run; NULL for the defaults
 * Arrays must be aligned to 4 bytes, no more, and must not overlap.
 */

/* Stochastic gradient descent, with momentum after Sutskever et al., "On the importance of initialization and momentum
 * in deep learning" (2013). As torch.optim.SGD. */
typedef struct descend_sgd {
    double lr;           /* 1e-3 */
    double momentum;     /* 0; >= 0 and finite */
    double dampening;    /* 0; any finite value; the first step is not dampened */
    double weight_decay; /* 0 */
    bool nesterov;       /* false; needs momentum > 0 and dampening 0 */
    bool maximize;       /* false */
} descend_sgd;

/* RMSprop (Hinton, Coursera lecture 6e, 2012; centered: Graves 2013), eps outside the root. As torch.optim.RMSprop.
 * Centered, rounding can make the variance negative and the parameter NaN, as in PyTorch. */
typedef struct descend_rmsprop {
    double lr;           /* 1e-2 */
    double alpha;        /* 0.99; smoothing, in [0, 1) */
    double eps;          /* 1e-8 */
    double weight_decay; /* 0 */
    double momentum;     /* 0; >= 0 and finite */
    bool centered;       /* false */
    bool maximize;       /* false */
} descend_rmsprop;

/* Adam (Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015); amsgrad: Reddi et al., "On the
 * convergence of Adam and beyond", ICLR 2018. As torch.optim.Adam. */
typedef struct descend_adam {
    double lr;           /* 1e-3 */
    double beta1;        /* 0.9; in [0, 1) */
    double beta2;        /* 0.999; in [0, 1) */
    double eps;          /* 1e-8 */
    double weight_decay; /* 0 */
    bool amsgrad;        /* false */
    bool maximize;       /* false */
} descend_adam;

/* Adam with decoupled weight decay: param is first multiplied by 1 - lr * weight_decay (Loshchilov and Hutter,
 * "Decoupled weight decay regularization", ICLR 2019). As torch.optim.AdamW. */
typedef struct descend_adamw {
    double lr;           /* 1e-3 */
    double beta1;        /* 0.9; in [0, 1) */
    double beta2;        /* 0.999; in [0, 1) */
    double eps;          /* 1e-8 */
    double weight_decay; /* 1e-2 */
    bool amsgrad;        /* false */
    bool maximize;       /* false */
} descend_adamw;

descend_sgd descend_sgd_defaults(void);
descend_rmsprop descend_rmsprop_defaults(void);
descend_adam descend_adam_defaults(void);
descend_adamw descend_adamw_defaults(void);

/* State: momentum_buffer with momentum > 0. At step 1 it is written without being read. */
descend_status descend_sgd_step(const descend_sgd *config, uint64_t step, float *param, const float *grad,
                                float *momentum_buffer, size_t n, const descend_exec *exec);

/* State: square_avg; grad_avg with centered; momentum_buffer with momentum > 0. */
descend_status descend_rmsprop_step(const descend_rmsprop *config, uint64_t step, float *param, const float *grad,
                                    float *square_avg, float *grad_avg, float *momentum_buffer, size_t n,
                                    const descend_exec *exec);

/* State: exp_avg, exp_avg_sq; max_exp_avg_sq with amsgrad. */
descend_status descend_adam_step(const descend_adam *config, uint64_t step, float *param, const float *grad,
                                 float *exp_avg, float *exp_avg_sq, float *max_exp_avg_sq, size_t n,
                                 const descend_exec *exec);

/* State: as descend_adam_step. */
descend_status descend_adamw_step(const descend_adamw *config, uint64_t step, float *param, const float *grad,
                                  float *exp_avg, float *exp_avg_sq, float *max_exp_avg_sq, size_t n,
                                  const descend_exec *exec);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
