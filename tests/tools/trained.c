/* SPDX-License-Identifier: MIT */
#include "trained.h"

#include <cblas.h>
#include <getopt.h>

#include "test.h"

struct training_result train(char *const arguments[], const struct dataset *train, const struct dataset *test)
{
    int count = 0;
    while (arguments[count])
        count++;
    struct options options;
    enum command_status status;
    struct network net;
    struct training run;
    struct training_result result = {0};
    openblas_set_num_threads(1);
    optind = 0; /* getopt_long starts anew */
    assert_true(options_read(&options, count, (char **)(uintptr_t)arguments, &status));
    assert_true(network_create(&net, (size_t)train->rows * train->columns, options.hidden, 500));
    assert_true(training_open(&run, &options, train, test, &net));
    for (size_t i = 0; i < options.optimizer_count; i++)
        assert_true(training_run(&run, options.optimizers[i], &result));
    assert_true(training_close(&run));
    network_free(&net);
    return result;
}
