#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the Debian packages in two folders, which has to give the same bytes, holds them to lintian, and builds and
# runs programs with what they have in them.
#   package.sh SOURCE_DIR WORK_DIR
# The packages are left in WORK_DIR, where everything is written.
consumer=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=support.sh
source "$consumer/support.sh"
unset CMAKE_GENERATOR # debhelper has its own

# package FOLDER: below it, with a build folder of another name.
package() {
    mkdir -p "$1/descend"
    cp -r "$source_dir"/{CMakeLists.txt,cmake,debian,include,kernels,tools} "$1/descend"
    (cd "$1/descend" && DEB_BUILD_OPTIONS="parallel=$CMAKE_BUILD_PARALLEL_LEVEL noautodbgsym" \
        quietly dpkg-buildpackage --no-sign --build=binary)
}

rm -rf "$work"/{first,another,root,*.deb}
[[ $(dpkg-parsechangelog -l "$source_dir/debian/changelog" -S Version) == "$version" ]] ||
    fail "debian/changelog is not of version $version"
package "$work/first"
package "$work/another/place"
for file in "$work"/first/*.deb; do
    cmp "$file" "$work/another/place/${file##*/}" || fail "${file##*/} depends on the folder"
    dpkg-deb -x "$file" "$work/root"
done
echo "passed: the packages have the same bytes from two folders"
lintian --fail-on error,warning "$work"/first/*.changes ||
    fail "lintian finds fault"
echo "passed: lintian finds neither errors nor warnings"

LD_LIBRARY_PATH=$(pkg "$work/root" --variable=libdir)
export LD_LIBRARY_PATH
read -ra flags <<<"$(pkg "$work/root" --cflags --libs)"
quietly "$CC" "$consumer/adam.c" -o "$work/adam" "${flags[@]}" -lm
same_bits "the packages, pkg-config" "$work/adam"
for language in c cxx; do
    build "$language" "$consumer/find_package_$language" -DCMAKE_PREFIX_PATH="$work/root/usr" \
        -DWANTED_VERSION="$version"
done
same_bits "the packages, find_package" "$work/c/adam"
same_bits "the packages, find_package, C++17" "$work/cxx/adam_cxx"
for program in "$work"/root/usr/bin/*; do
    quietly "$program" --version
    [[ -e $work/root/usr/share/man/man1/${program##*/}.1.gz ]] || fail "${program##*/} has no manual page"
done
echo "passed: the programs of the packages"
mv "$work"/first/*.deb "$work"
