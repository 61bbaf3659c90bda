/* SPDX-License-Identifier: MIT */
/*
 * Fewer bytes train as well: on Fashion-MNIST the loss stays beside float32's with every storage, and does not where
 * bfloat16 is rounded to nearest, which is why the library has no such mode.
 *
 * The loss is that of all training images with the final weights; what is compared is the mean, over the seeds, of its
 * differences to float32's with the same seed.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "test.h"
#include "trained.h"

static bool to_nearest; /* whether what float32 holds is rounded to bfloat16 after each step */

static void round_to_nearest(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
        memcpy(&values[i], &bits, sizeof bits);
    }
}

bool __wrap_updater_step(struct updater *updater)
{
    const bool good = __real_updater_step(updater);
    for (size_t i = 0; i < NETWORK_TENSORS && to_nearest; i++) {
        descend_tensor tensor;
        assert_int_equal(descend_optimizer_tensor(updater->joint.optimizer, i, &tensor, NULL), DESCEND_OK);
        round_to_nearest(tensor.param.data, tensor.n);
        for (size_t k = 0; k < 2; k++) /* of AdamW: exp_avg, exp_avg_sq */
            round_to_nearest(tensor.state[k].data, tensor.n);
    }
    return good;
}

enum { SEEDS = 3 };

static struct dataset images, others;

static double loss_of(char *storage, char *seed)
{
    char *arguments[] = {"descend-train", "--optimizer", "adamw", "--epochs",  "4",     "--hidden", "128", "--schedule",
                         "cosine",        "--threads",   "1",     "--storage", storage, "--seed",   seed,  NULL};
    return train(arguments, &images, &others).loss;
}

static void losses(void **state)
{
    (void)state;
    static const struct {
        char *storage;
        bool to_nearest;
        double least, most; /* of the mean difference, in nats */
    } rows[] = {{"bf16-grads", false, -0.003, 0.003}, {"split", false, -0.003, 0.003},
                {"bf16", false, -0.003, 0.003},       {"split-8bit", false, -0.005, 0.005},
                {"bf16-8bit", false, -0.005, 0.005},  {"f32", true, 0.02, 1}};
    static char *seeds[SEEDS] = {"1", "2", "3"};
    if (!dataset_load("/usr/share/datasets/fashion-mnist", "train", &images) ||
        !dataset_load("/usr/share/datasets/fashion-mnist", "t10k", &others))
        skip(); /* Debian's dataset-fashion-mnist is not installed */
    double float32[SEEDS];
    for (size_t s = 0; s < SEEDS; s++)
        float32[s] = loss_of("f32", seeds[s]);
    for (size_t i = 0; i < COUNT(rows); i++) {
        to_nearest = rows[i].to_nearest;
        double difference[SEEDS], mean = 0;
        for (size_t s = 0; s < SEEDS; s++) {
            difference[s] = loss_of(rows[i].storage, seeds[s]) - float32[s];
            mean += difference[s] / SEEDS;
        }
        printf("%s%s: %+.4f, of the seeds %+.4f, %+.4f, %+.4f\n", rows[i].storage,
               to_nearest ? " rounded to nearest" : "", mean, difference[0], difference[1], difference[2]);
        assert_true(mean >= rows[i].least && mean <= rows[i].most);
    }
    dataset_free(&images);
    dataset_free(&others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(losses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
