#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests descend-train's checkpoints, and what else its steps do: test_resume.py BINARY [unittest's arguments]."""

import csv
import math
import os
import re
import resource
import struct
import sys
import unittest
from pathlib import Path

import reference_network
import test_train
from descend.safetensors import read
from test_train import FASHION, NAMES, SIDE, Case, images_file, labels_file

SMALL = ("--epochs", 2, "--batch", 64, "--hidden", 7)  # 5 steps an epoch
ALL_STEPS = 10
# What changes the bits of a run, and what does not.
WAYS = {"plain": (), "all": ("--clip", 0.5, "--schedule", "cosine", "--warmup", 3, "--bf16-copy"),
        "linear": ("--schedule", "linear", "--seed", 7),
        "split": ("--storage", "split-8bit", "--clip", 0.5), "bf16": ("--storage", "bf16", "--seed", 7)}


def bfloat16(value):
    """To nearest, ties to even."""
    (bits,) = struct.unpack("<I", struct.pack("<f", value))
    bits = bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


class Checkpoints(Case):
    def setUp(self):
        super().setUp()
        self.write()
        self.file = self.directory / "run.ckpt"

    def run_one(self, *arguments, data=None, **more):
        return self.run_train("--data", data or self.directory, "--optimizer", "adam", *arguments, **more)

    def go(self, file, *arguments, diverges=False, **more):
        """A run that must end well, or with a loss that is not finite: its output, and its CSV's rows. It leaves a
        checkpoint."""
        table = self.directory / "run.csv"
        done = self.run_one("--save", file, "--csv", table, *arguments, **more)
        self.assertEqual(done.returncode, int(diverges), done.stderr)
        self.assertRegex(done.stderr, r"\A[^\n]*: diverged: [^\n]*\n\Z" if diverges else r"\A\Z")
        return done.stdout, table.read_text().splitlines()[1:]

    def assert_same(self, stop, arguments, first=None, then=None, diverges=False):
        """A run that stops and goes on, in other circumstances, against one that does not stop."""
        _, rows = self.go(self.directory / "whole.ckpt", *arguments, diverges=diverges)
        _, before = self.go(self.file, *arguments, "--steps", stop, diverges=diverges, **(first or {}))
        output, after = self.go(self.file, *arguments, "--resume", self.file, diverges=diverges, **(then or {}))
        self.assertIn(f"goes on after step {stop}\n", output)
        self.assertEqual(len(before), stop)
        self.assertEqual(before + after, rows)
        self.assertEqual(self.file.read_bytes(), (self.directory / "whole.ckpt").read_bytes())


class Resume(Checkpoints):
    def test_as_if_it_had_never_stopped(self):
        for name in NAMES:
            for way, arguments in WAYS.items():
                for stop in (1, 4, 5, 7):
                    with self.subTest(name=name, way=way, stop=stop):
                        self.assert_same(stop, (*SMALL, "--optimizer", name, *arguments))

    def test_on_other_variants_and_threads(self):
        # 48138 parameters: more than descend keeps on one thread.
        arguments = ("--epochs", 2, "--batch", 100, "--hidden", 1024, *WAYS["all"])
        variants = []
        for isa in ("scalar", "avx2", "avx512", "neon"):
            there = {**os.environ, "DESCEND_ISA": isa}
            if self.run_one(*SMALL, "--steps", 1, env=there).returncode == 0:
                variants.append(there)
        self.assertIn("scalar", [there["DESCEND_ISA"] for there in variants])
        for i, there in enumerate(variants):
            self.assert_same(4, (*arguments, "--threads", 1 + i % 2), {"env": there}, {"env": variants[i - 1]})
        self.go(self.directory / "one.ckpt", *arguments, "--threads", 1)
        self.go(self.file, *arguments, "--threads", 1, "--steps", 4)
        self.go(self.file, *arguments, "--threads", 2, "--resume", self.file)
        self.assertEqual(self.file.read_bytes(), (self.directory / "one.ckpt").read_bytes())

    def test_over_and_over(self):
        _, rows = self.go(self.directory / "whole.ckpt", *SMALL, "--batch", 32)
        done = []
        for stop in (3, 4, 13, 99):
            resume = ("--resume", self.file) if done else ()
            done += self.go(self.file, *SMALL, "--batch", 32, "--steps", stop, *resume)[1]
        self.assertEqual(done, rows)
        self.assertEqual(self.file.read_bytes(), (self.directory / "whole.ckpt").read_bytes())

    def test_more_epochs(self):
        _, rows = self.go(self.directory / "whole.ckpt", *SMALL, "--epochs", 3, "--warmup", 7)
        _, before = self.go(self.file, *SMALL, "--epochs", 1, "--warmup", 7)
        _, after = self.go(self.file, *SMALL, "--epochs", 3, "--warmup", 7, "--resume", self.file)
        self.assertEqual(before + after, rows)
        self.assertEqual(self.file.read_bytes(), (self.directory / "whole.ckpt").read_bytes())

    def test_steps_that_were_skipped(self):
        """They are in the batch order, but not in the optimizer's count."""
        bright = [bytes(SIDE * SIDE * [255]) if i % 20 == 0 else bytes(pixel // 100 for pixel in image)
                  for i, image in enumerate(self.train_images)]
        self.files["train-images-idx3-ubyte"] = images_file(bright)
        self.write()
        # The scores of bright images overflow, those of the others do not by a factor of 100.
        arguments = ("--optimizer", "momentum", "--lr", "3e19", "--clip", 1, "--epochs", 2, "--batch", 5,
                     "--hidden", 32)
        output, rows = self.go(self.file, *arguments, diverges=True)
        lost = [int(row["step"]) for row in csv.DictReader(["optimizer,epoch,step,loss,accuracy", *rows])
                if not math.isfinite(float(row["loss"]))]
        self.assertTrue(5 < len(lost) < 60, lost)
        self.assertIn(f"momentum: {len(lost)} steps skipped", output)
        strings = read(self.file)[1]
        self.assertEqual(int(strings["step.batches"]), 120)
        self.assertEqual(int(strings["step.hidden.bias"]), 120 - len(lost))
        for stop in (lost[0] - 1, lost[0], lost[0] + 1, lost[-1]):
            self.assert_same(stop, arguments, diverges=True)
        self.assertIn(f"momentum: {len(lost)} steps skipped", self.go(self.file, *arguments, diverges=True)[0])

    def test_checkpoint_of_the_beginning(self):
        """It is written before the first step."""
        done = self.run_one(*SMALL, "--epochs", 20, "--save", self.file, "--csv", "/dev/full")
        self.assert_refused(done, "/dev/full")
        self.assertEqual(read(self.file)[1]["step.batches"], "0")
        self.go(self.file, *SMALL, "--resume", self.file)
        self.go(self.directory / "whole.ckpt", *SMALL)
        self.assertEqual(self.file.read_bytes(), (self.directory / "whole.ckpt").read_bytes())

    def test_fashion_mnist(self):
        if not (FASHION / "train-images-idx3-ubyte.gz").exists():
            self.skipTest("Debian's dataset-fashion-mnist is not installed")
        self.assert_same(200, ("--data", FASHION, "--epochs", 1, "--hidden", 16))


class Refusals(Checkpoints):
    def assert_left_alone(self, done, *fragments):
        """Refused, and no file written."""
        self.assert_refused(done, *fragments)
        self.assertNotIn("epoch", done.stdout)
        for name in ("new.ckpt", "new.csv"):
            self.assertFalse((self.directory / name).exists(), name)

    def test_files_that_are_there_keep_their_content(self):
        table = self.directory / "run.csv"
        self.go(self.file, *SMALL)
        before = table.read_bytes(), self.file.read_bytes()
        for csv_file, checkpoint in ((table, self.directory / "none/new"), (self.directory / "none/new", self.file)):
            with self.subTest(csv=csv_file):
                self.assert_refused(self.run_one(*SMALL, "--csv", csv_file, "--save", checkpoint), "none/new")
                self.assertEqual((table.read_bytes(), self.file.read_bytes()), before)

    def resume(self, file, *arguments, **more):
        return self.run_one(*SMALL, "--resume", file, "--save", self.directory / "new.ckpt", "--csv",
                            self.directory / "new.csv", *arguments, **more)

    def test_what_must_be_the_same(self):
        self.go(self.file, *SMALL, *WAYS["all"], "--steps", 3)
        for option, value, words in (("seed", 2, "another seed than 2"), ("batch", 32, "another batch than 32"),
                                     ("hidden", 8, "another hidden than 8"), ("lr", 0.1, "another lr than 0.1"),
                                     ("clip", 0.25, "another clip than 0.25"), ("warmup", 0, "another warmup than 0"),
                                     ("schedule", "constant", "another schedule than constant"),
                                     ("epochs", 3, "another schedule than cosine over 3 epochs"),
                                     ("storage", "bf16-grads", "another storage than bf16-grads"),
                                     ("optimizer", "adamw", "optimizer")):
            with self.subTest(option=option):
                done = self.resume(self.file, *WAYS["all"], f"--{option}", value)
                self.assert_left_alone(done, str(self.file), words)

    def test_sgd_is_not_momentum(self):
        self.go(self.file, *SMALL, "--optimizer", "sgd", "--lr", 0.05, "--steps", 3)
        done = self.resume(self.file, "--optimizer", "momentum")
        self.assert_left_alone(done, "another optimizer than momentum")

    def test_other_images(self):
        self.go(self.file, *SMALL, "--steps", 3)
        self.files["train-images-idx3-ubyte"] = images_file(self.train_images[1:])
        self.files["train-labels-idx1-ubyte"] = labels_file(self.train_labels[1:])
        self.write()
        self.assert_left_alone(self.resume(self.file), "another number of images than 299")

    def test_nothing_left(self):
        self.go(self.file, *SMALL)
        self.assert_left_alone(self.resume(self.file), "step 10", "nothing is left")
        self.assert_left_alone(self.resume(self.file, "--epochs", 9, "--steps", 10), "nothing is left")

    def test_no_checkpoint(self):
        self.assert_left_alone(self.resume(self.directory / "none"), "No such file")
        self.assert_left_alone(self.resume(self.directory), "directory")
        for content in (b"", b"1234567", struct.pack("<Q", 2) + b"{}", bytes(1000)):
            self.file.write_bytes(content)
            self.assert_left_alone(self.resume(self.file), str(self.file))

    def test_damaged(self):
        self.go(self.file, *SMALL, "--steps", 3)
        good = self.file.read_bytes()
        for at in range(0, len(good), len(good) // 50):
            with self.subTest(at=at):
                self.file.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
                self.assert_left_alone(self.resume(self.file), str(self.file))
                self.file.write_bytes(good[:at])
                self.assert_left_alone(self.resume(self.file), str(self.file))

    def test_several_optimizers(self):
        for option in ("--save", "--resume"):
            for names in ("all", "sgd,adam"):
                done = self.run_one("--optimizer", names, option, self.file)
                self.assertEqual(done.returncode, 2)
                self.assert_left_alone(done, option, "--optimizer")

    def test_file_that_cannot_be_written_is_said_before_training(self):
        for path, words in ((self.directory / "none" / "new.ckpt", "No such file"), (self.directory, "Invalid")):
            done = self.run_one(*SMALL, "--save", path)
            self.assert_left_alone(done, str(path), words)

    def test_full_disk_leaves_the_old_file(self):
        self.go(self.file, *SMALL, "--steps", 3)
        good = self.file.read_bytes()

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(good) // 2, len(good) // 2))

        # Python ignores SIGXFSZ, and so, without restore_signals, does the tool: the write fails.
        done = self.run_one(*SMALL, "--resume", self.file, "--save", self.file, preexec_fn=limit, restore_signals=False)
        self.assert_refused(done, str(self.file), "too large")
        self.assertEqual(self.file.read_bytes(), good)
        self.assertEqual([file.name for file in self.directory.glob("*.ckpt*")], ["run.ckpt"])


class Steps(Checkpoints):
    def test_stop_within_an_epoch(self):
        output, rows = self.go(self.file, *SMALL, "--steps", 7)
        self.assertEqual(len(rows), 7)
        self.assertRegex(output, r"(?m)^adam +epoch 2/2  step 7/7  loss \S+$")
        self.assertRegex(output, r"(?m)^adam +0\.001 +\d\.\d+ +\d+\.\d\d % ")
        self.assertEqual(len(self.go(self.file, *SMALL, "--steps", 1000)[1]), ALL_STEPS)

    def test_schedules(self):
        shapes = {"constant": lambda done: 1.0, "linear": lambda done: 1 - done,
                  "cosine": lambda done: (1 + math.cos(math.pi * done)) / 2}
        for name, shape in shapes.items():
            for warmup in (0, 3):
                for step in range(1, ALL_STEPS + 1):
                    with self.subTest(name=name, warmup=warmup, step=step):
                        self.go(self.file, *SMALL, "--schedule", name, "--warmup", warmup, "--steps", step)
                        lr = float.fromhex(read(self.file)[1]["group.0.lr"])
                        right = 1e-3 * shape((step - 1) / ALL_STEPS) * min(1, step / (warmup + 1))
                        # A few roundings of numbers of at most 1e-3, at 2^-53 relative each.
                        self.assertAlmostEqual(lr, right, delta=1e-3 * 8 * 2**-53)

    def weights(self, *arguments):
        self.go(self.file, *SMALL, "--optimizer", "sgd", "--lr", 1, "--steps", 1, *arguments)
        tensors = read(self.file)[0]
        return [value for name in ("hidden.weight", "hidden.bias", "output.weight", "output.bias")
                for value in tensors[name].tolist()]

    def test_clip(self):
        before = self.weights("--lr", "1e-30")  # no weight moves
        free = self.weights()
        norm = math.dist(free, before)
        self.assertEqual(self.weights("--clip", 1.01 * norm), free)
        clipped = self.weights("--clip", norm / 4)
        # Weights are below 1 and rounded at 2^-24; there are 380.
        self.assertAlmostEqual(math.dist(clipped, before), norm / 4, delta=20 * 2**-24 + 1e-5 * norm)
        for a, b, c in zip(before, free, clipped):
            self.assertAlmostEqual(c - a, (b - a) / 4, delta=2**-22 + 1e-5 * norm)
        self.assertEqual(self.weights("--clip", "1e-300"), before)

    def test_bfloat16_copy(self):
        plain, rows = self.go(self.file, *SMALL, "--lr", 0.05, "--epochs", 6)
        without = self.file.read_bytes()
        self.assertNotIn("bfloat16", plain)
        output, rows_with = self.go(self.file, *SMALL, "--lr", 0.05, "--epochs", 6, "--bf16-copy")
        self.assertEqual((rows_with, self.file.read_bytes()), (rows, without), "the copy changed the run")
        tensors = {name: [bfloat16(value) for value in values.tolist()] for name, values in read(self.file)[0].items()}
        inputs = SIDE * SIDE
        right = 0
        for image, label in zip(self.test_images, self.test_labels):
            pixels = [pixel / 255 for pixel in image]
            weights = [tensors["hidden.weight"][i * inputs:(i + 1) * inputs] for i in range(7)]
            hidden = [max(0.0, z) for z in reference_network.linear(weights, tensors["hidden.bias"], pixels)]
            weights = [tensors["output.weight"][i * 7:(i + 1) * 7] for i in range(10)]
            scores = reference_network.linear(weights, tensors["output.bias"], hidden)
            right += scores.index(max(scores)) == label
        shown = re.search(r"(?m)^adam +0\.05 +\S+ +(\d+\.\d\d) % +(\d+\.\d\d) % ", output)
        self.assertEqual(shown[2], f"{100 * right / len(self.test_images):.2f}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    test_train.BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
