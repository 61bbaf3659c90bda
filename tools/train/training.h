/* One optimizer's run. */
#ifndef DESCEND_TRAIN_TRAINING_H
#define DESCEND_TRAIN_TRAINING_H

#include "network.h"
#include "options.h"
#include "report.h"
#include "updater.h"

struct training {
    const struct options *chosen;
    const struct dataset *train, *test;
    struct network *net;
    struct updater updater; /* of the optimizer that is being trained */
    uint32_t *order;        /* the training images in the epoch's order */
    double *samples;        /* the update's seconds in the last TIMED_STEPS steps */
    float *from_copy;       /* the bfloat16 copy as float32; NULL: there is none */
    struct report shown;
};

struct training_result {
    double loss;          /* over all training images, with the final weights */
    double accuracy;      /* of the test images */
    double copy_accuracy; /* the same by the bfloat16 copy, if there is one; NaN if this run skipped all its steps */
    double update;        /* median seconds of a step's update */
    double share;         /* of the update in the steps' time, 0 … 1 */
    uint64_t skipped;     /* steps of all, in the runs before a checkpoint too */
};

/* false: complained. training_close() in either case. */
bool training_open(struct training *run, const struct options *chosen, const struct dataset *train,
                   const struct dataset *test, struct network *net);

/* Trains from the seed's initial weights, those of a file, or a checkpoint. false: complained. */
bool training_run(struct training *run, const struct named_config *trained, struct training_result *result);

/* false: complained that the CSV could not be written. */
bool training_close(struct training *run);

#endif
