#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_shared.sh LIBRARY LIST: a shared library exports what LIST names, each by the version that its soname has, and has
# no table of addresses that stays writable. NM and READELF name the binutils of another architecture. Prints each breach
# and exits 1 if there is one.
set -uo pipefail
nm=${NM:-nm} readelf=${READELF:-readelf}
library=$1 list=$2 failed=0

complain() {
    echo "$library $*" >&2
    failed=1
}

version=$("$readelf" -d "$library" | sed -nE 's/.*soname: \[.*\.so\.(.*)\]/\1/p')
differing=$("$nm" --dynamic --defined-only --extern-only "$library" | awk '$2 != "A" {print $3}' | LC_ALL=C sort |
    diff - <(sed "s/\$/@@DESCEND_$version/" "$list" | LC_ALL=C sort)) ||
    complain "has other exports (<) than $list (>):"$'\n'"$differing"
"$readelf" -d "$library" | grep -q 'Flags:.* NOW' || complain 'binds functions when they are first called'
"$readelf" -lW "$library" | grep -q GNU_RELRO || complain 'keeps its relocated tables writable'

exit $failed
