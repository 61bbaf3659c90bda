#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# hosts.sh MPIEXEC RANKS-OF-EACH PROGRAM [ARGUMENT...]: runs the program on two hosts, which are network namespaces with
# names and a cable of their own. Each argument %d is a directory, which on the second host is another one. LINK, if
# set, is how tc paces the cable: "tbf rate 1gbit burst 1mb latency 50ms". Needs root, iproute2 and Open MPI, else exits
# with 77.
set -euo pipefail
mpiexec=$1 ranks=$2
shift 2

skip() {
    echo "hosts.sh: skipped: $1"
    exit 77
}
((EUID == 0)) || skip 'needs root'
[[ -x $(command -v ip) ]] || skip 'needs iproute2'
[[ $("$mpiexec" --version) =~ Open(RTE|\ MPI) ]] || skip 'needs Open MPI'

export DESCEND_HOST=descend-$$ # the second namespace; the agent below is told by it
export DESCEND_DIRECTORY
DESCEND_DIRECTORY=$(mktemp -d)
near=$DESCEND_HOST-near
end() {
    ip netns del "$near" 2>/dev/null || true
    ip netns del "$DESCEND_HOST" 2>/dev/null || true
    rm -rf "$DESCEND_DIRECTORY"
}
trap end EXIT
{
    ip netns add "$near" && ip netns add "$DESCEND_HOST" &&
        ip link add cable netns "$near" type veth peer name cable netns "$DESCEND_HOST" &&
        ip netns exec "$near" unshare --uts true
} 2>/dev/null || skip 'needs network namespaces with a cable between them'
for host in "$near 1" "$DESCEND_HOST 2"; do
    read -r namespace number <<<"$host"
    ip -n "$namespace" addr add "10.77.0.$number/24" dev cable
    ip -n "$namespace" link set cable mtu 60000 up # so that headers hardly count
    ip -n "$namespace" link set lo up
    # shellcheck disable=SC2086
    [[ -z ${LINK-} ]] || tc -n "$namespace" qdisc add dev cable root $LINK
done

agent=$(dirname "$0")/hosts_agent.sh
ip netns exec "$near" unshare --uts sh -c 'hostname near && exec "$@"' - \
    timeout 300 "$mpiexec" --host "10.77.0.1:$ranks,10.77.0.2:$ranks" -n $((2 * ranks)) \
    --mca plm_rsh_agent "$agent" --mca pml ob1 --mca btl self,vader,tcp --mca orte_keep_fqdn_hostnames 1 \
    "${@//%d/$DESCEND_DIRECTORY}"
