/* SPDX-License-Identifier: MIT */
/* One file, read by all ranks, each its parts. */
#include "io/load.h"

#include <errno.h>

#include "gather.h"
#include "hash.h"
#include "memory.h"
#include "wait.h"
#include "words.h"

struct loading {
    descend_mpi *mpi;
    const descend_checkpoint *checkpoint;
};

/* Called on all ranks, before anything changes. */
static descend_status verify(void *context, descend_status status, const struct descend_counted *counted)
{
    const struct loading *loading = context;
    descend_mpi *mpi = loading->mpi;
    const uint32_t file[] = {counted && counted->has_checksum, counted ? counted->expected : 0,
                             loading->checkpoint->params, loading->checkpoint->scaler != NULL};
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
    static const descend_checkpoint empty;
    const int error = errno;
    descend_status status = descend_mpi_enter(mpi);
    if (mpi == NULL || status != DESCEND_OK)
        return status;
    struct loading loading = {mpi, checkpoint ? checkpoint : &empty};
    const struct descend_shared_load shared = {mpi->rank == 0, verify, &loading};
    status = descend_checkpoint_load(mpi->optimizer, path, loading.checkpoint, &shared);
    if (status != DESCEND_FILE_OPEN && status != DESCEND_FILE_READ)
        errno = error; /* that of this rank's file system only */
    if (status != DESCEND_OK)
        return status;
    mpi->gradients = GRADIENTS_OWN;
    if (loading.checkpoint->params && (status = gather_params(mpi)) != DESCEND_OK)
        mpi->broken = status; /* the shards are loaded */
    return status;
}
