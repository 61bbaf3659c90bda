#!/bin/sh
# SPDX-License-Identifier: MIT
# In the place of ssh: hosts_agent.sh ADDRESS COMMAND... runs a command on the second host of hosts.sh, which has a name
# of its own, so that Open MPI does not take both for one, and another directory under the same name.
shift
exec ip netns exec "$DESCEND_HOST" unshare --uts --mount \
    sh -c "hostname far && mount -t tmpfs tmpfs '$DESCEND_DIRECTORY' && $*"
