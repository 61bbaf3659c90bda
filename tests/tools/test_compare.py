#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests tools/compare/compare.py from outside: test_compare.py DESCEND-TRAIN LIBRARY [unittest's arguments].

Exits with 77 where PyTorch or matplotlib is not installed.
"""

import csv
import importlib.util
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from test_train import Case

TRAIN = LIBRARY = None
COMPARE = Path(__file__).resolve().parents[2] / "tools/compare/compare.py"
TITLES = {"sgd": "SGD", "momentum": "Momentum", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}
SMALL = ("--epochs", 2, "--batch", 32, "--hidden", 5, "--seed", 12345)
PARAMETERS, STEPS = 245, 20
NUMBER = r"[\d.]+"

# What Python runs first: in the process of the exact form, a change of its job.
SPOIL = """
import json, sys
if sys.orig_argv[-2] == "--exact":
    with open(sys.orig_argv[-1]) as file:
        job = json.load(file)
    job["setups"][0]["fields"]["momentum"] *= 1 + 2**-23
    with open(sys.orig_argv[-1], "w") as file:
        json.dump(job, file)
"""


class Compare(Case):
    def setUp(self):
        super().setUp()
        self.write()
        self.out = self.directory / "out"

    def compare(self, *arguments, **environment):
        call = ["/usr/bin/python3", COMPARE, "--data", self.directory, "--train", TRAIN, "--library", LIBRARY, "--out",
                self.out, *SMALL, *arguments]
        return subprocess.run(list(map(str, call)), capture_output=True, text=True, check=False,
                              env={**os.environ, **environment})

    def test_no_difference(self):
        done = self.compare("--optimizers", ",".join(TITLES))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assert_one_course()
        exact = [f"{title}: 0 of {PARAMETERS} parameters differ after {STEPS} steps" for title in TITLES.values()]
        self.assertEqual(re.findall(r"(?m)^.* differ .*$", done.stdout), exact * 2)  # at once, and with the table
        self.assertEqual((self.out / "compare.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        table = (self.out / "compare.md").read_text(encoding="utf-8")
        self.assertIn("\n".join(["```", *exact, "```"]), table)
        self.assertEqual(re.findall(r"(?m)^\| (\w+) \| [\d.]", table), list(TITLES.values()))
        for title in TITLES.values():
            row = re.search(rf"(?m)^\| {title} \| {NUMBER} \| ({NUMBER}) \| ({NUMBER}) \| ({NUMBER}) % \| ({NUMBER}) % "
                            rf"\| {NUMBER} µs \| {NUMBER} µs \| {NUMBER} \|$", table)
            self.assertIsNotNone(row, table)
            self.assertAlmostEqual(float(row[1]), float(row[2]), delta=0.002)
            self.assertAlmostEqual(float(row[3]), float(row[4]), delta=0.5)

    def assert_one_course(self):
        """Roundings of some 1e-7 that 20 steps amplify little; other weights, batches or pixels give more than 1e-4."""
        for name in TITLES:
            ours, theirs = (list(csv.DictReader((self.out / file).read_text().splitlines()))
                            for file in (f"{name}.csv", f"{name}.torch.csv"))
            self.assertEqual(len(ours), STEPS)
            self.assertEqual(len(theirs), STEPS)
            for mine, right in zip(ours, theirs):
                self.assertEqual(mine["step"], right["step"])
                self.assertAlmostEqual(float(mine["train_loss"]), float(right["train_loss"]), delta=1e-5)

    def test_a_difference_is_found(self):
        """One option of ours, one ulp off in the exact form alone."""
        (self.directory / "sitecustomize.py").write_text(SPOIL, encoding="utf-8")
        done = self.compare("--optimizers", "momentum,adam", PYTHONPATH=self.directory)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        table = (self.out / "compare.md").read_text(encoding="utf-8")
        for text in (done.stdout, table):
            self.assertRegex(text, rf"(?m)^Momentum: [1-9]\d* of {PARAMETERS} parameters differ after {STEPS} steps$")
            self.assertRegex(text, rf"(?m)^Adam: 0 of {PARAMETERS} parameters differ after {STEPS} steps$")

    def test_help(self):
        done = self.compare("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for option in ("optimizers", "epochs", "batch", "hidden", "seed", "threads", "data", "train", "library", "out"):
            self.assertIn(f"--{option} ", done.stdout)

    def test_refused(self):
        none = self.directory / "none"
        for option, value, fragment in (("--library", none, none), ("--train", none, none), ("--data", none, none),
                                        ("--out", "/dev/null/out", "/dev/null/out"), ("--exact", none, none),
                                        ("--epochs", "0", "'0' is no whole number above 0"),
                                        ("--optimizers", "sgd,adams", "adams: torch.optim has no such optimizer")):
            with self.subTest(option=option, value=value):
                done = self.compare(option, value)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, r"(?m)^compare\.py: .*\n\Z")
                self.assertIn(str(fragment), done.stderr)
                self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    TRAIN, LIBRARY = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
    for needed in ("torch", "matplotlib"):
        if importlib.util.find_spec(needed) is None:
            print(f"test_compare.py: skipped: no python3-{needed}")
            sys.exit(77)
    unittest.main(verbosity=2)
