# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the scripts of this folder have in common. Sourced with their arguments SOURCE_DIR WORK_DIR [CMake options for
# the library ...]. CC, CXX, PKG_CONFIG, READELF and CMAKE_GENERATOR choose the tools.
set -euo pipefail

source_dir=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
shift 2
options=(-DCMAKE_BUILD_TYPE=Release -DDESCEND_BUILD_TESTS=OFF -DDESCEND_BUILD_TOOLS=OFF -DDESCEND_BUILD_BENCH=OFF "$@")
export CC=${CC:-cc} CXX=${CXX:-c++} CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-2}
pkg_config=${PKG_CONFIG:-pkg-config}
version=$(sed -nE 's/^#define DESCEND_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+)$/\2/p' \
    "$source_dir/include/descend/descend.h" | paste -sd.)
bits=fd9f948b29119d41 # those that fixed_data.h prints, with any library and compiler

fail() {
    echo "failed: $*" >&2
    exit 1
}

# Runs a command and shows its output if it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }
}

# build NAME SOURCE [option ...]: configures and builds into $work/NAME, from nothing.
build() {
    local name=$1 from=$2
    shift 2
    rm -rf "${work:?}/$name"
    quietly cmake -S "$from" -B "$work/$name" "$@"
    quietly cmake --build "$work/$name"
}

# install_library NAME [option ...]: into $work/NAME-prefix.
install_library() {
    local name=$1
    shift
    rm -rf "${work:?}/$name-prefix"
    build "$name" "$source_dir" -DCMAKE_INSTALL_PREFIX="$work/$name-prefix" "${options[@]}" "$@"
    quietly cmake --install "$work/$name"
}

# same_bits WHAT COMMAND: the program ends well and prints the version and the bits.
same_bits() {
    local what=$1 printed
    shift
    printed=$("$@") || fail "$what"
    [[ $printed == "$version $bits" ]] || fail "$what: printed '$printed', not '$version $bits'"
    echo "passed: $what"
}

# pkg PREFIX [option ...]: pkg-config on that prefix alone.
pkg() {
    local pc
    pc=$(find "$1" -name descend.pc -printf '%h')
    shift
    PKG_CONFIG_PATH=$pc "$pkg_config" "$@" descend
}

# as_each_compiler FUNCTION ARGUMENT...: with CC and CXX, then with gcc and clang where they are others.
as_each_compiler() {
    local pair done=$CC
    "$@"
    for pair in 'gcc g++' 'clang clang++'; do
        [[ ${done##*/} != "${pair% *}" ]] || continue
        if [[ -n $(command -v "${pair#* }") ]]; then
            CC=${pair% *} CXX=${pair#* } "$@"
        else
            echo "skipped: $* with ${pair#* }, which is not here"
        fi
    done
}

# same_programs WHAT DIRECTORY: those in C and in C++17.
same_programs() {
    same_bits "$1, $CC" "$2/adam"
    same_bits "$1, C++17, $CXX" "$2/adam_cxx"
    quietly "$2/trainer"
}

# The library's sources as $work/descend.tar.gz.
archive() {
    (cd "$source_dir" && cmake -E tar czf "$work/descend.tar.gz" CMakeLists.txt cmake include kernels)
}
