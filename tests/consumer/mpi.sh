#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs a build that has descend::mpi, and builds and runs the program of docs/distributed.md on it, by find_package
# and by pkg-config.
#   mpi.sh SOURCE_DIR BUILD_DIR WORK_DIR MPICC MPIRUN
# CC, CXX, PKG_CONFIG and CMAKE_GENERATOR choose the tools. Everything is written below WORK_DIR.
set -euo pipefail

source_dir=$1 build_dir=$2 work=$3 mpicc=$4 mpirun=$5
consumer=$source_dir/tests/consumer
expected=""
rm -rf "${work:?}"
mkdir -p "$work"
cd "$work"

fail() {
    echo "failed: $*" >&2
    exit 1
}

# Runs a command and shows its output if it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }
}

# same_answer WHAT PROGRAM: it ends well on 1, 2 and 4 ranks, and prints and saves what all do.
same_answer() {
    local ranks printed
    for ranks in 1 2 4; do
        rm -f trainer.safetensors
        printed=$("$mpirun" -n "$ranks" "$2" </dev/null) || fail "$1 on $ranks ranks"
        printed+=", $(cksum <trainer.safetensors)"
        [[ -n $expected ]] || expected=$printed
        [[ $printed == "$expected" ]] || fail "$1 on $ranks ranks: '$printed', others '$expected'"
    done
    echo "passed: $1"
}

quietly cmake --install "$build_dir" --prefix "$work/prefix"
PKG_CONFIG_PATH=$(find "$work/prefix" -name descend-mpi.pc -printf '%h')
export PKG_CONFIG_PATH LD_LIBRARY_PATH=${PKG_CONFIG_PATH%/pkgconfig}
pkg_config=${PKG_CONFIG:-pkg-config}
version=$("$pkg_config" --modversion descend-mpi)

awk '/^```c$/ {inside = 1; next} /^```/ && inside {exit} inside' "$source_dir/docs/distributed.md" >"$work/trainer.c"
[[ -s $work/trainer.c ]] || fail "docs/distributed.md has no C example"
read -ra flags <<<"$("$pkg_config" --cflags --libs descend-mpi)"
quietly "$mpicc" -std=c11 -Wall -Wextra -Werror "$work/trainer.c" -o "$work/trainer" "${flags[@]}"
same_answer "the program of docs/distributed.md, by pkg-config" "$work/trainer"

cat >"$work/header.cc" <<'END'
#include <descend/mpi.h>
int main()
{
    descend_mpi_options options = {};
    return descend_mpi_create(nullptr, MPI_COMM_NULL, nullptr, nullptr, nullptr, 0, &options) == DESCEND_OK;
}
END
for language in C CXX; do
    program=$work/trainer.c wrapper=$mpicc
    [[ $language == C ]] || program=$work/header.cc wrapper=${mpicc/mpicc/mpicxx}
    quietly cmake -S "$consumer/find_package_mpi" -B "$work/$language" -DLANGUAGE=$language -DPROGRAM="$program" \
        -DMPI_${language}_COMPILER="$wrapper" \
        -DCMAKE_PREFIX_PATH="$work/prefix" -DWANTED_VERSION="$version"
    quietly cmake --build "$work/$language"
done
same_answer "the program of docs/distributed.md, by find_package" "$work/C/trainer"
echo "passed: find_package from C++"
