#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests the programs as they are installed: test_install.py CMAKE BUILD HELP2MAN PROGRAM... [-- unittest's arguments];
without help2man, HELP2MAN ends in NOTFOUND, and there are no manual pages."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CMAKE = BUILD = HELP2MAN = None
NAMES = []


def run(*command, **more):
    return subprocess.run([os.fspath(word) for word in command], capture_output=True, text=True, check=False,
                          timeout=120, **more)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Installed below one prefix, and moved to another."""
        cls.directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        done = run(CMAKE, "--install", BUILD, "--prefix", cls.directory / "first")
        if done.returncode:
            raise RuntimeError(done.stderr)
        cls.prefix = (cls.directory / "first").rename(cls.directory / "second")
        cls.environment = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}

    def printed(self, name, *arguments):
        done = run(self.prefix / "bin" / name, *arguments, env=self.environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_programs_run(self):
        self.assertEqual(sorted(path.name for path in (self.prefix / "bin").iterdir()), sorted(NAMES))
        for name in NAMES:
            self.assertRegex(self.printed(name, "--version"), rf"\A{name} \(descend\) \d")
        self.assertIn("in use", self.printed("descend-info"))

    @unittest.skipUnless(shutil.which("readelf"), "no readelf (binutils)")
    def test_no_path_of_the_build(self):
        for name in NAMES:
            found = run("readelf", "--dynamic", self.prefix / "bin" / name).stdout
            self.assertIn("NEEDED", found)
            for path in re.findall(r"R(?:UN)?PATH.*\[(.*)\]", found):
                self.assertRegex(path, r"\A\$ORIGIN/\.\./lib[^:]*\Z")

    def test_completion(self):
        for name in NAMES:
            script = self.prefix / "share/bash-completion/completions" / name
            self.assertEqual(script.read_text(encoding="utf-8"), f"complete -F _longopt {name}\n")

    def test_manual_pages(self):
        """man shows them without a warning, and each option of the help is in its program's."""
        if HELP2MAN.endswith("NOTFOUND") or not shutil.which("man"):
            self.skipTest("no help2man, which makes them, or no man (man-db), which shows them")
        for name in NAMES:
            page = self.prefix / f"share/man/man1/{name}.1"
            done = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            shown = run("man", "-l", page, env={**self.environment, "MANWIDTH": "200", "LC_ALL": "C"}).stdout
            for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "   Exit status:"):
                self.assertRegex(shown, rf"(?m)^{heading}$")
            self.assertRegex(shown, rf"(?m)^       {name} - [a-z][^.\n]*[a-zA-Z]$")
            for option in re.findall(r"(?m)^  (--[a-z0-9_-]+)", self.printed(name, "--help")):
                self.assertRegex(shown, rf"(?m)^       {option}[= \n]")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    CMAKE, BUILD, HELP2MAN, *NAMES = sys.argv[1:end]
    unittest.main(argv=sys.argv[:1] + sys.argv[end + 1:], verbosity=2)
