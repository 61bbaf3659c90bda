#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two OpenMP runtimes in one program: gcc's libgomp and clang's libomp, one for the library and one for the program.
#   runtimes.sh SOURCE_DIR WORK_DIR [CMake options for the library ...]
# Exit status 77 without one of them. Everything is written below WORK_DIR.
consumer=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$consumer/support.sh"
export OMP_WAIT_POLICY=passive # as docs/embedding.md says

for compiler in gcc clang; do
    if ! "$compiler" -fopenmp -x c - -o "$work/any" <<<'int main(void) { return 0; }' 2>"$work/log"; then
        echo "skipped: two runtimes, of which $compiler -fopenmp has none here"
        exit 77
    fi
done

# The different lines that a program prints, in time.
lines_of() {
    timeout 120 "$1" | uniq
}

# between LIBRARY PROGRAM: the compilers of each.
between() {
    local name=$1-library-$2-program flags
    read -ra flags <<<"$(pkg "$work/$1-prefix" --cflags --libs)"
    quietly "$2" -O2 -fopenmp "$consumer/own_regions.c" -o "$work/$name" "${flags[@]}"
    same_bits "a program of $2 with a shared library of $1" lines_of "$work/$name"
}

for compiler in gcc clang; do
    CC=$compiler install_library "$compiler" -DDESCEND_SHARED=ON -DDESCEND_OPENMP=ON
done

# Regions are libomp's, but questions go to libgomp.
CC=clang install_library static -DDESCEND_SHARED=OFF -DDESCEND_OPENMP=ON
read -ra flags <<<"$(pkg "$work/static-prefix" --cflags --libs)"
quietly clang -O2 -fopenmp "$consumer/own_regions.c" -o "$work/mixed" "${flags[@]/#-fopenmp*/-lgomp}"
same_bits "a program with -lgomp before the runtime of its static library of clang" lines_of "$work/mixed"

for compiler in gcc clang; do
    LD_LIBRARY_PATH=$(pkg "$work/$compiler-prefix" --variable=libdir)
    export LD_LIBRARY_PATH
    between "$compiler" gcc
    between "$compiler" clang
done
