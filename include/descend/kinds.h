/* SPDX-License-Identifier: MIT */
/*
 * The kinds of optimizers: their configs, their defaults, and their step functions over flat arrays. This is a part of
 * descend.h, which says what holds for all of them about errors, threads and numerics.
 */
#ifndef DESCEND_KINDS_H
#define DESCEND_KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/exec.h"
#include "descend/status.h"

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The kinds of optimizers, numbered without gaps. A number never changes. */
typedef enum descend_kind {
    DESCEND_KIND_NONE = 0, /* no kind: no function takes it */
    DESCEND_SGD = 1,
    DESCEND_RMSPROP = 2,
    DESCEND_ADAM = 3,
    DESCEND_ADAMW = 4,
    DESCEND_ADAGRAD = 5,
    DESCEND_ADADELTA = 6,
    DESCEND_ADAMAX = 7,
    DESCEND_NADAM = 8,
    DESCEND_RADAM = 9,
    DESCEND_RPROP = 10,
    DESCEND_ASGD = 11,
    DESCEND_LION = 12,
    DESCEND_LAMB = 13,
    DESCEND_RMSPROP_TF = 14,
    DESCEND_SIGNUM = 15,
    DESCEND_ADEMAMIX = 16
} descend_kind;

/*
 * Configs. A config holds the hyperparameters of one kind as plain data. Start from its _defaults() function, whose
 * values are PyTorch 2.x's where PyTorch has the optimizer. Below, the comment of each field begins with its default.
 * All learning rates, decays and eps must be >= 0 and finite; every coefficient derived from a config must be finite in
 * float32, else DESCEND_OVERFLOW.
 *
 * In every config:
 *
 *   lr            learning rate
 *   weight_decay  L2 penalty: weight_decay * param is added to the gradient. Rprop has none; in AdamW, Lion, Signum,
 *                 AdEMAMix and LAMB it is something else, described there
 *   maximize      maximizes the objective: the gradient is negated first
 *
 * Step functions. Each takes one step over arrays of float32:
 *
 *   config  the hyperparameters; read during the call only
 *   step    the number of this step; it counts from 1, up to 2^53
 *   param   n elements, updated
 *   grad    n elements, read
 *   state   arrays of n elements, named as in torch, updated. The caller initialises them before step 1, to 0 unless
 *           something else is said below. A state that the config does not use may be NULL and is never accessed
 *   n       the number of elements of each array. With n = 0 the pointers do not matter, and the call only checks its
 *           other arguments
 *   exec    how to run; NULL for the defaults
 *
 * Arrays must be aligned to 4 bytes (no more is needed) and must not overlap.
 *
 * They return DESCEND_OK, or an error with nothing changed: DESCEND_NULL_CONFIG; the status of a field that is out of
 * its range (DESCEND_BAD_LR …) or DESCEND_OVERFLOW; DESCEND_BAD_STEP; for the arrays DESCEND_NULL_ARRAY,
 * DESCEND_MISALIGNED, DESCEND_OVERLAP and DESCEND_BAD_N; for exec DESCEND_BAD_SLICE, DESCEND_BAD_SPLIT,
 * DESCEND_BAD_THREADS and DESCEND_BAD_RESERVED; and DESCEND_NO_ISA.
 */

/* Stochastic gradient descent, with momentum after Sutskever et al., "On the importance of initialization and momentum
 * in deep learning" (2013). As torch.optim.SGD. */
typedef struct descend_sgd {
    double lr;           /* 1e-3 */
    double momentum;     /* 0; >= 0 and finite */
    double dampening;    /* 0; finite; does not apply to the first step */
    double weight_decay; /* 0 */
    bool nesterov;       /* false; needs momentum > 0 and dampening 0 */
    bool maximize;       /* false */
} descend_sgd;

/* RMSprop (Hinton, Coursera lecture 6e, 2012; centered: Graves 2013), with eps outside the root. As
 * torch.optim.RMSprop. With centered, rounding can make the variance negative and so the parameter NaN, as in
 * PyTorch. */
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
    double lr_decay;                  /* 0; the rate of a step is lr / (1 + (step - 1) * lr_decay) */
    double weight_decay;              /* 0 */
    double initial_accumulator_value; /* 0; >= 0 and finite: the start value of sum */
    double eps;                       /* 1e-10 */
    bool maximize;                    /* false */
} descend_adagrad;

/* Adadelta (Zeiler, "ADADELTA: an adaptive learning rate method", 2012). As torch.optim.Adadelta. */
typedef struct descend_adadelta {
    double lr;           /* 1; multiplies the step that the method computes */
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
    double eps;          /* 1e-8; added to the magnitude of the gradient */
    double weight_decay; /* 0 */
    bool maximize;       /* false */
} descend_adamax;

/* Adam with Nesterov's momentum (Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016 workshop). As
 * torch.optim.NAdam 2.x; 1.13.1 has one factor of the momentum too many in the coefficient of exp_avg. The momenta are
 * computed with the C library's pow, so bits are equal only with the same C library. */
typedef struct descend_nadam {
    double lr;                   /* 2e-3 */
    double beta1;                /* 0.9; in [0, 1) */
    double beta2;                /* 0.999; in [0, 1) */
    double eps;                  /* 1e-8 */
    double weight_decay;         /* 0 */
    double momentum_decay;       /* 4e-3; the momentum of a step is beta1 * (1 - 0.96^(step * momentum_decay) / 2) */
    bool decoupled_weight_decay; /* false; true: weight decay as in AdamW */
    bool maximize;               /* false */
} descend_nadam;

/* Rectified Adam, which takes smaller steps while the average of squares still has a large variance (Liu et al., "On
 * the variance of the adaptive learning rate and beyond", ICLR 2020). As torch.optim.RAdam. */
typedef struct descend_radam {
    double lr;                   /* 1e-3 */
    double beta1;                /* 0.9; in [0, 1) */
    double beta2;                /* 0.999; in [0, 1) */
    double eps;                  /* 1e-8 */
    double weight_decay;         /* 0 */
    bool decoupled_weight_decay; /* false; true: weight decay as in AdamW */
    bool maximize;               /* false */
} descend_radam;

/* Resilient propagation, for whole batches (Riedmiller and Braun, "A direct adaptive method for faster backpropagation
 * learning: the RPROP algorithm", 1993). As torch.optim.Rprop. Only the sign of the gradient matters. */
typedef struct descend_rprop {
    double lr;            /* 1e-2; the start value of step_size */
    double eta_minus;     /* 0.5; in (0, 1): multiplies step_size where the gradient's sign has changed */
    double eta_plus;      /* 1.2; > 1 and finite: multiplies step_size where the sign has stayed the same */
    double step_size_min; /* 1e-6; finite, at most step_size_max */
    double step_size_max; /* 50; finite */
    bool maximize;        /* false */
} descend_rprop;

/* Averaged SGD (Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992). As
 * torch.optim.ASGD with a constant lr; a changed lr takes effect one step later in torch. The rate is computed with the
 * C library's pow, so bits are equal only with the same C library. */
typedef struct descend_asgd {
    double lr;           /* 1e-2; the rate is lr / (1 + lambd * lr * (step - 1))^alpha */
    double lambd;        /* 1e-4; >= 0 and finite; param is also multiplied by 1 - lambd * rate */
    double alpha;        /* 0.75; finite */
    double t0;           /* 1e6; finite; the number of steps before ax starts to average; until then it equals param */
    double weight_decay; /* 0 */
    bool maximize;       /* false */
} descend_asgd;

/* Lion (Chen et al., "Symbolic discovery of optimization algorithms", 2023): steps by the sign of an average. The
 * defaults are the paper's, which advises an lr 3 to 10 times smaller than AdamW's and a weight_decay as much
 * larger. */
typedef struct descend_lion {
    double lr;           /* 1e-4 */
    double beta1;        /* 0.9; in [0, 1): for the average whose sign is the step */
    double beta2;        /* 0.99; in [0, 1): for the average that is kept in exp_avg */
    double weight_decay; /* 0; decoupled, as in AdamW */
    bool maximize;       /* false */
} descend_lion;

/* LAMB (You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020, algorithm 2
 * with phi(x) = x): Adam, with the step of each tensor scaled to the length lr times the norm of the tensor. The norms
 * need the whole array, so slices are refused with DESCEND_NO_SLICES; for a shard, the optimizer object uses the norms
 * of the shard. lr times the ratio of the norms is not checked: where it overflows float32 the parameters become
 * infinite or NaN. */
typedef struct descend_lamb {
    double lr;           /* 1e-3 */
    double beta1;        /* 0.9; in [0, 1) */
    double beta2;        /* 0.999; in [0, 1) */
    double eps;          /* 1e-6 */
    double weight_decay; /* 0; added to Adam's step, not to the gradient */
    bool maximize;       /* false */
} descend_lamb;

/* RMSprop as in TensorFlow: eps is inside the root, and lr is applied before the momentum buffer. The start value of
 * square_avg is 1 in TensorFlow 1 and 0 in later versions and in the optimizer object; for the function over flat
 * arrays it is the caller's choice. */
typedef struct descend_rmsprop_tf {
    double lr;           /* 1e-2 */
    double alpha;        /* 0.9; smoothing, in [0, 1); TensorFlow's rho or decay */
    double eps;          /* 1e-10 */
    double weight_decay; /* 0 */
    double momentum;     /* 0; >= 0 and finite */
    bool maximize;       /* false */
} descend_rmsprop_tf;

/* Signum (Bernstein, Wang, Azizzadenesheli and Anandkumar, "signSGD: compressed optimisation for non-convex problems",
 * ICML 2018): steps by the sign of an average of the gradient. With beta 0 it is SignSGD: it steps by the sign of the
 * gradient and has no state. As with Lion, lr should be smaller than Adam's. */
typedef struct descend_signum {
    double lr;           /* 1e-4 */
    double beta;         /* 0.9; in [0, 1) */
    double weight_decay; /* 0; decoupled, as in AdamW */
    bool maximize;       /* false */
} descend_signum;

/* AdEMAMix (Pagliardini, Ablin and Grangier, "The AdEMAMix optimizer: better, faster, older", 2024, algorithm 1): AdamW
 * with a second, slow average of the gradient in its step. The warm-ups are the paper's: in alpha_warmup steps alpha
 * grows linearly from 0; in beta3_warmup steps beta3 grows from beta1 so that its half-life grows about linearly. In
 * the paper both take the whole training. A warm-up of beta3 is computed with the C library's exp and log; with one,
 * bits are equal only with the same C library. */
typedef struct descend_ademamix {
    double lr;           /* 1e-3 */
    double beta1;        /* 0.9; in [0, 1) */
    double beta2;        /* 0.999; in [0, 1) */
    double beta3;        /* 0.9999; in [0, 1): for the slow average */
    double alpha;        /* 5; >= 0 and finite: the weight of the slow average; 4 to 10 in the paper */
    double beta3_warmup; /* 0; >= 0 and finite: the steps of the warm-up; 0: none */
    double alpha_warmup; /* 0; >= 0 and finite: the steps of the warm-up; 0: none */
    double eps;          /* 1e-8 */
    double weight_decay; /* 0; decoupled, as in AdamW */
    bool maximize;       /* false */
} descend_ademamix;

/* A config of any kind: the kind, and the member of that kind's name. Plain data that may be copied and kept. */
typedef struct descend_config {
    descend_kind kind;
    union {
        descend_sgd sgd;
        descend_rmsprop rmsprop;
        descend_adam adam;
        descend_adamw adamw;
        descend_adagrad adagrad;
        descend_adadelta adadelta;
        descend_adamax adamax;
        descend_nadam nadam;
        descend_radam radam;
        descend_rprop rprop;
        descend_asgd asgd;
        descend_lion lion;
        descend_lamb lamb;
        descend_rmsprop_tf rmsprop_tf;
        descend_signum signum;
        descend_ademamix ademamix;
        double room[32]; /* room for the configs of later kinds: the size of this struct never changes */
    };
} descend_config;

/* The default configs. */
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
descend_signum descend_signum_defaults(void);
descend_ademamix descend_ademamix_defaults(void);

/* State: momentum_buffer with momentum > 0. Step 1 writes it without reading it. */
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

/* NAdam's scalar state mu_product is one float: the product of the momenta of all steps so far. Returns its value after
 * this step from `previous`, its value after the step before, which is 1 before step 1. NaN where config is NULL. */
float descend_nadam_mu_product(const descend_nadam *config, uint64_t step, float previous);

/* State: exp_avg, exp_avg_sq; and mu_product after this step, from descend_nadam_mu_product, the same in all slices of
 * a step. Unless it is in [0, 1): DESCEND_BAD_MU_PRODUCT. */
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

/* State: exp_avg, exp_avg_sq. Makes two passes over the arrays; with a thread pool of the caller, exec->run is called
 * twice. */
descend_status descend_lamb_step(const descend_lamb *config, uint64_t step, float *param, const float *grad,
                                 float *exp_avg, float *exp_avg_sq, size_t n, const descend_exec *exec);

/* State: square_avg, momentum_buffer; both also with momentum 0. */
descend_status descend_rmsprop_tf_step(const descend_rmsprop_tf *config, uint64_t step, float *param, const float *grad,
                                       float *square_avg, float *momentum_buffer, size_t n, const descend_exec *exec);

/* State: exp_avg with beta > 0. */
descend_status descend_signum_step(const descend_signum *config, uint64_t step, float *param, const float *grad,
                                   float *exp_avg, size_t n, const descend_exec *exec);

/* State: exp_avg_fast, exp_avg_slow, exp_avg_sq. */
descend_status descend_ademamix_step(const descend_ademamix *config, uint64_t step, float *param, const float *grad,
                                     float *exp_avg_fast, float *exp_avg_slow, float *exp_avg_sq, size_t n,
                                     const descend_exec *exec);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
