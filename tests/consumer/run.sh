#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the library static and shared, installs it, and uses it as programs do that find it installed.
#   run.sh SOURCE_DIR WORK_DIR [CMake options for the library ...]
# Everything is written below WORK_DIR.
consumer=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$consumer/support.sh"
fast=(-Ofast -flto) # flags of programs, which may not reach the library
strict=(-Wall -Wextra -Wpedantic -Werror)

# with_find_package LINKAGE
with_find_package() {
    local linkage=$1 language
    for language in c cxx; do
        build "$linkage-$language" "$consumer/find_package_$language" -DCMAKE_BUILD_TYPE=Release \
            -DCMAKE_PREFIX_PATH="$work/$linkage-prefix" -DWANTED_VERSION="$version" \
            -DCMAKE_C_FLAGS="${fast[*]}" -DCMAKE_CXX_FLAGS="${fast[*]}"
    done
    same_bits "find_package, $linkage, $CC" "$work/$linkage-c/adam"
    same_bits "find_package, $linkage, C++17, $CXX" "$work/$linkage-cxx/adam_cxx"
    quietly "$work/$linkage-cxx/trainer"
}

# compile_with_pkg_config NAME OUTPUT FILE [compiler option ...]
compile_with_pkg_config() {
    local output=$work/$2 file=$3 flags
    read -ra flags <<<"$(pkg "$work/$1-prefix" --cflags --libs)"
    shift 3
    if [[ $file == *.cc ]]; then
        quietly "$CXX" -std=c++17 "${strict[@]}" "$@" "$file" -o "$output" "${flags[@]}"
    else
        quietly "$CC" -std=c11 "${strict[@]}" "$@" "$file" -o "$output" "${flags[@]}" -lm
    fi
}

# with_library_of NAME COMMAND: finds the shared library there.
with_library_of() {
    LD_LIBRARY_PATH=$(pkg "$work/$1-prefix" --variable=libdir) "${@:2}"
}

# with_pkg_config NAME OUTPUT FILE: compiles and runs one file, itself without -ffast-math.
with_pkg_config() {
    compile_with_pkg_config "$@"
    with_library_of "$1" "$work/$2" --subnormals
}

# fast_with_pkg_config NAME
fast_with_pkg_config() {
    compile_with_pkg_config "$1" fast "$consumer/adam.c" "${fast[@]}"
    same_bits "pkg-config, $1, ${fast[*]}, $CC" with_library_of "$1" "$work/fast"
    compile_with_pkg_config "$1" fast "$consumer/adam.cc" "${fast[@]}"
    same_bits "pkg-config, $1, ${fast[*]}, C++17, $CXX" with_library_of "$1" "$work/fast"
}

# Installed by `cmake --install --prefix`, and moved from there: the package says where it lies.
moved() {
    rm -rf "$work"/{other,moved}-prefix
    quietly cmake --install "$work/shared" --prefix "$work/other-prefix"
    grep -rF "$work/shared-prefix" "$work/other-prefix" --include=*.pc && fail "a .pc file names another prefix"
    mv "$work/other-prefix" "$work/moved-prefix"
    same_bits "pkg-config, moved" with_pkg_config moved adam-moved "$consumer/adam.c"
    same_bits "pkg-config, moved, C++17" with_pkg_config moved adam-moved-cxx "$consumer/adam.cc"
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
    same_bits "pkg-config, $linkage" with_pkg_config "$linkage" "adam-$linkage" "$consumer/adam.c"
    as_each_compiler with_find_package "$linkage"
    as_each_compiler fast_with_pkg_config "$linkage"
done
same_bits "a shared library built with -ffast-math and the like" with_pkg_config fast-math adam-fast-math "$consumer/adam.c"
moved
sonames
ignored_status
set_to_zero
example README.md
example docs/storage.md
