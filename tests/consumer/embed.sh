#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the library a part of other projects' builds, in every way it offers.
#   embed.sh SOURCE_DIR WORK_DIR [CMake options for the library ...]
# PARTS are those beside the library of which all is there that they need (TESTS BENCH TOOLS). Everything is written
# below WORK_DIR.
consumer=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$consumer/support.sh"
fast='-Ofast -flto' # flags of other projects, which may not reach the library

# embed NAME TYPE FLAGS [option ...]: the library has to be of that type, in a project with these compiler flags.
embed() {
    local name=$1 type=$2 flags=$3
    shift 3
    build "$name" "$consumer/add_subdirectory" -DDESCEND_SOURCE="$source_dir" -DEXPECTED_TYPE="$type" \
        -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" "$@"
    same_programs "add_subdirectory, ${flags:-no flags}, $*" "$work/$name"
}

as_subdirectory() {
    local library
    embed static STATIC_LIBRARY "$fast -march=native -ffp-contract=fast" -DBUILD_SHARED_LIBS=ON
    embed shared SHARED_LIBRARY "$fast" -DDESCEND_SHARED=ON -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_STANDARD=90 \
        -DCMAKE_C_EXTENSIONS=OFF
    embed ipo STATIC_LIBRARY "-ffast-math -Werror -Wdouble-promotion" -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON \
        -DCMAKE_UNITY_BUILD=ON -DCMAKE_BUILD_TYPE=Release
    for library in static ipo; do
        is_machine_code "$work/$library/descend/libdescend.a" || fail "link-time optimisation reaches the library, $CC"
    done
    echo "passed: link-time optimisation does not reach the library, $CC"
}

# Whether an archive has machine code in all its members, and nothing for a linker to compile.
is_machine_code() {
    local readelf=${READELF:-readelf}
    [[ $("$readelf" -h "$1" 2>/dev/null | grep -c '^ELF Header') == "$(ar t "$1" | wc -l)" ]] &&
        ! "$readelf" -SW "$1" | grep '\.gnu\.lto_' >/dev/null
}

unasked() {
    embed embedded STATIC_LIBRARY "" -DCMAKE_BUILD_TYPE=
    embed unsafe STATIC_LIBRARY "-O3 -funsafe-math-optimizations -ffinite-math-only -march=native"
    rm -rf "$work/unasked-prefix"
    quietly cmake --install "$work/embedded" --prefix "$work/unasked-prefix"
    [[ ! -e $work/unasked-prefix ]] || fail "add_subdirectory installs files unasked"
    echo "passed: add_subdirectory installs nothing unasked"
}

# In a project with headers of the same names that builds several files as one.
among_others() {
    local part parts=()
    for part in "$@"; do parts+=("-DDESCEND_BUILD_$part=ON"); done
    build clashing "$consumer/clashing" -DDESCEND_SOURCE="$source_dir" -DCMAKE_UNITY_BUILD=ON "${parts[@]}"
    same_programs "headers of the same names, and CMAKE_UNITY_BUILD, with ${*:-the library alone}" "$work/clashing"
}

# fetched ARCHIVE
fetched() {
    build fetched "$consumer/fetch_content" -DARCHIVE="$1" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS="$fast" \
        -DCMAKE_CXX_FLAGS="$fast"
    same_programs "FetchContent, $fast" "$work/fetched"
}

# A project that exports a library linked to descend needs descend exported, and reads how where it is not. Its install
# has descend in it.
exported() {
    rm -rf "$work"/exporting{,-prefix}
    cmake -S "$consumer/exporting" -B "$work/exporting" -DDESCEND_SOURCE="$source_dir" >"$work/log" 2>&1 &&
        fail "a target is exported without descend, to which it is linked"
    grep -q 'has to set DESCEND_INSTALL to ON' "$work/log" || fail "no word of DESCEND_INSTALL in $work/log"
    build exporting "$consumer/exporting" -DDESCEND_SOURCE="$source_dir" -DDESCEND_INSTALL=ON
    quietly cmake --install "$work/exporting" --prefix "$work/exporting-prefix"
    grep -rq descend::io "$work/exporting-prefix/lib/cmake/exporting" || fail "the export does not name descend::io"
    build of-exporting "$consumer/find_package_c" -DCMAKE_PREFIX_PATH="$work/exporting-prefix" \
        -DWANTED_VERSION="$version"
    same_bits "find_package in the install of another project" "$work/of-exporting/adam"
}

archive
as_each_compiler as_subdirectory
unasked
read -ra parts <<<"${PARTS-}"
among_others "${parts[@]}"
as_each_compiler fetched "$work/descend.tar.gz"
exported
