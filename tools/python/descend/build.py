# SPDX-License-Identifier: MIT
"""Builds the library from its source tree by CMake, and installs it into this package:

    python3 -m descend.build [SOURCE]

SOURCE is the root of the tree; without it, the one that this package lies in. It needs cmake and a C compiler.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

from descend import library


def build(source):
    """Raises CalledProcessError or OSError."""
    with tempfile.TemporaryDirectory() as folder:
        work, prefix = pathlib.Path(folder, "work"), pathlib.Path(folder, "prefix")
        options = {"CMAKE_BUILD_TYPE": "Release", "DESCEND_SHARED": "ON", "DESCEND_BUILD_TESTS": "OFF",
                   "DESCEND_BUILD_BENCH": "OFF", "DESCEND_BUILD_TOOLS": "OFF", "CMAKE_INSTALL_PREFIX": prefix,
                   "CMAKE_INSTALL_LIBDIR": "lib"}
        for command in (["-S", source, "-B", work, *(f"-D{key}={value}" for key, value in options.items())],
                        ["--build", work, "--parallel"], ["--install", work]):
            subprocess.run(["cmake", *command], check=True)
        library.BUILT.parent.mkdir(exist_ok=True)
        for name in ("libdescend.so", "libdescend_io.so"):
            shutil.copyfile(prefix / "lib" / name, library.BUILT.with_name(name))


def main():
    parser = argparse.ArgumentParser(prog="python3 -m descend.build", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("source", type=pathlib.Path, nargs="?", default=library.TREE)
    source = parser.parse_args().source
    if not (source / "include/descend/descend.h").exists():
        sys.exit(f"descend.build: {source} is not the source tree of descend")
    try:
        build(source)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"descend.build: {error}")
    print(f"{library.BUILT}: descend {library.Library(library.BUILT).version()}")


if __name__ == "__main__":
    main()
