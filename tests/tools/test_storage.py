#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests descend-train --storage, and what is drawn of it: test_storage.py BINARY [unittest's arguments]."""

import csv
import os
import subprocess
import sys
import unittest
from pathlib import Path

import test_train
from test_train import Case, PlotCase

PLOT = Path(__file__).resolve().parents[2] / "tools/plots/plot_storage.py"


class Storage(Case):
    def test_every_storage(self):
        """Every storage learns, the same on any threads, and holds as many bytes as it says."""
        self.write()
        common = ("--epochs", 4, "--batch", 100, "--hidden", 1024, "--optimizer", "momentum,adam")
        losses = {}
        for storage, held in {"f32": (12, 16), "bf16-grads": (10, 14), "split": (10, 14), "bf16": (6, 8),
                              "split-8bit": (7.01, 8.02), "bf16-8bit": (5.01, 6.02)}.items():
            with self.subTest(storage=storage):
                output, text = self.train(*common, "--storage", storage, "--threads", 1)
                self.assertEqual(self.train(*common, "--storage", storage, "--threads", 2)[1], text)
                self.assertIn(f", storage {storage}\n", output)
                self.assertEqual([float(line.split()[-1]) for line in output.splitlines() if " us " in line],
                                 list(held))
                rows = list(csv.DictReader(text.splitlines()))
                losses[storage] = [float(row["train_loss"]) for row in rows]
                self.assertLess(losses[storage][-1], 0.9 * losses[storage][0])
        self.assertEqual(len({tuple(run) for run in losses.values()}), len(losses), "two storages are one")

    def test_states_that_are_float32_only(self):
        nowhere = self.directory / "none"
        for name in ("asgd", "rprop", "lamb"):
            for storage in ("bf16", "split-8bit", "bf16-8bit"):
                done = self.run_train("--data", nowhere, "--optimizer", f"sgd,{name}", "--storage", storage)
                self.assert_refused(done, f"--storage {storage}: {name} can keep its states in float32 only")
            self.write()
            self.train("--optimizer", name, "--storage", "split", "--epochs", 1)


class Plot(PlotCase):
    def setUp(self):
        super().setUp()
        self.write()
        self.picture = self.directory / "picture.png"

    def train_all(self, *storages):
        for storage in storages:
            for seed in (1, 2):
                file = self.directory / f"{storage}.{seed}.txt"
                output, table = self.train("--optimizer", "adam", "--epochs", 3, "--storage", storage, "--seed", seed)
                file.write_text(output, encoding="utf-8")
                file.with_suffix(".csv").write_text(table, encoding="utf-8")

    def plot(self):
        return subprocess.run(["/usr/bin/python3", PLOT, self.directory, self.picture], capture_output=True, text=True,
                              check=False)

    def test_picture_and_table(self):
        self.train_all("f32", "bf16", "split")
        done = self.plot()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.picture.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        rows = done.stdout.splitlines()[2:]
        self.assertEqual([row.split(" | ")[:2] for row in rows],
                         [["| `f32`", "16.00"], ["| `split`", "14.00"], ["| `bf16`", "8.00"]])

    def test_what_is_missing_is_said(self):
        self.train_all("bf16")
        done = self.plot()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^plot_storage.py: .*no f32[^\n]*\n$")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    test_train.BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
