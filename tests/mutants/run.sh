#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh SOURCE-DIR WORK-DIR: tests of the tests. Breaks a copy of the library in one place at a time and wants the test
# named beside it to fail. mutants.txt lists them; those whose test only shows on AVX2, or needs MPI, are skipped on a
# machine without. In place of a test, compiler: a static assertion has to refuse the library.
set -euo pipefail
source_dir=$1 work_dir=$2
tree=$work_dir/tree build=$work_dir/build

rm -rf "$work_dir"
mkdir -p "$tree"
cp -r "$source_dir"/{CMakeLists.txt,cmake,include,kernels,tests} "$tree"
mpi=OFF
[[ ! -x $(command -v mpicc) || ! -x $(command -v mpiexec) ]] || mpi=ON
cmake -S "$tree" -B "$build" -DCMAKE_BUILD_TYPE=Release -DDESCEND_BUILD_TOOLS=OFF -DDESCEND_BUILD_BENCH=OFF \
    -DDESCEND_BUILD_MPI=$mpi >"$work_dir/log"

survivors=0 count=0 skipped=0 skipped_mpi=0
avx2=$(grep -cw avx2 /proc/cpuinfo || true)
while IFS=$'\t' read -r test file edit; do
    [[ -n $test && $test != \#* ]] || continue
    if [[ $avx2 == 0 && "$test $file" =~ avx2|(kernels_hashes|compiler).*Flags ]]; then
        skipped=$((skipped + 1))
        continue
    fi
    target=${test/#kernels_objects/descend}
    if [[ $test == mpi_* ]]; then
        target=${test%_*} # without the number of ranks
        if [[ $mpi == OFF ]]; then
            skipped_mpi=$((skipped_mpi + 1))
            continue
        fi
    fi
    count=$((count + 1))
    sed -i -E "$edit" "$tree/$file"
    if cmp -s "$source_dir/$file" "$tree/$file"; then
        echo "mutant $count changes nothing in $file: $edit" >&2
        survivors=$((survivors + 1))
    elif [[ $test == compiler ]]; then
        if cmake --build "$build" --target descend >"$work_dir/log" 2>&1 || ! grep -q 'static assertion' "$work_dir/log"; then
            echo "mutant $count is not refused by a static assertion: $file: $edit" >&2
            survivors=$((survivors + 1))
        fi
    elif ! cmake --build "$build" --target "$target" >"$work_dir/log" 2>&1; then
        echo "mutant $count does not compile: $file: $edit" >&2
        tail -n 5 "$work_dir/log" >&2
        survivors=$((survivors + 1))
    elif ctest --test-dir "$build" -R "^$test\$" --no-tests=error --timeout 120 >"$work_dir/log" 2>&1 \
        </dev/null; then # mpiexec would read the list
        echo "mutant $count survives $test: $file: $edit" >&2
        survivors=$((survivors + 1))
    fi
    cp "$source_dir/$file" "$tree/$file"
done <"$(dirname "$0")/mutants.txt"

((skipped == 0)) || echo "skipped $skipped mutants: no AVX2 here"
((skipped_mpi == 0)) || echo "skipped $skipped_mpi mutants: no MPI here"
echo "$((count - survivors)) of $count mutants were caught"
((count > 0 && survivors == 0))
