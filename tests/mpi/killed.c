/* SPDX-License-Identifier: MIT */
/* The last rank is killed while the others wait for it, without a limit of their own: killed.sh wants the job to end.
 */
#include <signal.h>

#include "scene.h"
#include "world.h"

int main(int argc, char **argv)
{
    struct scene scene;
    const struct manner manner = {.timeout = 100000};
    world_begin(&argc, &argv);
    scene_begin(&scene, configuration_of("adam"), &manner, 1);
    scene_train(&scene, 1);
    if (world_rank == world_ranks - 1) {
        puts("the last rank is killed");
        fflush(stdout);
        raise(SIGKILL);
    }
    EXPECT(descend_mpi_reduce(scene.mpi) != DESCEND_OK, "a dead rank has come");
    return world_end();
}
