#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A project that is compiled for a new processor has a library in it that runs on all: but for the kernels of AVX2 and
# AVX-512, nothing of it has an instruction of theirs.
#   processors.sh SOURCE_DIR WORK_DIR
# CC and CMAKE_GENERATOR choose the tools.
set -euo pipefail

[[ $(uname -m) == x86_64 ]] || { echo "skipped: not an x86-64"; exit 77; }
# At -O1, which is enough for the compiler to take AVX wherever it may.
cmake -S "$1" -B "$2" -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="-march=haswell -O1" -DDESCEND_OPENMP=OFF \
    -DDESCEND_BUILD_TESTS=OFF -DDESCEND_BUILD_BENCH=OFF -DDESCEND_BUILD_TOOLS=OFF >/dev/null
cmake --build "$2" >/dev/null
mapfile -t objects < <(find "$2/CMakeFiles" -name '*.o' ! -path '*/descend_kernels_avx*')
((${#objects[@]} > 50)) || { echo "failed: only ${#objects[@]} objects" >&2; exit 1; }
objdump -d --no-show-raw-insn "${objects[@]}" >"$2/instructions"
found=$(grep -cE '%[yz]mm|\sv[a-z0-9]+[ps][sd]\s' "$2/instructions" || true)
((found == 0)) || { echo "failed: $found instructions of AVX" >&2; exit 1; }
echo "passed: ${#objects[@]} objects without AVX in a project compiled with -march=haswell"
