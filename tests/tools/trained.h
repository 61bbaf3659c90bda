/* SPDX-License-Identifier: MIT */
/* Trainings of descend-train inside a test, which may look at, or replace, each step of the optimizer: the program
 * wraps updater_step (descend_test_wraps). */
#ifndef DESCEND_TESTS_TRAINED_H
#define DESCEND_TESTS_TRAINED_H

#include "training.h"

bool __real_updater_step(struct updater *updater);
bool __wrap_updater_step(struct updater *updater);

/* Trains each optimizer asked for, one after the other, as descend-train does with these arguments (the last NULL). The
 * result is the last one's. */
struct training_result train(char *const arguments[], const struct dataset *train, const struct dataset *test);

#endif
