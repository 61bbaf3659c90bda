/*
 * descend: fused single-pass optimizer updates over flat float32 arrays.
 *
 * One call is one optimizer step over one parameter array of n elements. Parameter, gradient and state arrays all
 * belong to the caller; the library allocates nothing, prints nothing and never aborts.
 *
 * The same inputs give the same bits on every instruction set, thread count, slicing, alignment and compiler; where
 * PyTorch has the optimizer, those of torch.optim 1.13.1 on its baseline CPU kernels (NAdam and ASGD: see there). That
 * contract is numbered: DESCEND_NUMERICS_VERSION (docs/numerics.md). NaN is a class: its payload and sign are not
 * promised.
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

#include "descend/status.h"

#define DESCEND_VERSION_MAJOR 0
#define DESCEND_VERSION_MINOR 1
#define DESCEND_VERSION_PATCH 0
#define DESCEND_NUMERICS_VERSION 1

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Element types of arrays. The functions of this header take float32 alone. */
typedef enum descend_dtype { DESCEND_F32 = 0, DESCEND_BF16 = 1, DESCEND_F16 = 2 } descend_dtype;

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
 *
 *   lr            learning rate
 *   weight_decay  L2 penalty, added to the gradient as weight_decay * param. Rprop has none; in AdamW, Lion and LAMB it
 *                 is something else: see there
 *   maximize      ascend: negate the gradient first
 *
 * Every step function takes, beside the config (read during the call only):
 *   step   the number of this step, counted from 1, at most 2^53
 *   param  n elements, updated
 *   grad   n elements, read
 *   state  arrays of n elements by torch's names, updated. The caller gives them their start value before step 1: 0
 *          where nothing else is said. One that the config does not use may be NULL and is never looked at
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

/* Adagrad (Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
 * JMLR 2011). As torch.optim.Adagrad. */
typedef struct descend_adagrad {
    double lr;                        /* 1e-2 */
    double lr_decay;                  /* 0; the rate is lr / (1 + (step - 1) * lr_decay) */
    double weight_decay;              /* 0 */
    double initial_accumulator_value; /* 0; what sum starts at */
    double eps;                       /* 1e-10 */
    bool maximize;                    /* false */
} descend_adagrad;

/* Adadelta (Zeiler, "ADADELTA: an adaptive learning rate method", 2012). As torch.optim.Adadelta. */
typedef struct descend_adadelta {
    double lr;           /* 1; a factor of the method's own rate */
    double rho;          /* 0.9; smoothing, in [0, 1) */
    double eps;          /* 1e-6; inside the roots */
    double weight_decay; /* 0 */
    bool maximize;       /* false */
} descend_adadelta;

/* Adamax: Adam with the infinity norm (Kingma and Ba 2015, section 7.1). As torch.optim.Adamax. */
typedef struct descend_adamax {
    double lr;           /* 2e-3 */
    double beta1;        /* 0.9; in [0, 1) */
    double beta2;        /* 0.999; in [0, 1) */
    double eps;          /* 1e-8; added to the gradient's magnitude */
    double weight_decay; /* 0 */
    bool maximize;       /* false */
} descend_adamax;

/* Adam with Nesterov's momentum (Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016 workshop). As
 * torch.optim.NAdam 2.x; 1.13.1 multiplies by the momentum once too often in the coefficient of exp_avg. The momenta
 * are computed with the C library's pow: the bits are promised for one C library only. */
typedef struct descend_nadam {
    double lr;                   /* 2e-3 */
    double beta1;                /* 0.9; in [0, 1) */
    double beta2;                /* 0.999; in [0, 1) */
    double eps;                  /* 1e-8 */
    double weight_decay;         /* 0 */
    double momentum_decay;       /* 4e-3 */
    bool decoupled_weight_decay; /* false; true: as AdamW's */
    bool maximize;               /* false */
} descend_nadam;

/* Adam whose rate is rectified while the variance of the squares' average is large (Liu et al., "On the variance of the
 * adaptive learning rate and beyond", ICLR 2020). As torch.optim.RAdam. */
typedef struct descend_radam {
    double lr;                   /* 1e-3 */
    double beta1;                /* 0.9; in [0, 1) */
    double beta2;                /* 0.999; in [0, 1) */
    double eps;                  /* 1e-8 */
    double weight_decay;         /* 0 */
    bool decoupled_weight_decay; /* false; true: as AdamW's */
    bool maximize;               /* false */
} descend_radam;

/* Resilient propagation, for whole batches (Riedmiller and Braun, "A direct adaptive method for faster backpropagation
 * learning: the RPROP algorithm", 1993). As torch.optim.Rprop. Only the gradient's sign counts. */
typedef struct descend_rprop {
    double lr;            /* 1e-2; what step_size starts at */
    double eta_minus;     /* 0.5; in (0, 1): step_size's factor where the gradient changed its sign */
    double eta_plus;      /* 1.2; above 1: its factor where the gradient kept it */
    double step_size_min; /* 1e-6; finite, at most step_size_max */
    double step_size_max; /* 50; finite */
    bool maximize;        /* false */
} descend_rprop;

/* Averaged SGD (Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992). As
 * torch.optim.ASGD with a constant lr; where lr changes torch follows one step later. The rate is computed with the C
 * library's pow: the bits are promised for one C library only. */
typedef struct descend_asgd {
    double lr;           /* 1e-2; the rate is lr / (1 + lambd * lr * (step - 1))^alpha */
    double lambd;        /* 1e-4; param is also multiplied by 1 - lambd * rate */
    double alpha;        /* 0.75; any finite value */
    double t0;           /* 1e6; any finite value; ax averages after so many steps, before it is param */
    double weight_decay; /* 0 */
    bool maximize;       /* false */
} descend_asgd;

/* Lion (Chen et al., "Symbolic discovery of optimization algorithms", 2023): steps by the sign of an average. Defaults
 * are the paper's; lr is to be 3 to 10 times smaller than for AdamW, weight_decay as much larger. */
typedef struct descend_lion {
    double lr;           /* 1e-4 */
    double beta1;        /* 0.9; in [0, 1): of the average stepped by */
    double beta2;        /* 0.99; in [0, 1): of the one kept */
    double weight_decay; /* 0; decoupled, as AdamW's */
    bool maximize;       /* false */
} descend_lion;

/* LAMB (You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020, algorithm 2
 * with phi(x) = x): Adam whose step in each tensor is as long as lr times the tensor's norm. The norms are of the whole
 * array: slices are refused with DESCEND_NO_SLICES, and the object steps a shard by the shard's own norms. lr times the
 * ratio is not checked: where it overflows float32 the parameters become infinite or NaN. */
typedef struct descend_lamb {
    double lr;           /* 1e-3 */
    double beta1;        /* 0.9; in [0, 1) */
    double beta2;        /* 0.999; in [0, 1) */
    double eps;          /* 1e-6 */
    double weight_decay; /* 0; added to Adam's step, not to the gradient */
    bool maximize;       /* false */
} descend_lamb;

/* RMSprop as TensorFlow has it: eps inside the root, lr inside the momentum buffer. TensorFlow 1 starts square_avg at
 * 1, later versions at 0; with the flat function it is the caller's choice. */
typedef struct descend_rmsprop_tf {
    double lr;           /* 1e-2 */
    double alpha;        /* 0.9; smoothing, in [0, 1); TensorFlow's rho or decay */
    double eps;          /* 1e-10 */
    double weight_decay; /* 0 */
    double momentum;     /* 0; >= 0 and finite */
    bool maximize;       /* false */
} descend_rmsprop_tf;

descend_sgd descend_sgd_defaults(void);
descend_rmsprop descend_rmsprop_defaults(void);
descend_adam descend_adam_defaults(void);
descend_adamw descend_adamw_defaults(void);
descend_adagrad descend_adagrad_defaults(void);
descend_adadelta descend_adadelta_defaults(void);
descend_adamax descend_adamax_defaults(void);
descend_nadam descend_nadam_defaults(void);
descend_radam descend_radam_defaults(void);
descend_rprop descend_rprop_defaults(void);
descend_asgd descend_asgd_defaults(void);
descend_lion descend_lion_defaults(void);
descend_lamb descend_lamb_defaults(void);
descend_rmsprop_tf descend_rmsprop_tf_defaults(void);

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

/* State: sum, starting at initial_accumulator_value. */
descend_status descend_adagrad_step(const descend_adagrad *config, uint64_t step, float *param, const float *grad,
                                    float *sum, size_t n, const descend_exec *exec);

/* State: square_avg, acc_delta. */
descend_status descend_adadelta_step(const descend_adadelta *config, uint64_t step, float *param, const float *grad,
                                     float *square_avg, float *acc_delta, size_t n, const descend_exec *exec);

/* State: exp_avg, exp_inf. */
descend_status descend_adamax_step(const descend_adamax *config, uint64_t step, float *param, const float *grad,
                                   float *exp_avg, float *exp_inf, size_t n, const descend_exec *exec);

/* NAdam's mu_product is one float: the product of the momenta of all steps so far. This is what it is through this
 * step, from what it was through the one before: 1 before the first. NaN for a NULL config. */
float descend_nadam_mu_product(const descend_nadam *config, uint64_t step, float previous);

/* State: exp_avg, exp_avg_sq, and mu_product through this step, in [0, 1): equal in all slices of a step. */
descend_status descend_nadam_step(const descend_nadam *config, uint64_t step, float mu_product, float *param,
                                  const float *grad, float *exp_avg, float *exp_avg_sq, size_t n,
                                  const descend_exec *exec);

/* State: exp_avg, exp_avg_sq. */
descend_status descend_radam_step(const descend_radam *config, uint64_t step, float *param, const float *grad,
                                  float *exp_avg, float *exp_avg_sq, size_t n, const descend_exec *exec);

/* State: prev; step_size, starting at lr rounded to float32. */
descend_status descend_rprop_step(const descend_rprop *config, uint64_t step, float *param, const float *grad,
                                  float *prev, float *step_size, size_t n, const descend_exec *exec);

/* State: ax. */
descend_status descend_asgd_step(const descend_asgd *config, uint64_t step, float *param, const float *grad, float *ax,
                                 size_t n, const descend_exec *exec);

/* State: exp_avg. */
descend_status descend_lion_step(const descend_lion *config, uint64_t step, float *param, const float *grad,
                                 float *exp_avg, size_t n, const descend_exec *exec);

/* State: exp_avg, exp_avg_sq. Reads all of it twice; with a thread pool, run is called twice. */
descend_status descend_lamb_step(const descend_lamb *config, uint64_t step, float *param, const float *grad,
                                 float *exp_avg, float *exp_avg_sq, size_t n, const descend_exec *exec);

/* State: square_avg, momentum_buffer; both with any momentum. */
descend_status descend_rmsprop_tf_step(const descend_rmsprop_tf *config, uint64_t step, float *param, const float *grad,
                                       float *square_avg, float *momentum_buffer, size_t n, const descend_exec *exec);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
