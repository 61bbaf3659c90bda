/* SPDX-License-Identifier: MIT */
/* The names of the strings and tensors of a checkpoint. */
#ifndef DESCEND_CHECKPOINT_KEYS_H
#define DESCEND_CHECKPOINT_KEYS_H

#include "header.h"

#define KEY_VERSION "descend.version"
#define KEY_NUMERICS "descend.numerics"
#define KEY_OPTIMIZER "optimizer"
#define KEY_SEED "seed"
#define KEY_GROUPS "groups"
#define KEY_GROUP "group."       /* NUMBER.FIELD */
#define KEY_STEP "step."         /* TENSOR */
#define KEY_GROUP_OF "group_of." /* TENSOR */
#define KEY_STATE "state."       /* TENSOR.STATE */
#define KEY_STORAGE "storage."   /* the key of an array's data */
#define KEY_SCALER "scaler."     /* FIELD */
#define KEY_NOTE "note."         /* KEY */

/* A key that is joined from parts. */
#define KEY(...) ((const char *const[DESCEND_KEY_PARTS]){__VA_ARGS__})

#define TEXT_TRUE "true"
#define TEXT_FALSE "false"

#endif
