#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs and embeds the library with CMake 3.16, the oldest that it asks for, as Ubuntu 20.04 has it. Exit status 77
# where that cannot be had.
#   oldest_cmake.sh SOURCE_DIR WORK_DIR [CMake options for the library ...]
# Everything is written below WORK_DIR, the packages once.
consumer=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$consumer/support.sh"
mirror=http://archive.ubuntu.com/ubuntu/pool/main
packages=(
    1f09f5bd58627092ed1787538051ce9f5f016ab279fe4c795e01faa1f9619180:c/cmake/cmake_3.16.3-1ubuntu1_amd64.deb
    58e80fdb43f6ae8c731ec1b0a11168585a1441112d914ac4d052c6112f46115d:c/cmake/cmake-data_3.16.3-1ubuntu1_all.deb
    b8e09c7b2868cb467d342cf5ff9934b5a5b60ccd21f3800b36697d72e98fd2e6:libj/libjsoncpp/libjsoncpp1_1.7.4-3.1ubuntu2_amd64.deb
)

skip() {
    echo "skipped: CMake 3.16, $*"
    exit 77
}

# fetch SHA256 PATH: into $work/packages, if it is not there.
fetch() {
    local file=$work/packages/${2##*/}
    echo "file(DOWNLOAD $mirror/$2 $file EXPECTED_HASH SHA256=$1 TIMEOUT 60)" >"$work/fetch.cmake"
    cmake -P "$work/fetch.cmake" >"$work/log" 2>&1
}

[[ $(uname -m) == x86_64 ]] || skip "of which the package here is for x86-64"
[[ -n $(command -v dpkg-deb) ]] || skip "which comes as a Debian package, and dpkg-deb is not here"
mkdir -p "$work/packages"
for package in "${packages[@]}"; do
    fetch "${package%%:*}" "${package#*:}" || { cat "$work/log" && skip "which cannot be fetched from $mirror"; }
    dpkg-deb -x "$work/packages/${package##*/}" "$work/root"
done
mkdir -p "$work/bin"
printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$work/root/usr/lib/x86_64-linux-gnu" "$work/root/usr/bin/cmake" >"$work/bin/cmake"
chmod +x "$work/bin/cmake"
"$work/bin/cmake" --version >"$work/log" 2>&1 || { cat "$work/log" && skip "which does not run here"; }
PATH=$work/bin:$PATH
[[ $(cmake --version) == 'cmake version 3.16.'* ]] || fail "$(cmake --version) is not 3.16"

for linkage in static shared; do
    shared=OFF
    [[ $linkage == static ]] || shared=ON
    install_library "$linkage" -DDESCEND_SHARED=$shared
    build "find-$linkage" "$consumer/find_package_c" -DCMAKE_PREFIX_PATH="$work/$linkage-prefix" -DWANTED_VERSION="$version"
    same_bits "CMake 3.16, find_package, $linkage" "$work/find-$linkage/adam"
done
build embedded "$consumer/add_subdirectory" -DDESCEND_SOURCE="$source_dir" -DEXPECTED_TYPE=STATIC_LIBRARY \
    -DCMAKE_UNITY_BUILD=ON -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON
same_programs "CMake 3.16, add_subdirectory" "$work/embedded"
archive
build fetched "$consumer/fetch_content" -DARCHIVE="$work/descend.tar.gz" -DDESCEND_INSTALL=ON
same_programs "CMake 3.16, FetchContent" "$work/fetched"
