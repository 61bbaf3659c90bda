/* SPDX-License-Identifier: MIT */
/* Every configuration of every optimizer has on all ranks the bits of one process: with any manner of exchanging, with
 * other variants on other ranks. */
#include "scene.h"
#include "world.h"

static unsigned turns;

/* Variants rank by rank. */
static void mix_variants(void)
{
    const char *const *names = variants();
    unsigned count = 1;
    while (names[count])
        count++;
    EXPECT_OK(descend_isa_force(names[((unsigned)world_rank + turns) % count]));
}

static void check(const struct configuration *configuration, const struct manner *manner, size_t scale)
{
    struct scene scene;
    turns++;
    mix_variants();
    scene_begin(&scene, configuration, manner, scale);
    scene_train(&scene, 2);
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    size_t count;
    world_begin(&argc, &argv);
    const struct configuration *configuration = configurations(&count);
    const bool power_of_two = (world_ranks & (world_ranks - 1)) == 0;
    const struct manner manners[] = {
        {.grad = DESCEND_F32},
        {.bucket = 1, .begins = true},
        {.share_grads = true},
        {.share_grads = true, .share_params = true, .begins = true},
        {.share_params = true, .bucket = 20000},
        {.has_copies = true},
        {.micro_batches = power_of_two ? 4 : 1, .begins = true},
        {.micro_batches = 2, .share_grads = true, .has_copies = true},
    };
    const struct manner stored[] = {
        {.grad = DESCEND_BF16},
        {.grad = DESCEND_F16, .bucket = 20000, .begins = true},
        {.grad = DESCEND_BF16, .param = DESCEND_BF16_SPLIT},
        {.grad = DESCEND_BF16, .param = DESCEND_BF16, .share_grads = true},
        {.param = DESCEND_BF16_SPLIT, .share_params = true},
    };
    enum { MANNERS = sizeof manners / sizeof *manners, STORED = sizeof stored / sizeof *stored };
    for (size_t i = 0; i < count; i++) {
        struct manner manner = manners[i % MANNERS];
        if (world_ranks > 2 && i + 1 < count && configuration[i].kind == configuration[i + 1].kind)
            continue; /* of each kind the last, which has the most states */
        if (!power_of_two && manner.micro_batches > 1)
            manner.micro_batches = 1; /* else the tree over all micro-batches is not that over the ranks */
        check(&configuration[i], &manner, 1);
    }
    for (size_t i = 0; i < MANNERS && world_ranks <= 4; i++)
        if (power_of_two || manners[i].micro_batches <= 1)
            check(configuration_of("adamw amsgrad"), &manners[i], 20); /* larger segments */
    for (unsigned i = 3; i < 10 && world_ranks == 1; i++) /* on several ranks, only powers of two have one tree */
        check(configuration_of("adamw"), &(struct manner){.micro_batches = i}, 1);
    for (size_t i = 0; i < STORED; i++)
        check(configuration_of("adamw"), &stored[i], 1);
    return world_end();
}
