#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The rules of docs/design.md that text can show. Prints each breach and exits 1 if there is one.
set -u
CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
git rev-parse --is-inside-work-tree >/dev/null || exit 1 # says why; a git grep that fails would look like no breach
failed=0

# refuse WHAT GREP-ARGUMENTS...: no tracked line may match.
refuse() {
    local what=$1 found
    shift
    if found=$(git grep -nE "$@"); then
        printf '%s:\n%s\n' "$what" "$found" >&2
        failed=1
    fi
}

refuse 'intrinsics outside kernels/vec and cpu.c' '\b_mm(256|512)?_|\bv[a-z]+q_[fu]32|(immintrin|arm_neon|xmmintrin)\.h' \
    -- kernels tools bench ':!kernels/vec' ':!kernels/cpu.c'
refuse 'ISA conditions outside kernels/vec and cpu.c' '__(x86_64|aarch64|AVX|SSE|ARM)[A-Za-z0-9_]*' \
    -- kernels ':!kernels/vec' ':!kernels/cpu.c'
refuse 'OpenMP outside openmp.c' '#pragma omp|omp\.h|\bomp_[a-z_]+\(' -- kernels ':!kernels/openmp.c'
refuse 'printing or ending in the kernels' '\b(printf|fprintf|puts|perror|abort|exit|_exit|assert)\(' -- 'kernels/*.[ch]'
refuse 'allocating outside the optimizer objects and their checkpoints' '\b(malloc|calloc|realloc|free)\(' \
    -- 'kernels/*.[ch]' ':!kernels/optimizer' ':!kernels/io' ':!kernels/mpi'
refuse 'MPI outside descend::mpi' '\bMPI_[A-Z]|mpi\.h>' -- include kernels ':!kernels/mpi' ':!include/descend/mpi.h' \
    ':!include/descend/status.h' ':!kernels/status.c'
refuse 'flags that change arithmetic or bind the build to a machine' '^[^#]*(-march=native|[^o]-ffast-math|-Ofast)' \
    -- CMakeLists.txt CMakePresets.json cmake kernels
declared=$(git grep -hE '\bdescend_[a-z0-9_]+\(' -- 'include/descend/*.h' | grep -v typedef |
    grep -oE '\bdescend_[a-z0-9_]+\(' | tr -d '(' | LC_ALL=C sort -u)
for name in $declared; do
    git grep -qE "^[a-z].*\\b$name\\(|^$name\\(" -- 'kernels/*.c' || {
        echo "$name is declared in include/ and not defined in plain text in kernels/" >&2
        failed=1
    }
done
if ! differing=$(diff <(echo "$declared") <(LC_ALL=C sort kernels/exports.txt kernels/io/exports.txt kernels/mpi/exports.txt)); then
    printf 'declared in include/ (<), but for what exports.txt has (>):\n%s\n' "$differing" >&2
    failed=1
fi
if vague=$(git ls-files | grep -iE '(utils?|helpers?|misc|common|new|[a-z]2)(/|\.[a-z]+$)' | grep -v 'avx2\.h$'); then
    printf 'vague names:\n%s\n' "$vague" >&2
    failed=1
fi
refuse 'an initialiser of which C++ warns' -e '= \{0\}' --and --not -e '= \{\} in C\+\+' -- include docs README.md ':!docs/examples/*.c'
refuse 'left over' '\b(TODO|FIXME|XXX)\b|#if 0' -- kernels include bench tests tools ':!tests/check_rules.sh'

if unlicensed=$(git grep -LE '^(/\*|#) SPDX-License-Identifier: MIT' -- '*.c' '*.h' '*.cc' '*.hpp' '*.inc' '*.def' '*.py' '*.sh' \
    '*.cmake' '*.cmake.in' '*CMakeLists.txt' tools/dev .ci/run | grep .); then
    printf 'without a line that says its licence:\n%s\n' "$unlicensed" >&2
    failed=1
fi

while read -r lines file; do
    if [[ $lines -gt 400 ]]; then
        echo "$file has $lines lines, over 400" >&2
        failed=1
    fi
done < <(git ls-files '*.c' '*.h' '*.cc' '*.hpp' '*.py' '*.sh' tools/dev | xargs wc -l | grep -v ' total$')

exit $failed
