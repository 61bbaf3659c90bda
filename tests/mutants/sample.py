#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Breaks a copy of the library in places drawn from a seed, one at a time, and wants some test to notice.

Of the faults that edits.py finds in kernels/, --sample many are drawn that compile and change the machine code. Each is
tried against all tests until one fails. judged.txt lists faults that no test can notice, with the reason; the score is
of the others. Exit status: 0 if the score is at least 97 %.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

from edits import edits_of

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
LEAST_SCORE = 0.97
MEMORY_LIMIT = 16 << 30  # of a test: a loop that has lost its end may allocate


class Tests:
    """The tests of a build. Those go first that have caught most in the same file, then in its folder; then the fast."""

    def __init__(self, build):
        listing = subprocess.run(
            ["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, capture_output=True
        ).stdout
        self.tests = {}
        for test in json.loads(listing)["tests"]:
            properties = {each["name"]: each["value"] for each in test["properties"]}
            # Not those that build or that look at the code of -O3.
            if not test["name"].startswith(("consumers", "mutants", "kernels_objects")):
                self.tests[test["name"]] = (test["command"], properties)
        self.seconds = {name: 60.0 for name in self.tests}
        for name in self.tests:
            begin = time.monotonic()
            if not self.passes(name):
                sys.exit(f"{name} fails on the library as it is")
            self.seconds[name] = time.monotonic() - begin
        self.caught = collections.Counter()

    def passes(self, name):
        """Whether a test passes, within ten times the time that it should take."""
        command, properties = self.tests[name]
        environment = dict(os.environ, OMP_WAIT_POLICY="passive")  # waiting threads would slow down the neighbours
        environment.update(each.split("=", 1) for each in properties.get("ENVIRONMENT", []))
        process = subprocess.Popen(
            command,
            cwd=properties["WORKING_DIRECTORY"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: (
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT)),
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
            ),
        )
        try:
            return process.wait(timeout=10 * self.seconds[name] + 5) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False

    def catches(self, file):
        """The name of the first test that fails; None if all pass."""
        folder = os.path.dirname(file)
        for name in sorted(
            self.tests, key=lambda name: (-self.caught[file, name], -self.caught[folder, name], self.seconds[name])
        ):
            if not self.passes(name):
                self.caught.update([(file, name), (folder, name)])
                return name
        return None


class Copy:
    """A copy of the library with its tests, built."""

    def __init__(self, work):
        self.tree, self.build = work / "tree", work / "build"
        shutil.rmtree(work, ignore_errors=True)
        self.tree.mkdir(parents=True)
        shutil.copy(SOURCE / "CMakeLists.txt", self.tree)
        for folder in ("cmake", "include", "kernels", "tests"):
            shutil.copytree(SOURCE / folder, self.tree / folder)
        # Not -O3, which compiles longer; shared, so that the tests need not be linked anew.
        configure = ["cmake", "-G", "Ninja", "-S", self.tree, "-B", self.build, "-DDESCEND_SHARED=ON"]
        configure += ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_FLAGS_RELEASE=-O2", "-DCMAKE_LINK_DEPENDS_NO_SHARED=ON"]
        configure += ["-DDESCEND_BUILD_TOOLS=OFF", "-DDESCEND_BUILD_BENCH=OFF"]
        subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
        if not self.compiles():
            sys.exit("the library does not compile")
        self.original = self.libraries()

    def compiles(self):
        return subprocess.run(["ninja", "-C", self.build], capture_output=True).returncode == 0

    def libraries(self):
        return [path.read_bytes() for path in sorted(self.build.glob("*.so"))]

    def changed(self):
        """Whether the source as it is now compiles to a library that differs."""
        return self.compiles() and self.libraries() != self.original


def judgements():
    """{(file, line of code as the fault makes it): reason}"""
    lines = [line.split("\t") for line in (HERE / "judged.txt").read_text().splitlines()]
    return {(line[0], line[1]): line[2] for line in lines if not line[0].startswith("#")}


def faults(tree, folder, seed):
    """(file, edit), all there are in the folder, in an order that depends on the seed alone."""
    found = []
    for path in sorted(tree.glob("kernels/**/*.[ch]")):
        file = str(path.relative_to(tree))
        if file.startswith(folder):
            found += [(file, edit) for edit in edits_of(path.read_text())]
    random.Random(seed).shuffle(found)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=300, help="how many faults (300)")
    parser.add_argument("--seed", type=int, default=1, help="which (1)")
    parser.add_argument("--in", dest="folder", default="kernels/", help="only in files whose path begins so")
    parser.add_argument("--work", type=pathlib.Path, default=SOURCE / "build/mutants-sample", help="a folder to build in")
    options = parser.parse_args()
    copy = Copy(options.work.resolve())
    tests, judged = Tests(copy.build), judgements()
    tried = survived = excused = 0
    for file, edit in faults(copy.tree, options.folder, options.seed):
        if tried == options.sample:
            break
        text = (copy.tree / file).read_text()
        broken = edit.apply(text)
        (copy.tree / file).write_text(broken)
        if copy.changed():
            tried += 1
            catcher = tests.catches(file)
            number = edit.line(text)
            line = broken.splitlines()[number - 1].strip()
            verdict = catcher or ("judged" if (file, line) in judged else "SURVIVES")
            survived += verdict == "SURVIVES"
            excused += verdict == "judged"
            print(f"{tried}\t{verdict}\t{file}:{number}\t{line}", flush=True)
        (copy.tree / file).write_text(text)
    score = 1 - survived / max(tried - excused, 1)
    print(f"{tried} faults, of which {excused} are judged not to matter; of the others {score:.1%} were caught")
    sys.exit(score < LEAST_SCORE)


if __name__ == "__main__":
    main()
