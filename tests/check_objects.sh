#!/usr/bin/env bash
# check_objects.sh LIBRARY KERNEL-OBJECT...: what the built files export, import and compute with.
# NM and OBJDUMP name the binutils of another architecture. Prints each breach and exits 1 if there is one.
set -uo pipefail
nm=${NM:-nm} objdump=${OBJDUMP:-objdump}
library=$1
shift
failed=0

complain() {
    echo "$*" >&2
    failed=1
}

exported() {
    case $1 in
    *.so*) "$nm" --dynamic --defined-only --extern-only "$1" ;;
    *) "$nm" --defined-only --extern-only "$1" ;;
    esac | awk 'NF == 3 {print $3}'
}

for object in "$@"; do
    symbols=$(exported "$object")
    [[ $symbols =~ ^descend_kernels_[a-z0-9]+$ ]] || complain "$object exports not just its table: $symbols"

    # numerics: nothing is fused but what a formula asks for, and no estimate stands for a quotient or a root
    fused=$("$objdump" -d --no-show-raw-insn "$object" |
        grep -E '\b(vfn?m(add|sub)|fn?m(add|sub)|fml[as]|v?rcp|v?rsqrt|frecp|frsqrt)[0-9a-z]*\b')
    [[ -z $fused ]] || complain "$object fuses or estimates: $(head -n 3 <<<"$fused")"

    imports=$("$nm" --undefined-only "$object" | awk '{print $NF}' | grep -vxE 'memcpy|memset|_GLOBAL_OFFSET_TABLE_')
    [[ -z $imports ]] || complain "$object needs $imports"
done

foreign=$(exported "$library" | grep -v '^descend_')
[[ -z $foreign ]] || complain "$library exports $foreign"
[[ $library != *.so* ]] || {
    internal=$(exported "$library" | grep -E '^descend_(kernels|dispatch|run|fp|cpu)')
    [[ -z $internal ]] || complain "$library exports its inside: $internal"
}
case $library in
*.so*) imports=$("$nm" --dynamic --undefined-only "$library") ;;
*) imports=$("$nm" --undefined-only "$library" 2>/dev/null) ;;
esac
heavy=$(awk '{print $NF}' <<<"$imports" |
    grep -xE '(.*printf.*|puts|abort|exit|_exit|malloc|calloc|realloc|free|pow|powf|__assert_fail)(@.*)?')
[[ -z $heavy ]] || complain "$library calls $heavy"

exit $failed
