#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles and runs the programs of docs/examples with each compiler; every snippet of the guides has to be a part of
one of them, and every name in the guides one that there is.

examples.py SOURCE_DIR LIBRARY_DIR WORK_DIR
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE, LIBRARIES, WORK = (Path(argument).resolve() for argument in sys.argv[1:4])
EXAMPLES = SOURCE / "docs/examples"
MOST_LINES = 60
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Werror",
          f"-I{SOURCE}/include"]
LINK = [f"-L{LIBRARIES}", f"-Wl,-rpath,{LIBRARIES}", "-ldescend_io", "-ldescend", "-lm", "-pthread"]
# What else a program is run with.
ARGUMENTS = {"tensor_by_tensor.c": [["adam"], ["sgd"], ["nadam"]]}
OWN_LOOP = "eps_outside.c"  # compares bits with a loop of its own, which -Ofast changes
# Their programs are built by run.sh and mpi.sh; the other snippets of distributed.md need MPI and two hosts.
WHOLE = ["README.md", "docs/storage.md", "docs/distributed.md"]
FOR_USERS = ["README.md", *(f"docs/{page}.md" for page in ("distributed", "embedding", "from_torch", "optimizers",
                                                          "storage", "troubleshooting"))]
NAME = re.compile(r"\b(?:descend|DESCEND)_\w+")
NO_NAMES = {"DESCEND_0", "descend_FOUND"}  # of a symbol's version, and of CMake


def run(*command):
    done = subprocess.run(command, cwd=WORK, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def build_and_run(source, compiler, flags):
    program = WORK / source.stem
    run(compiler, "-std=c++17" if source.suffix == ".cc" else "-std=c11", *flags, *STRICT, source, "-o", program, *LINK)
    for arguments in ARGUMENTS.get(source.name, [[]]):
        print(f"{compiler} {flags[0]} {source.name}: {run(program, *arguments)}")


def build_all():
    for source in sorted(EXAMPLES.glob("*.c*")):
        if len(source.read_text().splitlines()) > MOST_LINES:
            sys.exit(f"{source} has more than {MOST_LINES} lines")
        for compiler in ["g++", "clang++"] if source.suffix == ".cc" else ["gcc", "clang"]:
            if not shutil.which(compiler):
                print(f"skipped: {compiler} is not installed")
                continue
            build_and_run(source, compiler, ["-O2", "-ffp-contract=off"])
            if source.name != OWN_LOOP:
                build_and_run(source, compiler, ["-Ofast", "-flto"])


def stripped(text):
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def look_for_snippets():
    """Each block of C or C++ is, but for how far it is indented, a part of a program."""
    programs = [stripped(source.read_text()) for source in EXAMPLES.glob("*.c*")]
    pages = [SOURCE / "README.md", *sorted((SOURCE / "docs").glob("*.md"))]
    found = 0
    for page in pages:
        if str(page.relative_to(SOURCE)) in WHOLE:
            continue
        for block in re.findall(r"^```(?:c|cpp)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            if not any(stripped(block) in program for program in programs):
                sys.exit(f"in no program of docs/examples, but in {page}:\n{block}")
            found += 1
    print(f"{found} snippets of the guides are parts of these programs")


def look_for_names():
    """Each name of the library in a guide for its users is one that the headers or the build have."""
    known = set()
    for file in [*(SOURCE / "include/descend").iterdir(), SOURCE / "CMakeLists.txt"]:
        known.update(NAME.findall(file.read_text()))
    for guide in FOR_USERS:
        unknown = set(NAME.findall((SOURCE / guide).read_text())) - known - NO_NAMES
        if unknown:
            sys.exit(f"{guide} has names that neither headers nor build have: {sorted(unknown)}")


WORK.mkdir(parents=True, exist_ok=True)
build_all()
look_for_snippets()
look_for_names()
