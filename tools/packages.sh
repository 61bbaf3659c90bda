# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Debian's packages for tools/dev: need PACKAGE... installs those that are missing. Where it cannot, it says what is
# missing, and who can help.

# installed PACKAGE: by dpkg; an architecture may follow the name, as in libgomp1:arm64.
installed() {
    local name=${1%:*} architecture
    architecture=$(dpkg --print-architecture)
    [[ $1 != *:* ]] || architecture=${1##*:}
    dpkg-query -W -f='${db:Status-Status} ${Package}:${Architecture}\n' "$name" 2>/dev/null |
        grep -qxF -e "installed $name:all" -e "installed $name:$architecture"
}

# usable PACKAGE: whether a system without dpkg has what the package is needed for.
usable() {
    case $1 in
    dataset-fashion-mnist) [[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ]] ;;
    iproute2) command -v ip ;;
    libbenchmark-dev) pkg-config --exists benchmark ;;
    libbenchmark-tools) [[ -e /usr/share/benchmark/compare.py ]] ;;
    libcjson-dev) pkg-config --exists libcjson ;;
    libclang-rt-14-dev) clang -fsanitize=address -x c - -o /dev/null <<<'int main(void) { return 0; }' ;;
    libcmocka-dev) pkg-config --exists cmocka ;;
    libomp-dev) clang -fopenmp -x c - -o /dev/null <<<'int main(void) { return 0; }' ;;
    libopenblas-dev) pkg-config --exists openblas ;;
    libopenmpi-dev) command -v mpicc ;;
    locales) command -v locale ;;
    man-db) command -v man ;;
    openmpi-bin) command -v mpiexec ;;
    ninja-build) command -v ninja ;;
    python3-*) /usr/bin/python3 -c "import ${1#python3-}" ;;
    zlib1g-dev) pkg-config --exists zlib ;;
    *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

# Prints what apt's status lines tell, at each quarter of the download and of the installation.
progress() {
    awk -F: '$1 == "dlstatus" || $1 == "pmstatus" {
        quarter = int($3 / 25)
        if ($1 != part) { part = $1; shown = 0 }
        if (quarter > shown) {
            shown = quarter
            printf "  %s: %d %%\n", part == "dlstatus" ? "downloading" : "unpacking and setting up", 25 * quarter
            fflush()
        }
    }' >&2
}

# Where root is wanted and cannot be had.
ask_administrator() {
    echo "tools/dev: installing needs root. Ask an administrator for:" >&2
    echo "    apt-get install --no-install-recommends $*" >&2
    return 1
}

install_by_apt() {
    local as_root=() bytes minutes
    if ((EUID)); then
        if ! command -v sudo >/dev/null || ! sudo -v; then
            ask_administrator "$@"
            return
        fi
        as_root=(sudo)
    fi
    echo "installing $*; first the lists of packages, which takes up to a minute" >&2
    "${as_root[@]}" apt-get update -qq
    bytes=$(apt-get install -qq --no-install-recommends --print-uris "$@" | awk '{sum += $3} END {printf "%.0f", sum}')
    minutes=$((bytes / 120000000 + 1)) # 2 MB/s, to download and to unpack
    echo "  $((bytes / 1000000)) MB to download: about $minutes min on a slow machine" >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        -o APT::Status-Fd=1 "$@" | progress
}

need() {
    local missing=() package has=usable
    if command -v apt-get && command -v dpkg-query; then has=installed; fi >/dev/null
    for package in "$@"; do
        "$has" "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if [[ $has == usable ]]; then
        echo "tools/dev: this system has no apt. Install what Debian calls ${missing[*]}, and start again." >&2
        return 1
    fi
    install_by_apt "${missing[@]}"
}
