/* SPDX-License-Identifier: MIT */
/* An optimizer, and beside it several that together have its tensors, a piece each: as in a training by processes that
 * share out the work. Pieces begin at multiples of 4096; some have no elements. */
#ifndef DESCEND_TESTS_SHARDS_H
#define DESCEND_TESTS_SHARDS_H

#include "checkpoint/files.h"
#include "descend/checkpoint.h"

enum { SHARD_TENSORS = 5, SHARDS_MAX = 5 };

struct shard_layout {
    descend_kind kind;
    descend_dtype param, grad;
    bool small_states; /* each of the smallest type that it can have */
};

/* Among them NAdam, which has a scalar state, and arrays of two parts: split parameters, 8-bit states. */
enum { SHARD_LAYOUTS = 4 };
extern const struct shard_layout shard_layouts[SHARD_LAYOUTS];

struct shard {
    descend_optimizer *optimizer;
    descend_array param[SHARD_TENSORS];
};

/* The whole, and `count` shards of it. They read the same gradients, those of the whole. */
struct shards {
    const struct shard_layout *layout;
    struct shard whole, shard[SHARDS_MAX];
    unsigned count;
    descend_array grad[SHARD_TENSORS];
};

/* All have the same config and seed, and parameters that are not the same. Made in place. */
void shards_make(struct shards *shards, const struct shard_layout *layout, unsigned count);
void shards_free(struct shards *shards);

/* Of each layout, in each number of shards; `what` says which. */
void shards_for_each_cut(void (*check)(struct shards *shards, const char *what));

/* Steps number `first` to last - 1, each with other gradients. */
void step_whole(struct shards *shards, unsigned first, unsigned last);
void step_shards(struct shards *shards, unsigned first, unsigned last);

/* Each fails the cmocka test, saying where, unless the shards have what the whole has, to the byte; or are as they were
 * made. */
void assert_pieces(const struct shards *shards, const char *what);
void assert_as_made(const struct shards *shards, const char *what);

/* The file that the whole saves, and the one that the shards write together in memory. To be freed. */
struct bytes saved_by_whole(const struct shards *shards, const descend_checkpoint *with);
struct bytes written_together(const struct shards *shards, const descend_checkpoint *with);
void assert_same_file(struct bytes a, struct bytes b);

/* Writes FILE_PATH with another byte among its tensors, at one of so many places. */
enum { DAMAGES = 7 };
void write_damaged(struct bytes good, size_t damage);

#endif
