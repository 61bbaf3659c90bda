#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# descend.hpp in each way in which a program may be compiled with it, over a shared library that is built.
#   cxx.sh SOURCE_DIR LIBRARY_DIR WORK_DIR
set -euo pipefail

source_dir=$1 libraries=$2 work=$3
rm -rf "$work"
mkdir -p "$work"
here=$source_dir/tests/consumer/cxx
flags=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Werror -pthread
    -I"$source_dir/include")
link=(-L"$libraries" "-Wl,-rpath,$libraries")
with_io=("${link[@]}" -ldescend_io -ldescend)

fail() {
    echo "failed: $*" >&2
    exit 1
}

# mixed COMPILER: one program of a file in C++17 without exceptions and others in C++20 with them, optimised as one.
mixed() {
    local file objects=() compiler=$1 way
    for file in "$here"/*.cc; do
        way=(-std=c++20)
        [[ $file != */names.cc ]] || way=(-std=c++17 -fno-exceptions)
        objects+=("$work/$(basename "$file").o")
        "$compiler" "${way[@]}" -Ofast -flto "${flags[@]}" -c "$file" -o "${objects[-1]}"
    done
    "$compiler" -Ofast -flto -Wall -Werror -pthread "${objects[@]}" "${with_io[@]}" -o "$work/mixed"
    "$work/mixed" || fail "$compiler, files compiled in different ways"
    echo "passed: $compiler, files compiled in different ways, -Ofast -flto"
}

# alone COMPILER: each header needs no other before it, and what is not called no library; an ignored status is a
# mistake that the compiler sees.
alone() {
    local header ignored
    for header in "$source_dir"/include/descend/*.hpp; do
        "$1" -std=c++17 "${flags[@]}" -x c++ -fsyntax-only "$header"
    done
    printf '%s\n' '#include <descend/descend.hpp>' \
        'int main() { return descend::optimizer::create(descend::config("sgd")).ok() ? 0 : 1; }' >"$work/alone.cc"
    "$1" -std=c++17 -O0 "${flags[@]}" "$work/alone.cc" "${link[@]}" -ldescend -o "$work/alone"
    "$work/alone" || fail "$1, without descend::io"
    for ignored in 'optimizer.step();' 'optimizer.measure();' 'config.set("lr", 1);'; do
        printf '%s\n' '#include <descend/descend.hpp>' \
            "void f(descend::optimizer &optimizer, descend::config &config) { (void)optimizer, (void)config; $ignored }" \
            >"$work/ignored.cc"
        ! "$1" -std=c++17 "${flags[@]}" -fsyntax-only "$work/ignored.cc" 2>"$work/log" || fail "$1 takes $ignored"
        grep -qE 'nodiscard|unused-(result|value)' "$work/log" || fail "$1 refuses $ignored: $(<"$work/log")"
    done
    echo "passed: $1, without descend::io; and it warns where a status is ignored"
}

compilers=()
for compiler in g++ clang++; do
    if [[ -n $(command -v $compiler) ]]; then compilers+=("$compiler"); else echo "skipped: $compiler is not installed"; fi
done
((${#compilers[@]})) || fail "there is neither g++ nor clang++"
for compiler in "${compilers[@]}"; do
    for standard in c++17 c++20; do
        for exceptions in -fexceptions -fno-exceptions; do
            "$compiler" -std=$standard $exceptions "${flags[@]}" "$here"/*.cc "${with_io[@]}" -o "$work/program"
            "$work/program" || fail "$compiler -std=$standard $exceptions"
            echo "passed: $compiler -std=$standard $exceptions"
        done
    done
    mixed "$compiler"
    alone "$compiler"
done
