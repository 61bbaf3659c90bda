/* SPDX-License-Identifier: MIT */
/* One file, read by all ranks, each its parts. */
#include "io/load.h"

#include "gather.h"
#include "hash.h"
#include "memory.h"
#include "wait.h"
#include "words.h"

/* Called on all ranks, before anything changes. */
static descend_status verify(void *context, descend_status status, const struct descend_counted *counted)
{
    descend_mpi *mpi = context;
    const uint32_t file[] = {counted && counted->has_checksum, counted ? counted->expected : 0};
    uint32_t checksum = 0;
    status = descend_mpi_agree(mpi, status, descend_mpi_hash(descend_mpi_hash_begin, file, sizeof file));
    if (status != DESCEND_OK || counted == NULL || !counted->has_checksum)
        return status;
    status = descend_mpi_xor(mpi, counted->checksum, &checksum);
    return status == DESCEND_OK && checksum != counted->expected ? DESCEND_BAD_FILE_CHECKSUM : status;
}

/* Gives all ranks the parameters of all shards. */
static descend_status gather_params(descend_mpi *mpi)
{
    descend_status status = DESCEND_OK;
    if (mpi->options.shared_params)
        status = descend_mpi_memory_sync(mpi, mpi->options.shared_params);
    if (status == DESCEND_OK)
        status = descend_mpi_agree(mpi, DESCEND_OK, 0);
    return status == DESCEND_OK ? descend_mpi_gather(mpi) : status;
}

descend_status descend_mpi_load(descend_mpi *mpi, const char *path, const descend_checkpoint *checkpoint)
{
    descend_status status = descend_mpi_enter(mpi);
    if (mpi == NULL || status != DESCEND_OK)
        return status;
    const struct descend_shared_load shared = {.first = mpi->rank == 0, .verify = verify, .context = mpi};
    status = descend_checkpoint_load(mpi->optimizer, path, checkpoint, &shared);
    if (status != DESCEND_OK)
        return status;
    mpi->gradients = GRADIENTS_OWN;
    if (checkpoint && checkpoint->params && (status = gather_params(mpi)) != DESCEND_OK)
        mpi->broken = status; /* the shards are loaded */
    return status;
}
