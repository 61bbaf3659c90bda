#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the library static and shared, installs it, and embeds it in every way it offers.
#   run.sh SOURCE_DIR WORK_DIR [CMake options for the library ...]
# CC, CXX, PKG_CONFIG, READELF and CMAKE_GENERATOR choose the tools; PARTS are those beside the library
# of which all is there that they need (TESTS BENCH TOOLS). Everything is written below WORK_DIR.
set -euo pipefail

source_dir=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
shift 2
options=(-DCMAKE_BUILD_TYPE=Release -DDESCEND_BUILD_TESTS=OFF -DDESCEND_BUILD_TOOLS=OFF -DDESCEND_BUILD_BENCH=OFF "$@")
consumer=$source_dir/tests/consumer
export CC=${CC:-cc} CXX=${CXX:-c++} CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-2}
pkg_config=${PKG_CONFIG:-pkg-config}
strict=(-Wall -Wextra -Wpedantic -Werror)
version=$(sed -nE 's/^#define DESCEND_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+)$/\2/p' \
    "$source_dir/include/descend/descend.h" | paste -sd.)
expected="" # what the first build of adam.c prints; then every one

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

# same_bits WHAT COMMAND: the program ends well and prints the version and the bits that all others print.
same_bits() {
    local what=$1 printed
    shift
    printed=$("$@") || fail "$what"
    [[ -n $expected ]] || expected=$printed
    [[ $printed == "$expected" ]] || fail "$what: printed '$printed', others '$expected'"
    [[ $printed == "$version "* ]] || fail "$what: '$printed' is not version $version"
    echo "passed: $what"
}

# pkg PREFIX [option ...]: pkg-config on that prefix alone.
pkg() {
    local pc
    pc=$(find "$1" -name descend.pc -printf '%h')
    shift
    PKG_CONFIG_PATH=$pc "$pkg_config" "$@" descend
}

with_find_package() {
    local linkage=$1 language
    for language in c cxx; do
        build "$linkage-$language" "$consumer/find_package_$language" -DCMAKE_BUILD_TYPE=Release \
            -DCMAKE_PREFIX_PATH="$work/$linkage-prefix" -DWANTED_VERSION="$version"
    done
    same_bits "find_package from C, $linkage" "$work/$linkage-c/adam"
    quietly "$work/$linkage-cxx/adam"
    quietly "$work/$linkage-cxx/trainer"
    echo "passed: find_package from C++17, $linkage"
}

# with_pkg_config NAME OUTPUT FILE [pkg-config option ...]: compiles and runs one file, itself without -ffast-math.
with_pkg_config() {
    local prefix=$work/$1-prefix output=$work/$2 file=$3 flags library_path
    shift 3
    read -ra flags <<<"$(pkg "$prefix" "$@" --cflags --libs)"
    library_path=$(pkg "$prefix" --variable=libdir)
    if [[ $file == *.cc ]]; then
        quietly "$CXX" -std=c++17 "${strict[@]}" "$file" -o "$output" "${flags[@]}"
    else
        quietly "$CC" -std=c11 "${strict[@]}" "$file" -o "$output" "${flags[@]}" -lm
    fi
    LD_LIBRARY_PATH=$library_path "$output" --subnormals
}

# Installed by `cmake --install --prefix`, and moved from there: the package says where it lies.
moved() {
    rm -rf "$work"/{other,moved}-prefix
    quietly cmake --install "$work/shared" --prefix "$work/other-prefix"
    grep -rF "$work/shared-prefix" "$work/other-prefix" --include=*.pc && fail "a .pc file names another prefix"
    mv "$work/other-prefix" "$work/moved-prefix"
    same_bits "pkg-config, moved" with_pkg_config moved adam-moved "$consumer/adam.c"
    with_pkg_config moved adam-moved-cxx "$consumer/adam.cc"
    echo "passed: pkg-config from C++17, moved"
}

# What passes for one version with find_package passes for it with the loader too.
sonames() {
    local name libraries found
    libraries=$(pkg "$work/shared-prefix" --variable=libdir)
    for name in descend descend_io; do
        found=$("${READELF:-readelf}" -d "$libraries/lib$name.so" | sed -nE 's/.*soname: \[(.*)\]/\1/p')
        [[ $found == "lib$name.so.${version%.*}" ]] || fail "the soname of lib$name.so $version is $found"
    done
    echo "passed: the sonames have the version on which find_package insists"
}

# compiles LANGUAGE STANDARD FILE: whether it does with the headers, warnings being errors.
compiles() {
    local compiler=$CC
    [[ $1 == c++ ]] && compiler=$CXX
    "$compiler" -x "$1" "-std=$2" "${strict[@]}" -I"$work/static-prefix/include" -include descend/descend.h \
        -include descend/checkpoint.h -include descend/schedule.h -fsyntax-only "$3" >"$work/log" 2>&1
}

# An ignored status is an error from C++17 and C23 on, and for no other reason: the header alone is none, and earlier
# standards take the same file.
ignored_status() {
    local standard language standards=(c++11 c++14 c++17 c++20 c11 c17)
    if "$CC" -std=c2x -fsyntax-only -x c /dev/null 2>/dev/null; then
        standards+=(c2x)
    else
        echo "skipped: an ignored status in C23 ($CC has no -std=c2x)"
    fi
    for standard in "${standards[@]}"; do
        language=c
        [[ $standard == c++* ]] && language=c++
        compiles $language "$standard" /dev/null || { cat "$work/log" >&2; fail "the header with -std=$standard"; }
        case $standard in
        c++11 | c++14 | c11 | c17)
            compiles $language "$standard" "$consumer/ignored_status.c" ||
                { cat "$work/log" >&2; fail "an ignored status with -std=$standard"; }
            ;;
        *)
            compiles $language "$standard" "$consumer/ignored_status.c" && fail "no warning with -std=$standard"
            grep -qE 'nodiscard|unused-(result|value)' "$work/log" || { cat "$work/log" >&2; fail "$standard"; }
            ;;
        esac
    done
    echo "passed: an ignored status is warned of from C++17 and C23 on"
}

# Every struct of the headers, set to zero as exec.h says, is no cause for a warning.
set_to_zero() {
    local compilers=("$CC $CXX") pair type language zero standard
    rm -f "$work"/zero.*
    [[ -z $(command -v clang++) ]] || compilers+=("clang clang++")
    while read -r type; do
        for language in c c++; do
            zero='{0}'
            [[ $language == c ]] || zero='{}'
            echo "$type zero_$type(void) { $type all = $zero; return all; }" >>"$work/zero.$language"
        done
    done < <(sed -nE 's/^typedef struct (descend_[a-z0-9_]+) \{.*/\1/p' "$work"/static-prefix/include/descend/*.h)
    for pair in "${compilers[@]}"; do
        for standard in c11 c++11 c++17; do
            language=${standard%%[0-9]*}
            CC=${pair% *} CXX=${pair#* } compiles "$language" "$standard" "$work/zero.$language" ||
                { cat "$work/log" >&2; fail "structs set to zero with -std=$standard ($pair)"; }
        done
    done
    echo "passed: structs set to zero, in C and C++ (${compilers[*]})"
}

# embed NAME [option ...]
embed() {
    local name=$1
    shift
    build "$name" "$consumer/add_subdirectory" -DDESCEND_SOURCE="$source_dir" "$@"
    same_bits "add_subdirectory: $*" "$work/$name/adam"
}

as_subdirectory() {
    embed embedded -DCMAKE_BUILD_TYPE=Release
    rm -rf "$work/embedded-prefix"
    quietly cmake --install "$work/embedded" --prefix "$work/embedded-prefix"
    [[ ! -e $work/embedded-prefix ]] || fail "add_subdirectory installs files unasked"
    embed installed -DCMAKE_BUILD_TYPE=Release -DDESCEND_INSTALL=ON
    rm -rf "$work/installed-prefix"
    quietly cmake --install "$work/installed" --prefix "$work/installed-prefix"
    [[ -e $work/installed-prefix/include/descend/descend.h ]] || fail "DESCEND_INSTALL=ON does not install the header"
    embed no-build-type -DCMAKE_BUILD_TYPE=
    embed fast -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-ffast-math
    embed fast-shared -DDESCEND_SHARED=ON -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-ffast-math
    embed fastest -DCMAKE_C_FLAGS="-Ofast -march=native -ffp-contract=fast"
    embed unsafe -DCMAKE_C_FLAGS="-O3 -funsafe-math-optimizations -ffinite-math-only -march=native"
}

# Everything that the library's build has, in a project with headers of the same names that builds several files as one.
among_others() {
    local part parts=()
    for part in ${PARTS-}; do parts+=("-DDESCEND_BUILD_$part=ON"); done
    build clashing "$consumer/clashing" -DDESCEND_SOURCE="$source_dir" -DCMAKE_UNITY_BUILD=ON "${parts[@]}"
    same_bits "headers of the same names, and CMAKE_UNITY_BUILD, with ${PARTS:-the library alone}" "$work/clashing/adam"
    quietly "$work/clashing/trainer"
    echo "passed: the same from C++17"
}

# A project that exports a library linked to descend needs descend exported, and reads how where it is not.
exported() {
    rm -rf "$work"/exporting{,-prefix}
    cmake -S "$consumer/exporting" -B "$work/exporting" -DDESCEND_SOURCE="$source_dir" >"$work/log" 2>&1 &&
        fail "a target is exported without descend, to which it is linked"
    grep -q 'has to set DESCEND_INSTALL to ON' "$work/log" || fail "no word of DESCEND_INSTALL in $work/log"
    build exporting "$consumer/exporting" -DDESCEND_SOURCE="$source_dir" -DDESCEND_INSTALL=ON
    quietly cmake --install "$work/exporting" --prefix "$work/exporting-prefix"
    grep -rq descend::io "$work/exporting-prefix/lib/cmake/exporting" || fail "the export does not name descend::io"
    echo "passed: a library exported with descend"
}

# example PAGE: the first program on it, as its reader would build it.
example() {
    local name
    name=$(basename "$1" .md)
    if [[ ! -e $source_dir/$1 ]]; then
        echo "skipped: the example of $1, which is not there"
        return
    fi
    awk '/^```c$/ {inside = 1; next} /^```/ && inside {exit} inside' "$source_dir/$1" >"$work/$name.c"
    [[ -s $work/$name.c ]] || fail "$1 has no C example"
    with_pkg_config static "$name" "$work/$name.c"
    echo "passed: the example of $1"
}

install_library static -DDESCEND_SHARED=OFF
[[ ! -e $work/static-prefix/include/descend/mpi.h ]] || fail "a header is installed without its library"
install_library shared -DDESCEND_SHARED=ON
# Some distributions give absolute directories.
install_library fast-math -DDESCEND_SHARED=ON -DCMAKE_INSTALL_LIBDIR="$work/fast-math-prefix/absolute" \
    -DCMAKE_C_FLAGS="-ffast-math -funsafe-math-optimizations" \
    -DCMAKE_C_FLAGS_RELEASE=-Ofast
for linkage in static shared; do
    [[ $(pkg "$work/$linkage-prefix" --modversion) == "$version" ]] || fail "pkg-config's version, $linkage"
    with_find_package "$linkage"
done
same_bits "pkg-config, static" with_pkg_config static adam-static "$consumer/adam.c"
same_bits "pkg-config, shared" with_pkg_config shared adam-shared "$consumer/adam.c"
same_bits "a shared library built with -ffast-math and the like" with_pkg_config fast-math adam-fast-math "$consumer/adam.c"
moved
sonames
ignored_status
set_to_zero
as_subdirectory
among_others
exported
example README.md
example docs/storage.md
