/* SPDX-License-Identifier: MIT */
/* One process, which has each batch as its one micro-batch. */
#include "ranks.h"

const bool ranks_can_share = false;

void ranks_begin(void)
{
}

void ranks_end(void)
{
}

unsigned ranks_count(void)
{
    return 1;
}

unsigned ranks_number(void)
{
    return 0;
}

bool ranks_agree(bool good)
{
    return good;
}

void ranks_collect(double *values, unsigned each)
{
    (void)values;
    (void)each;
}

descend_status joint_open(struct joint *joint, descend_optimizer *groups, const descend_tensor *tensors, size_t count,
                          unsigned micro_batches, unsigned threads)
{
    (void)threads;
    *joint = (struct joint){.optimizer = groups, .micro_batches = micro_batches};
    return descend_optimizer_add(groups, 0, tensors, count);
}

void joint_close(struct joint *joint)
{
    descend_optimizer_destroy(joint->optimizer);
}

descend_status joint_accumulate(struct joint *joint)
{
    (void)joint;
    return DESCEND_OK;
}

descend_status joint_reduce(struct joint *joint)
{
    (void)joint;
    return DESCEND_OK;
}

descend_status joint_measure(struct joint *joint, const descend_exec *exec, descend_measurement *found)
{
    return descend_optimizer_measure(joint->optimizer, exec, found);
}

descend_status joint_step(struct joint *joint, const descend_pass *pass, const descend_exec *exec)
{
    return descend_optimizer_step(joint->optimizer, pass, exec);
}

descend_status joint_set_grad(struct joint *joint, size_t tensor, void *grad)
{
    return descend_optimizer_set_grad(joint->optimizer, tensor, grad);
}

descend_status joint_save(struct joint *joint, const char *path, const descend_checkpoint *checkpoint)
{
    return descend_optimizer_save(joint->optimizer, path, checkpoint);
}

descend_status joint_load(struct joint *joint, const char *path, const descend_checkpoint *checkpoint)
{
    return descend_optimizer_load(joint->optimizer, path, checkpoint);
}
