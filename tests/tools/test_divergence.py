#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests what descend-train does where a loss is not finite: test_divergence.py BINARY [unittest's arguments]."""

import csv
import os
import sys
import unittest

import test_train
from descend import safetensors
from test_train import Case


class Divergence(Case):
    def setUp(self):
        super().setUp()
        self.write()

    def diverged(self, *arguments):
        """A run in which a training diverges: its output and its CSV's rows."""
        table = self.directory / "run.csv"
        done = self.run_train("--data", self.directory, "--csv", table, *arguments)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^descend-train: \w+: diverged: the loss is (-?nan|inf) at epoch \d+, step \d+, "
                                      r"with lr 1e\+30\n$")
        return done.stdout, list(csv.DictReader(table.read_text().splitlines()))

    def test_diverged_training_ends_and_says_so(self):
        """The checkpoint is the one from before the first step, also where the last step is the one that diverges."""
        saved, fresh = self.directory / "saved", self.directory / "fresh"
        self.train("--optimizer", "sgd", "--lr", "1e-30", "--steps", 1, "--save", fresh)  # no weight moves
        for more in (("--epochs", 3), ("--steps", 2)):
            output, rows = self.diverged("--optimizer", "sgd", "--lr", "1e30", "--save", saved, *more)
            self.assertRegex(output, r"(?m)^sgd +1e\+30  diverged at step 2$")
            self.assertEqual([row["step"] for row in rows], ["1", "2"])
            self.assertRegex(rows[-1]["train_loss"], "nan|inf")
            self.assertEqual(rows[-1]["test_accuracy"], "")
            data = [safetensors.read(path)[0]["hidden.weight"].tobytes() for path in (saved, fresh)]
            self.assertEqual(data[0], data[1])

    def test_the_others_go_on(self):
        # Adam's steps of this length overflow; Rprop begins with steps of its lr, but these are at most 50.
        output, rows = self.diverged("--optimizer", "adam,rprop", "--lr", "1e30", "--epochs", 2)
        self.assertEqual([row["optimizer"] for row in rows], ["adam"] * 2 + ["rprop"] * 6)
        self.assertRegex(output, r"(?m)^adam +1e\+30  diverged at step 2\nrprop +1e\+30 +\d")

    def test_diverged_beside_skipped_steps(self):
        """The skipped steps are trained to the end, where the loss decides."""
        output, rows = self.diverged("--optimizer", "sgd", "--lr", "1e30", "--clip", 1, "--epochs", 2)
        self.assertEqual(len(rows), 6)
        self.assertRegex(output, r"(?m)^sgd +1e\+30  diverged at step 6$")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    test_train.BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
