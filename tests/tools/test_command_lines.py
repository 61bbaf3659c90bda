#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests what the command lines of all programs have in common: test_command_lines.py HEADER PROGRAM... [-- unittest's
arguments]; HEADER is descend.h, which has the version."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

PROGRAMS = []
VERSION = None


def run(program, *arguments, **more):
    return subprocess.run([program, *arguments], stdout=more.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE,
                          text=True, check=False, timeout=60, **more)


class CommandLines(unittest.TestCase):
    def each(self):
        return [(program, os.path.basename(program)) for program in PROGRAMS]

    def printed(self, program, *arguments):
        done = run(program, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def assert_wrong(self, done, name, *fragments):
        """Exit status 2, nothing on stdout, and one line that hints at --help."""
        self.assertEqual((done.returncode, done.stdout), (2, ""), done)
        self.assertRegex(done.stderr, rf"\A{name}: [^\n]+ \(see {name} --help\)\n\Z")
        for fragment in fragments:
            self.assertIn(fragment, done.stderr)

    def test_version(self):
        for program, name in self.each():
            self.assertEqual(self.printed(program, "--version"), f"{name} (descend) {VERSION}\n")

    def test_help(self):
        for program, name in self.each():
            text = self.printed(program, "--help")
            self.assertRegex(text, rf"\AUsage: [^\n]*\b{name}( |\n)")
            for heading in ("Options:", "Exit status:"):
                self.assertEqual(text.count(f"\n\n{heading}\n"), 1, text)
            for line in text.splitlines():
                self.assertLess(len(line), 80, line)
                self.assertEqual(line, line.rstrip())
            self.assertTrue(text.isascii(), text)
            self.assertRegex(text, r"\n  --help +[^\n]+\n  --version +[^\n]")
            self.assertRegex(text, r"\n  2 +the command line is wrong")

    def test_help_comes_before_what_is_wrong_behind_it(self):
        for program, _ in self.each():
            self.assertEqual(self.printed(program, "--help", "--nonsense"), self.printed(program, "--help"))

    def test_every_option_of_the_help_is_one(self):
        """It is taken: what is wrong is the other option."""
        for program, name in self.each():
            for option, value in re.findall(r"(?m)^  --([a-z0-9_-]+)(=\S+)?(?: |$)", self.printed(program, "--help")):
                if option in ("help", "version"):
                    continue
                done = run(program, f"--{option}=" if value else f"--{option}", "--nonsense")
                self.assertEqual(done.returncode, 2)
                self.assertNotIn(f"--{option}: no such option", done.stderr)
                if value:
                    self.assert_wrong(run(program, f"--{option}"), name, f"--{option}", "argument is missing")
                elif not option.startswith("benchmark_"):  # those also take true and false
                    self.assert_wrong(run(program, f"--{option}=1"), name, f"--{option}", "takes no argument")

    def test_wrong_options(self):
        for program, name in self.each():
            self.assert_wrong(run(program, "--nonsense"), name, "--nonsense")
            self.assert_wrong(run(program, "-x"), name, "-x")
            self.assert_wrong(run(program, "--help=1"), name, "--help")
            self.assert_wrong(run(program, "one", "two", "three", "four"), name)

    def test_output_that_cannot_be_written(self):
        for program, name in self.each():
            for option in ("--help", "--version"):
                with open("/dev/full", "w", encoding="utf-8") as full:
                    done = run(program, option, stdout=full)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, rf"\A{name}: standard output: [^\n]*No space left[^\n]*\n\Z")

    def test_closed_output(self):
        """It counts only where something was to be printed."""
        for program, name in self.each():
            done = run(program, "--version", preexec_fn=lambda: os.close(1))
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, rf"\A{name}: standard output: [^\n]*Bad file descriptor[^\n]*\n\Z")
            self.assert_wrong(run(program, "--nonsense", preexec_fn=lambda: os.close(1)), name, "--nonsense")


class Environment(unittest.TestCase):
    def test_wrong_variant(self):
        """Fails with one line; descend-info shows all the same what it finds. No business of descend-ckpt's."""
        wrong = {**os.environ, "DESCEND_ISA": "nonsense"}
        for program in PROGRAMS:
            name = os.path.basename(program)
            if name in ("descend-ckpt", "descend-bench-mpi"):
                continue
            with self.subTest(program=program):
                done = run(program, env=wrong)
                self.assertEqual(done.returncode, 1, done)
                self.assertRegex(done.stderr, rf"\A{name}: [^\n]*\bDESCEND_ISA\b[^\n]*\n\Z")
                if name == "descend-info":
                    self.assertRegex(done.stdout, r"(?m)^in use +none\b")
                    self.assertEqual(run(program, "--json", env=wrong).returncode, 1)
                else:
                    self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    header = Path(sys.argv[1]).read_text(encoding="utf-8")
    VERSION = ".".join(re.findall(r"(?m)^#define DESCEND_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    PROGRAMS = [os.path.abspath(path) for path in sys.argv[2:end]]
    unittest.main(argv=sys.argv[:1] + sys.argv[end + 1:], verbosity=2)
