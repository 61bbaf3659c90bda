#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests descend-train across processes: test_mpi.py BINARY ALONE MPIRUN [unittest's arguments].

ALONE is the same program built without MPI."""

import os
import re
import subprocess
import sys
import unittest

import test_train
from descend.safetensors import read
from test_train import SIDE, Case, images_file

ALONE = MPIRUN = None
SMALL = ("--epochs", 2, "--batch", 64, "--hidden", 7, "--threads", 1)  # 5 steps an epoch, the last of 44 images
WAYS = {"lamb": (), "nadam": ("--clip", 0.5), "adam": ("--clip", 0.5, "--schedule", "cosine", "--warmup", 3),
        "momentum": ("--schedule", "linear", "--seed", 7)}


class Ranks(Case):
    def setUp(self):
        super().setUp()
        self.write()
        self.saved = self.directory / "run.ckpt"

    def mpirun(self, *command):
        return subprocess.run([MPIRUN, *map(str, command)], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)

    def run_ranks(self, ranks, *arguments):
        return self.mpirun("-n", ranks, test_train.BINARY, "--data", self.directory, *arguments)

    def results(self, done, table, saved, diverges):
        """What a run leaves: the table without its times, the CSV, the checkpoint."""
        self.assertEqual(done.returncode, int(diverges), done.stderr)
        said = re.findall(r"(?m)^descend-train: \w+: diverged: ", done.stderr)
        self.assertEqual(len(said), int(diverges), done.stderr)
        rows = re.findall(r"(?m)^(\w+ +\S+ +(?:\S+ +\d+\.\d\d %(?= )|diverged at step \d+))", done.stdout)
        self.assertGreater(len(rows), 0, done.stdout)
        return rows, table.read_bytes(), saved.read_bytes() if saved else None

    def go(self, ranks, *arguments, saves=True, diverges=False):
        """A run that must end well, on so many ranks; 0: without MPI."""
        table = self.directory / "run.csv"
        arguments = (*SMALL, "--csv", table, *(("--save", self.saved) if saves else ()), *arguments)
        done = (self.run_ranks(ranks, *arguments) if ranks > 0 else
                subprocess.run([ALONE, "--data", self.directory, *map(str, arguments)], capture_output=True, text=True,
                               check=False))
        return self.results(done, table, self.saved if saves else None, diverges)

    def assert_same_everywhere(self, *arguments, ranks=(2, 4), **more):
        one = self.go(1, *arguments, **more)
        for count in ranks:
            self.assertEqual(self.go(count, *arguments, **more), one, f"{count} ranks, {arguments}")
        return one

    def test_every_optimizer(self):
        rows, _, _ = self.assert_same_everywhere("--optimizer", "all", "--micro-batches", 8, "--epochs", 1, saves=False)
        self.assertGreater(len(rows), 15)

    def test_files_are_the_same_on_any_number_of_ranks(self):
        for name, arguments in WAYS.items():
            with self.subTest(name=name):
                self.assert_same_everywhere("--optimizer", name, "--micro-batches", 8, *arguments)

    def test_micro_batches_decide(self):
        """Not the number of ranks; one micro-batch for each is the default."""
        four = self.go(1, "--optimizer", "adam", "--micro-batches", 4)
        self.assertEqual(self.go(4, "--optimizer", "adam"), four)
        self.assertNotEqual(self.go(1, "--optimizer", "adam", "--micro-batches", 2), four)

    def test_one_micro_batch_is_the_program_without_mpi(self):
        for arguments in (("--optimizer", "adam", "--clip", 0.5), ("--optimizer", "adamw", "--storage", "split-8bit"),
                          ("--optimizer", "lamb", "--bf16-copy")):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.go(1, *arguments), self.go(0, *arguments))

    def test_batches_of_fewer_images_than_micro_batches(self):
        self.assert_same_everywhere("--optimizer", "adam", "--micro-batches", 8, "--batch", 6, "--steps", 9, ranks=(4,))

    def test_resume_on_fewer_ranks(self):
        arguments = ("--optimizer", "nadam", "--micro-batches", 8, *WAYS["adam"])
        rows, table, whole = self.go(1, *arguments)
        _, before, _ = self.go(4, *arguments, "--steps", 4)
        stopped = self.saved.read_bytes()
        for ranks in (1, 2):
            self.saved.write_bytes(stopped)
            rows_after, after, saved = self.go(ranks, *arguments, "--resume", self.saved)
            self.assertEqual((rows_after, before + after.split(b"\n", 1)[1], saved), (rows, table, whole))

    def test_steps_that_were_skipped(self):
        """Only some images overflow, so mostly the gradients of one rank."""
        bright = [bytes(SIDE * SIDE * [255]) if i % 20 == 0 else bytes(pixel // 100 for pixel in image)
                  for i, image in enumerate(self.train_images)]
        self.files["train-images-idx3-ubyte"] = images_file(bright)
        self.write()
        self.assert_same_everywhere("--optimizer", "momentum", "--lr", "3e19", "--clip", 1, "--batch", 5, "--hidden", 32,
                                    "--micro-batches", 4, diverges=True)
        steps = read(self.saved)[1]
        self.assertEqual(int(steps["step.batches"]), 120)
        self.assertLess(int(steps["step.hidden.bias"]), 115)

    def test_diverged(self):
        """All ranks end with the same step, and one says so."""
        rows, _, _ = self.assert_same_everywhere("--optimizer", "sgd", "--lr", "1e30", "--micro-batches", 4,
                                                 diverges=True)
        self.assertRegex(rows[0], r"sgd +1e\+30 +diverged at step 2")

    def assert_one_line(self, done, *fragments):
        self.assertGreater(done.returncode, 0)
        self.assertNotIn("epoch", done.stdout)
        lines = [line for line in done.stderr.splitlines() if line.startswith("descend-train:")]
        self.assertEqual(len(lines), 1, done.stderr)
        for fragment in fragments:
            self.assertIn(fragment, lines[0])

    def test_refusals(self):
        for ranks, arguments, words in (
                (3, (), "--micro-batches 3 on 3 processes"), (2, ("--micro-batches", 6), "powers of two"),
                (4, ("--micro-batches", 2), "one for each process"), (2, ("--storage", "bf16"), "--storage bf16"),
                (2, ("--bf16-copy",), "--bf16-copy"), (2, ("--csv", self.directory / "no/csv"), "no/csv"),
                (2, ("--save", self.directory / "no/ckpt"), "no/ckpt"), (2, ("--resume", self.saved), "No such file"),
                (2, ("--init", self.saved), "No such file"), (2, ("--data", self.directory / "no"), "no train-images")):
            with self.subTest(ranks=ranks, arguments=arguments):
                self.assert_one_line(self.run_ranks(ranks, *SMALL, "--optimizer", "adam", *arguments),
                                     words)
        done = subprocess.run([ALONE, "--micro-batches", "2"], capture_output=True, text=True, check=False)
        self.assert_refused(done, "without MPI")

    def test_resume_with_other_micro_batches(self):
        self.go(1, "--optimizer", "adam", "--steps", 3)
        self.assert_one_line(self.run_ranks(2, *SMALL, "--optimizer", "adam", "--resume", self.saved),
                             "another batch than 64 in 2 micro-batches")

    def test_one_rank_is_refused(self):
        """All end, and its complaint is heard."""
        command = ("-n", 1, test_train.BINARY, "--data", self.directory)
        self.assert_one_line(self.mpirun(*command, ":", *command, "--optimizer", "none"), "'none'",
                             "(see descend-train --help)")
        self.assert_one_line(self.mpirun(*command, *SMALL, ":", *command, *SMALL, "--lr", 0.5), "different arguments")
        self.assert_one_line(self.mpirun(*command, *SMALL, ":", *command, *SMALL, "--init", self.saved), "No such file")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    test_train.BINARY, ALONE, MPIRUN = (os.path.abspath(sys.argv.pop(1)) for _ in range(3))
    unittest.main(verbosity=2)
