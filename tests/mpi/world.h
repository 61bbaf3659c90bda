/* SPDX-License-Identifier: MIT */
/* What programs have in common that test across ranks: where one finds a fault, it says so and ends the job. */
#ifndef DESCEND_TESTS_WORLD_H
#define DESCEND_TESTS_WORLD_H

#include <stdio.h>
#include <stdlib.h>

#include "descend/mpi.h"

extern MPI_Comm world_comm;
extern int world_rank, world_ranks; /* of world_comm */

/* MPI_Init and MPI_Finalize. */
void world_begin(int *argc, char ***argv);
int world_end(void);

/* Makes world_comm the first `ranks` ranks of all. False: this rank is none of them. */
bool world_use(int ranks);

#define EXPECT(condition, ...)                                                   \
    do {                                                                         \
        if (!(condition)) {                                                      \
            fprintf(stderr, "%s:%d, rank %d: ", __FILE__, __LINE__, world_rank); \
            fprintf(stderr, __VA_ARGS__);                                        \
            fprintf(stderr, " (%s)\n", #condition);                              \
            MPI_Abort(MPI_COMM_WORLD, 1);                                        \
            abort();                                                             \
        }                                                                        \
    } while (0)

#define EXPECT_STATUS(call, expected)                                                                                \
    do {                                                                                                             \
        const descend_status status_of_call = (call);                                                                \
        EXPECT(status_of_call == (expected), "%s: \"%s\", not \"%s\"", #call, descend_status_string(status_of_call), \
               descend_status_string(expected));                                                                     \
    } while (0)

#define EXPECT_OK(call) EXPECT_STATUS(call, DESCEND_OK)

#endif
