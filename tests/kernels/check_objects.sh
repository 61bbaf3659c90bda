#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_objects.sh LIBRARY OBJECT...: what the built files export, import and compute with.
# NM, OBJDUMP and READELF name the binutils of another architecture; PROTECTION is the option, if there is one, by which
# branches were to be protected. Prints each breach and exits 1 if there is one.
set -uo pipefail
nm=${NM:-nm} objdump=${OBJDUMP:-objdump} readelf=${READELF:-readelf}
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
    esac | awk 'NF == 3 && $2 != "A" && $3 !~ /^__x86\.get_pc_thunk\./ {print $3}'
}

# The rules whose formulas call vf_quotient, themselves or in a formula that they include: "adam|adamw|lamb".
formulas=$(dirname "${BASH_SOURCE[0]}")/../../kernels/formulas
calling=$(grep -lw vf_quotient "$formulas"/*.h | sed -E 's/.*\/(.*)\.h/\1/' | paste -sd'|')
fusing=$(grep -lE "vf_quotient|formulas/($calling)\.h" "$formulas"/*.h | sed -E 's/.*\/(.*)\.h/\1/' | paste -sd'|')

# numerics, rule 3: vf_quotient is the one place that fuses, twice each time (compilers may negate a factor beforehand, so
# which of the fused forms is theirs); and no estimate stands for a quotient or a root
check_arithmetic() {
    local fused
    fused=$("$objdump" -d --no-show-raw-insn "$1" | awk -v fusing="$fusing" '
        /^[0-9a-f]+ <.*>:$/ { kernel = $2 }
        /\t(v?(rcp|rsqrt|frec|frsqrt)|vr(ecp|sqrt)e|fres|x[sv]r(e|sqrte)[ds]p)/ { print kernel, $0 }
        /\t([vw]?fn?m(add|sub|l?[as]([^x]|$))|x[sv]n?m(add|sub)|vn?m(add|sub)fp|m[as][de]b)/ { count[kernel]++ }
        END {
            for (kernel in count)
                if (kernel !~ "^<(" fusing ")_(stream|direct|extras|reduce)_" || count[kernel] % 2 != 0)
                    print kernel, count[kernel], "fused"
        }')
    [[ -z $fused ]] || complain "$1 fuses or estimates: $(head -n 3 <<<"$fused")"
}

kernels=() others=()
for object in "$@"; do
    if [[ $object == */descend_kernels_* ]]; then kernels+=("$object"); else others+=("$object"); fi
done

for object in "${kernels[@]}"; do
    symbols=$(exported "$object")
    [[ $symbols =~ ^descend_kernels_[a-z0-9]+$ ]] || complain "$object exports not just its table: $symbols"

    check_arithmetic "$object"
    imports=$("$nm" --undefined-only "$object" | awk '{print $NF}' | grep -vxE 'memcpy|memset|_GLOBAL_OFFSET_TABLE_|\.TOC\.')
    [[ -z $imports ]] || complain "$object needs $imports"
done

check_arithmetic "$library" # the scalars in double too
foreign=$(exported "$library" | grep -v '^descend_')
[[ -z $foreign ]] || complain "$library exports $foreign"
for object in "$@"; do
    [[ -z ${PROTECTION-} ]] || "$readelf" -n "$object" | grep -qE 'feature: .*(IBT, SHSTK|BTI, PAC)' ||
        complain "$object is not marked as compiled with $PROTECTION"
done
# No call aborts, prints, or allocates; the optimizer object may allocate, and schedules use pow, as the coefficients of
# NAdam and ASGD do.
for object in "${others[@]}"; do
    heavy='.*printf.*|puts|abort|exit|_exit|__assert_fail'
    [[ $object == */optimizer/* ]] || heavy+='|malloc|calloc|realloc|free|posix_memalign|aligned_alloc'
    [[ $object == */rates/* || $object == */rules/nadam.c.o || $object == */rules/asgd.c.o ]] || heavy+='|pow|powf'
    found=$("$nm" --undefined-only "$object" | awk '{print $NF}' | grep -xE "$heavy")
    [[ -z $found ]] || complain "$object calls $found"
done
((${#kernels[@]} > 0 && ${#others[@]} > 0)) || complain 'no objects to look at'

exit $failed
