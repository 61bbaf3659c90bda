#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the library and a program by the lines of docs/embedding.md that need no CMake.
#   plain.sh SOURCE_DIR WORK_DIR
# Everything is written below WORK_DIR.
consumer=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$consumer/support.sh"

machine=$(uname -m)
if [[ $machine != x86_64 && $machine != aarch64 ]]; then
    echo "skipped: the plain build on $machine"
    exit 77
fi
rm -rf "$work"/{descend,plain.sh}
ln -s "$source_dir" "$work/descend"
awk '/^### Without CMake/ {here = 1} here && /^```$/ {exit} code {print} here && /^```sh$/ {code = 1}' \
    "$source_dir/docs/embedding.md" >"$work/plain.sh"
[[ -s $work/plain.sh ]] || fail "docs/embedding.md has no lines for a build without CMake"
[[ $machine == x86_64 ]] || # as the page says
    sed -i -e '/avx512\.h/d' -e '/avx2\.h/{s/[$]avx2//; s/avx2/neon/g}' -e 's/x86-64/armv8-a/' \
        -e 's/ISA(avx2) ISA(avx512)/ISA(neon)/' "$work/plain.sh"

# A program says which variants its library has by whether it runs with each.
variants() {
    local isa found=()
    for isa in scalar avx2 avx512 neon; do
        DESCEND_ISA=$isa "$1" >/dev/null 2>&1 && found+=("$isa")
    done
    echo "${found[*]}"
}

plain() {
    local folder=$work/plain-${CC##*/} isa
    rm -rf "$folder" "${work:?}/bin"
    mkdir -p "$folder" "$work/bin"
    ln -s "$(command -v "$CC")" "$work/bin/cc"
    cp "$consumer"/{adam.c,fixed_data.h} "$folder"
    mv "$folder/adam.c" "$folder/trainer.c"
    (cd "$folder" && CFLAGS=$1 PATH=$work/bin:$PATH quietly bash -e ../plain.sh)
    [[ $(variants "$folder/trainer") == "$variants" ]] ||
        fail "the plain build has $(variants "$folder/trainer"), not $variants"
    for isa in $variants; do
        same_bits "the plain build, ${1:-no flags}, $CC, $isa" env DESCEND_ISA="$isa" "$folder/trainer"
    done
    quietly "$CXX" -std=c++17 -Ofast -flto -I"$source_dir/include" "$consumer/adam.cc" "$folder/libdescend.a" -fopenmp \
        -o "$folder/adam_cxx"
    same_bits "the plain build, C++17, $CXX" "$folder/adam_cxx"
}

build cmake "$consumer/add_subdirectory" -DDESCEND_SOURCE="$source_dir" -DEXPECTED_TYPE=STATIC_LIBRARY \
    -DCMAKE_BUILD_TYPE=Release
variants=$(variants "$work/cmake/adam")
as_each_compiler plain '-Ofast -flto -march=native -ffp-contract=fast'
