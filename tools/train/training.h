/* SPDX-License-Identifier: MIT */
/* Trains the network, with one optimizer after the other. */
#ifndef DESCEND_TRAIN_TRAINING_H
#define DESCEND_TRAIN_TRAINING_H

#include "network.h"
#include "options.h"
#include "report.h"
#include "updater.h"

struct training {
    const struct options *options;
    const struct dataset *train, *test;
    struct network *net;
    struct updater updater; /* of the optimizer that is being trained */
    uint32_t *order;        /* of the training images in the current epoch */
    double *losses;         /* of the current batch's micro-batches */
    double *samples;        /* the update's seconds in the last TIMED_STEPS steps */
    float *from_copy;       /* the bfloat16 copy as float32; NULL: there is none */
    struct report report;
};

struct training_result {
    bool diverged;        /* the loss became infinite or NaN, which has been reported */
    uint64_t step;        /* the last one */
    double loss;          /* over all training images, with the final weights */
    double accuracy;      /* of the test images */
    double copy_accuracy; /* the same of the bfloat16 parameters, if there are some; NaN if no step has written them */
    double update;        /* median seconds of a step's update */
    double share;         /* of the time of all steps that the updates took, 0 … 1 */
    uint64_t skipped;     /* number of skipped steps, including those before a checkpoint */
};

/* Functions return false after having reported an error. training_close() in either case. */
bool training_open(struct training *run, const struct options *options, const struct dataset *train,
                   const struct dataset *test, struct network *net);

/* Trains from the weights that the seed draws, those of a file, or a checkpoint. A diverged training is no error. */
bool training_run(struct training *run, const struct named_config *trained, struct training_result *result);

bool training_close(struct training *run);

#endif
