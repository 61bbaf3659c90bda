#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests descend-tune from outside: test_tune.py BINARY [unittest's arguments].

What it measures is the machine's; tested is that it measures, draws the conclusion that it documents, and refuses.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BINARY = None
RULES = Path(__file__).resolve().parents[2] / "kernels/rules.def"
KINDS = re.findall(r"(?m)^    RULE\((\w+),", RULES.read_text(encoding="utf-8"))
NAMES = [KINDS[0], "momentum", *KINDS[1:]]
BUILT_IN = 32768
WINS = 1.05  # as in tools/tune/threshold.h


def processors():
    return len(os.sched_getaffinity(0))


def run_tune(*arguments, **environment):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def tune(self, *arguments, **environment):
        """A run that must end well: its output."""
        done = run_tune(*arguments, **environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def parallel(self):
        """An environment with threads to measure; skips where there can be none."""
        threads = {"OMP_NUM_THREADS": str(processors())}
        reason = json.loads(self.tune("--json", "--seconds", 1, **threads))["why_serial"]
        if reason is not None:
            self.skipTest(reason)
        return threads

    def assert_refused(self, done, *fragments, code=1):
        self.assertEqual(done.returncode, code, done)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], r"^\S*descend-tune: \S")
        for fragment in fragments:
            self.assertIn(fragment, lines[0])


class Measuring(Case):
    def assert_concluded(self, found):
        self.assertEqual(found["built_in"], BUILT_IN)
        self.assertIsNone(found["why_serial"])
        self.assertGreater(found["threads"], 1)
        self.assertEqual([row["optimizer"] for row in found["optimizers"]], NAMES)
        for row in found["optimizers"]:
            sizes = [at["n"] for at in row["measured"]]
            self.assertEqual(sizes, sorted(set(sizes)))
            self.assertTrue(all(n % 4096 == 0 for n in sizes), sizes)
            self.assertLess(sizes[0], BUILT_IN)
            self.assertGreaterEqual(sizes[-1], 1 << 20)
            for at in row["measured"]:
                self.assertGreater(at["samples"], 0)
                self.assertGreater(min(at["serial_ns"], at["parallel_ns"], at["speedup"]), 0)
            self.assertEqual(row["speedup_at_built_in"], row["measured"][sizes.index(BUILT_IN)]["speedup"])
            won = [all(later["speedup"] >= WINS for later in row["measured"][i:]) for i in range(len(sizes))]
            self.assertEqual(row["serial_below"], sizes[won.index(True)] if any(won) else None)

    def test_table_and_file_agree(self):
        threads = self.parallel()
        file = self.directory / "tune.json"
        output = self.tune("--seconds", 1, "--output", file, **threads)
        found = json.loads(file.read_text(encoding="utf-8"))
        self.assert_concluded(found)
        self.assertRegex(output, rf"\Adescend \d+\.\d+\.\d+ \({found['variant']}\), {found['threads']} threads\n")
        rows = re.findall(r"(?m)^(\w+) +(\d+|never) +(\d+) +(\d+\.\d\d)$", output)
        self.assertEqual(rows, [(row["optimizer"], str(row["serial_below"] or "never"), str(BUILT_IN),
                                 f"{row['speedup_at_built_in']:.2f}") for row in found["optimizers"]])

    def test_json_is_the_file_s(self):
        threads = self.parallel()
        file = self.directory / "tune.json"
        output = self.tune("--json", "--seconds", 1, "--output", file, **threads)
        self.assert_concluded(json.loads(output))
        self.assertEqual(output, file.read_text(encoding="utf-8"))

    def test_writes_nothing_unasked(self):
        subprocess.run([BINARY, "--seconds", "1"], capture_output=True, check=True, cwd=self.directory)
        self.assertEqual(list(self.directory.iterdir()), [])


class Serial(Case):
    def test_one_thread(self):
        output = self.tune(OMP_NUM_THREADS="1")
        self.assertRegex(output, r"\Adescend [^\n]*, 1 thread\n"
                                 r"Nothing to measure: [^\n]+, so every call is serial\.\n\Z")
        file = self.directory / "tune.json"
        found = json.loads(self.tune("--json", "--output", file, OMP_NUM_THREADS="1"))
        self.assertEqual((found["threads"], found["optimizers"]), (1, []))
        self.assertTrue(found["why_serial"])
        self.assertEqual(json.loads(file.read_text(encoding="utf-8")), found)

    def test_one_processor(self):
        one = min(os.sched_getaffinity(0))
        done = subprocess.run([BINARY], capture_output=True, text=True, check=True,
                              preexec_fn=lambda: os.sched_setaffinity(0, {one}))
        self.assertRegex(done.stdout, r"one processor|without OpenMP")


class CommandLine(Case):
    def test_seconds(self):
        for text in ("", "0", "-1", "+1", " 1", "1s", "1.5", "3601", "9" * 30, "nan"):
            with self.subTest(text=text):
                self.assert_refused(run_tune("--seconds", text), f"'{text}'", "1 to 3600", code=2)

    def test_file_that_cannot_be_written(self):
        missing = self.directory / "none" / "tune.json"
        self.assert_refused(run_tune("--output", missing), str(missing), "No such file")
        self.assert_refused(run_tune("--output", self.directory), str(self.directory), "directory")
        self.assert_refused(run_tune("--output", "/dev/full", OMP_NUM_THREADS="1"), "/dev/full", "No space left")

    def test_output_that_cannot_be_written(self):
        for arguments in ((), ("--json",)):
            with self.subTest(arguments=arguments), open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([BINARY, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                                      env={**os.environ, "OMP_NUM_THREADS": "1"})
                self.assert_refused(done, "standard output", "No space left")

    def test_wrong_variant(self):
        self.assert_refused(run_tune(DESCEND_ISA="nonsense"), "DESCEND_ISA")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
