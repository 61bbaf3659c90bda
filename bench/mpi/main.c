/* SPDX-License-Identifier: MIT */
/* descend-bench-mpi: steps of Adam across ranks, by MPI's own collectives and by descend::mpi, in turn. */
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command_line.h"
#include "median.h"
#include "ways.h"

enum { WARM_UP = 3, EMPTY_STEPS = 2000 };

struct plan {
    size_t n, repetitions;
};

/* MPI allocates and frees scratch memory in each reduction. Kept by the process, its pages are not the kernel's work
 * each time, which would take MPI's own collectives several times as long. */
static void keep_freed_memory(void)
{
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
}

/* A step's time is that of the slowest rank. */
static double time_of(struct way *way)
{
    MPI_Barrier(MPI_COMM_WORLD);
    const double start = MPI_Wtime();
    way->step(way);
    return MPI_Wtime() - start;
}

/* Writes the seconds of all repetitions, those of each way one behind the other, on rank 0. Every second time the ways
 * take turns backwards, so that none always has the same one before it. */
static void measure(struct way *ways, const struct plan *plan, double *seconds)
{
    for (size_t i = 0; i < WARM_UP + plan->repetitions; i++)
        for (size_t turn = 0; turn < WAYS; turn++) {
            const size_t k = i % 2 ? WAYS - 1 - turn : turn;
            seconds[k * plan->repetitions + (i < WARM_UP ? 0 : i - WARM_UP)] = time_of(&ways[k]);
        }
    const int count = (int)(WAYS * plan->repetitions);
    if (ways->team.rank == 0)
        MPI_Reduce(MPI_IN_PLACE, seconds, count, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    else
        MPI_Reduce(seconds, NULL, count, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
}

static void print_table(const struct plan *plan, double *seconds)
{
    const double all_median = median(seconds, plan->repetitions), all_minimum = seconds[0]; /* of Allreduce */
    puts("| a step | median ms | of Allreduce | minimum ms | of Allreduce |");
    puts("|---|--:|--:|--:|--:|");
    for (size_t k = 0; k < WAYS; k++) {
        double *own = seconds + k * plan->repetitions;
        const double middle = median(own, plan->repetitions), minimum = own[0]; /* it has sorted them */
        printf("| %s | %.2f | %.2f | %.2f | %.2f |\n", way_names[k], 1e3 * middle, middle / all_median, 1e3 * minimum,
               minimum / all_minimum);
    }
}

static void compare_ways(const struct team *team, const struct plan *plan)
{
    struct way ways[WAYS];
    double *seconds = calloc(WAYS * plan->repetitions, sizeof *seconds);
    if (seconds == NULL)
        way_give_up("times", "out of memory");
    for (unsigned k = 0; k < WAYS; k++)
        way_begin(&ways[k], k, team);
    measure(ways, plan, seconds);
    for (size_t k = 1; k < WAYS; k++)
        if (!way_agrees(&ways[k], &ways[0]))
            way_give_up(way_names[k], "its parameters are not those of Allreduce");
    if (team->rank == 0)
        print_table(plan, seconds);
    for (size_t k = 0; k < WAYS; k++)
        way_end(&ways[k]);
    free(seconds);
}

/* Without tensors, descend_mpi_reduce and descend_mpi_step only agree. */
static void measure_agreements(const struct team *team)
{
    static double reduce[EMPTY_STEPS], step[EMPTY_STEPS];
    struct way way;
    way_begin_empty(&way, team);
    for (size_t i = 0; i < EMPTY_STEPS; i++) {
        const double start = MPI_Wtime();
        way_expect(descend_mpi_reduce(way.mpi), "descend_mpi_reduce");
        const double between = MPI_Wtime();
        way_expect(descend_mpi_step(way.mpi, NULL, NULL), "descend_mpi_step");
        reduce[i] = between - start;
        step[i] = MPI_Wtime() - between;
    }
    if (team->rank == 0) {
        const double reduce_median = median(reduce, EMPTY_STEPS), step_median = median(step, EMPTY_STEPS);
        printf("\nWithout tensors, in µs, median and minimum: descend_mpi_reduce %.1f, %.1f; descend_mpi_step %.1f, "
               "%.1f\n",
               1e6 * reduce_median, 1e6 * reduce[0], 1e6 * step_median, 1e6 * step[0]);
    }
    way_end(&way);
}

static const struct command command = {
    .program = "descend-bench-mpi",
    .forms = (const char *const[]){"[ELEMENTS [REPETITIONS]]", NULL},
    .purpose = "Started by mpirun: measure steps of Adam over one tensor across ranks, one thread each, by MPI's own "
               "collectives and by descend::mpi, in turn. ELEMENTS is 16777216 where it is not given, REPETITIONS 25.",
    .options = (const struct command_option[]){{0}},
    .takes_operands = true,
    .failure = "the ways to take a step did not compute the same parameters, or MPI failed",
};

static bool read_plan(int operands, char **operand, struct plan *plan)
{
    uint64_t n = 1 << 24, repetitions = 25;
    if (operands > 2) {
        complain_usage("'%s': there are two arguments at most", operand[2]);
        return false;
    }
    if ((operands > 0 && !command_read_number("ELEMENTS", operand[0], 1, INT_MAX, &n)) ||
        (operands > 1 && !command_read_number("REPETITIONS", operand[1], 1, 10000, &repetitions)))
        return false;
    *plan = (struct plan){.n = (size_t)n, .repetitions = (size_t)repetitions};
    return true;
}

static void print_head(const struct team *team, const struct plan *plan)
{
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(version, &length);
    printf("%s\n%zu elements, %d ranks of one thread, %zu repetitions, variant %s\n", version, plan->n, team->ranks,
           plan->repetitions, descend_isa_active());
    puts("malloc keeps freed memory (M_MMAP_MAX 0, M_TRIM_THRESHOLD 2^31 - 1), so that MPI's scratch memory costs no "
         "page "
         "faults\n");
}

static enum command_status run(int argc, char **argv)
{
    struct team team;
    struct plan plan;
    enum command_status status;
    MPI_Comm_rank(MPI_COMM_WORLD, &team.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &team.ranks);
    if (team.rank != 0) {
        complain_later(); /* and never, as rank 0 has the same to say */
        if (!freopen("/dev/null", "w", stdout))
            return COMMAND_FAILED;
    }
    if (!command_read(&command, argc, argv, NULL, &status))
        return status;
    if (!read_plan(argc - optind, argv + optind, &plan))
        return COMMAND_WRONG;
    team.n = plan.n;
    print_head(&team, &plan);
    compare_ways(&team, &plan);
    measure_agreements(&team);
    return COMMAND_DONE;
}

int main(int argc, char **argv)
{
    keep_freed_memory();
    MPI_Init(&argc, &argv);
    const enum command_status status = command_finish(run(argc, argv));
    MPI_Finalize();
    return (int)status;
}
