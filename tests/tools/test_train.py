#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests descend-train from outside: test_train.py BINARY [unittest's arguments].

The test on Fashion-MNIST itself trains with seed 1; TRAIN_SEEDS=1,2,3,4,5 in the environment tries more.
"""

import csv
import gzip
import os
import pty
import random
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import reference_network

BINARY = None
PLOT = Path(__file__).resolve().parents[2] / "tools/plots/plot_training.py"
FASHION = Path("/usr/share/datasets/fashion-mnist")
NAMES = ["sgd", "momentum", "rmsprop", "adam", "adamw"]
SIDE = 6
TRAIN_COUNT, TEST_COUNT = 300, 611  # no multiples of the batches used, in training as in testing


def images_file(images, rows=SIDE, columns=SIDE, count=None, magic=0x803):
    return struct.pack(">4I", magic, len(images) if count is None else count, rows, columns) + b"".join(images)


def labels_file(labels, count=None, magic=0x801):
    return struct.pack(">2I", magic, len(labels) if count is None else count) + bytes(labels)


def make_images(count, seed):
    """Noise, and for each class a bright pixel of its own."""
    source = random.Random(seed)
    labels = [source.randrange(10) for _ in range(count)]
    images = []
    for label in labels:
        image = bytearray(source.randrange(100) for _ in range(SIDE * SIDE))
        image[3 * label] = 255
        images.append(bytes(image))
    return images, labels


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.train_images, self.train_labels = make_images(TRAIN_COUNT, 1)
        self.test_images, self.test_labels = make_images(TEST_COUNT, 2)
        self.files = {"train-images-idx3-ubyte": images_file(self.train_images),
                      "train-labels-idx1-ubyte": labels_file(self.train_labels),
                      "t10k-images-idx3-ubyte": images_file(self.test_images),
                      "t10k-labels-idx1-ubyte": labels_file(self.test_labels)}

    def write(self, pack=gzip.compress):
        """The data set, gzipped or (pack=bytes) not; returns its directory."""
        for name, content in self.files.items():
            (self.directory / (name + (".gz" if pack is gzip.compress else ""))).write_bytes(pack(content))
        return self.directory

    def run_train(self, *arguments, **more):
        return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, check=False, **more)

    def train(self, *arguments):
        """A run that must end well: its output and its CSV's text."""
        table = self.directory / "run.csv"
        done = self.run_train("--data", self.directory, "--csv", table, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout, table.read_text()

    def assert_refused(self, done, *fragments):
        self.assertGreater(done.returncode, 0, f"not refused, or crashed: {done}")
        self.assertLess(done.returncode, 3, f"no exit of the tool's own: {done}")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], r"^\S*descend-train: \S")
        for fragment in fragments:
            self.assertIn(fragment, lines[0])


class Training(Case):
    def test_every_optimizer_learns(self):
        self.write()
        output, text = self.train("--epochs", 30, "--batch", 32, "--hidden", 32)
        rows = list(csv.DictReader(text.splitlines()))
        self.assertEqual(text.splitlines()[0], "optimizer,epoch,step,train_loss,test_accuracy")
        self.assertEqual(list(dict.fromkeys(row["optimizer"] for row in rows)), NAMES)
        for name in NAMES:
            run = [row for row in rows if row["optimizer"] == name]
            self.assertEqual([int(row["step"]) for row in run], list(range(1, 301)))
            self.assertEqual([int(row["epoch"]) for row in run], [1 + i // 10 for i in range(300)])
            self.assertTrue(all((row["test_accuracy"] != "") == (i % 10 == 9) for i, row in enumerate(run)))
            self.assertLess(float(run[-1]["train_loss"]), 0.5 * float(run[0]["train_loss"]), name)
            self.assertGreater(float(run[-1]["test_accuracy"]), 0.6, name)
            self.assertEqual(run[0]["train_loss"], rows[0]["train_loss"], "other weights or another batch to start")
            self.assertRegex(output, rf"(?m)^{name} +\S+ +\d\.\d+ +\d+\.\d\d % +\d+\.\d us +\d+\.\d +\d+\.\d % +\d+\.\d\d$")

    def test_as_the_reference_network(self):
        """Weights, order, forward, backward and the partial batch, against plain Python in double."""
        self.write()
        _, text = self.train("--optimizer", "sgd", "--lr", 0.5, "--epochs", 3, "--batch", 64, "--hidden", 7,
                             "--seed", 12345)
        losses = [float(row["train_loss"]) for row in csv.DictReader(text.splitlines())]
        pixels = [[pixel / 255 for pixel in image] for image in self.train_images]
        expected = reference_network.sgd_losses(pixels, self.train_labels, hidden=7, seed=12345, lr=0.5, batch=64,
                                                epochs=3)
        self.assertEqual(len(losses), len(expected))
        # float32 rounds at 6e-8 relative; some 40 additions a sum and 15 steps leave well under 1e-5.
        for step, (loss, right) in enumerate(zip(losses, expected), 1):
            self.assertAlmostEqual(loss, right, delta=1e-5, msg=f"step {step}")

    def test_same_seed_same_run_on_any_threads(self):
        self.write()
        # 48138 parameters: more than descend keeps on one thread, and enough blocks for 8.
        common = ("--epochs", 2, "--batch", 100, "--hidden", 1024)
        runs = {threads: self.train(*common, "--threads", threads)[1] for threads in (1, 2, 8, 0)}
        for threads, text in runs.items():
            self.assertEqual(text, runs[1], f"{threads} threads")
        self.assertEqual(self.train(*common)[1], runs[1], "run again")
        self.assertNotEqual(self.train(*common, "--seed", 2)[1], runs[1])

    def test_order_of_optimizers_is_the_command_line_s_and_changes_none(self):
        self.write()
        both = self.train("--optimizer", "adam,sgd", "--epochs", 2)[1].splitlines()
        alone = self.train("--optimizer", "sgd", "--epochs", 2)[1].splitlines()
        self.assertTrue(both[1].startswith("adam,"))
        self.assertEqual([line for line in both if line.startswith("sgd,")], alone[1:])

    def test_plain_files_are_as_gzipped_ones(self):
        packed = self.write() and self.train("--epochs", 2)[1]
        for file in self.directory.glob("*.gz"):
            file.unlink()
        self.write(pack=bytes)
        self.assertEqual(self.train("--epochs", 2)[1], packed)

    def test_batch_beyond_the_data_set(self):
        self.write()
        text = self.train("--optimizer", "sgd", "--epochs", 2, "--batch", 1000000)[1]
        self.assertEqual(len(text.splitlines()), 1 + 2)

    def test_progress_line_on_a_terminal_only(self):
        self.write()
        arguments = [BINARY, "--data", str(self.directory), "--optimizer", "sgd,adam", "--epochs", "3"]
        ours, theirs = pty.openpty()
        # The output is a few hundred bytes: the terminal holds them until they are read.
        done = subprocess.run(arguments, stdout=theirs, stderr=theirs, check=False)
        os.close(theirs)
        shown = os.read(ours, 65536)
        os.close(ours)
        self.assertEqual(done.returncode, 0)
        drawn = [line for line in shown.split(b"\r\n") if b"epoch" in line]
        self.assertEqual(len(drawn), 2, shown)  # one an optimizer, redrawn in place
        self.assertTrue(all(line.startswith(b"\r\x1b[K") for line in drawn), shown)
        plain = subprocess.run(arguments, capture_output=True, check=True).stdout
        self.assertEqual(sum(b"epoch" in line for line in plain.split(b"\n")), 6, plain)
        self.assertNotRegex(plain, rb"[\r\x1b]")


class Data(Case):
    def refused(self, *fragments, pack=gzip.compress):
        self.write(pack)
        self.assert_refused(self.run_train("--data", self.directory), *fragments)

    def test_missing(self):
        self.write()
        for name in self.files:
            file = self.directory / (name + ".gz")
            content = file.read_bytes()
            file.unlink()
            self.assert_refused(self.run_train("--data", self.directory), name, "dataset-fashion-mnist")
            file.write_bytes(content)
        self.assert_refused(self.run_train("--data", self.directory / "none"), "dataset-fashion-mnist")
        self.assert_refused(self.run_train("--data", "x" * 5000), "path too long")

    def test_directory_in_place_of_a_file(self):
        (self.directory / "train-images-idx3-ubyte").mkdir()
        self.assert_refused(self.run_train("--data", self.directory), "directory")

    def test_truncated(self):
        for name, whole in self.files.items():
            header = 16 if "images" in name else 8
            for length in (0, 3, header - 1, header, len(whole) - 1):
                for pack in (gzip.compress, bytes):
                    with self.subTest(name=name, length=length, pack=pack):
                        for file in self.directory.iterdir():
                            file.unlink()
                        self.files[name] = whole[:length]
                        self.refused(name, "truncated", pack=pack)
            self.files[name] = whole

    def test_broken_gzip(self):
        self.write()
        for name in self.files:
            file = self.directory / (name + ".gz")
            good = file.read_bytes()
            for what, broken in {"cut": good[:-20], "cut in the checksum": good[:-3], "no data": good[:10],
                                 "checksum": good[:-8] + bytes([good[-8] ^ 1]) + good[-7:]}.items():
                with self.subTest(name=name, what=what):
                    file.write_bytes(broken)
                    self.assert_refused(self.run_train("--data", self.directory), name)
            file.write_bytes(good)

    def test_trailing(self):
        for name, whole in self.files.items():
            with self.subTest(name=name):
                self.files[name] = whole + b"\0"
                self.refused(name, "more data")
            self.files[name] = whole

    def test_magic(self):
        for name, whole in self.files.items():
            for magic in (0, 0x800, 0xD03, 0x801 if "images" in name else 0x803, 0x03080000, 0x1F8B0803):
                with self.subTest(name=name, magic=hex(magic)):
                    self.files[name] = struct.pack(">I", magic) + whole[4:]
                    self.refused(name, "magic")
            self.files[name] = whole

    def test_counts_differ(self):
        for name, labels in (("train-labels-idx1-ubyte", self.train_labels),
                             ("t10k-labels-idx1-ubyte", self.test_labels)):
            for count in (0, 1, len(labels) - 1, len(labels) + 1):
                with self.subTest(name=name, count=count):
                    self.files[name] = labels_file((labels + [0])[:count])
                    self.refused(name, f"{count} labels for {len(labels)} images")
            self.files[name] = labels_file(labels)

    def test_huge_dimensions(self):
        top = 2**32 - 1
        for name in ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte"):
            whole = self.files[name]
            # rows * columns, and count * rows * columns, that are small or 0 modulo 2^32 and 2^64
            for sizes in ((top, top, top), (1, top, top), (2**31, 2**16, 2**17), (300, 2**31, 2**31), (1, 2**16, 2**16),
                          (1, 1, 65537), (0, SIDE, SIDE), (300, 0, SIDE), (300, SIDE, 0)):
                with self.subTest(name=name, sizes=sizes):
                    self.files[name] = struct.pack(">4I", 0x803, *sizes) + whole[16:]
                    self.refused(name, "pixels")
            # Allowed sizes, 2^48 bytes of them announced: only what is there may be allocated, so this is no
            # "out of memory".
            self.files[name] = struct.pack(">4I", 0x803, top, 256, 256) + whole[16:]
            self.refused(name, "truncated")
            self.files[name] = whole
        self.files["train-labels-idx1-ubyte"] = labels_file(self.train_labels, count=top)
        self.refused("train-labels-idx1-ubyte", "labels for")

    def test_label_out_of_range(self):
        for name, labels in (("train-labels-idx1-ubyte", self.train_labels),
                             ("t10k-labels-idx1-ubyte", self.test_labels)):
            for label in (10, 255):
                self.files[name] = labels_file(labels[:-1] + [label])
                self.refused(name, f"label {label} at index {len(labels) - 1}")
            self.files[name] = labels_file(labels)

    def test_test_images_of_other_sizes(self):
        self.files["t10k-images-idx3-ubyte"] = images_file(self.test_images, rows=4, columns=9)
        self.refused("6 x 6", "4 x 9")


class Options(Case):
    def test_help(self):
        done = self.run_train("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for option in ("optimizer", "epochs", "steps", "batch", "hidden", "lr", "schedule", "warmup", "clip",
                       "storage", "bf16-copy", "seed", "threads", "data", "csv", "init", "save", "resume"):
            self.assertRegex(done.stdout, f"(?m)^  --{option}(=| )")
        for name in NAMES:
            self.assertRegex(done.stdout, rf"(?m)^  {name} +[\d.]+")

    def test_wrong(self):
        self.write()
        whole = ("", " ", "x", "0x10", "1.5", "1e3", "5x", " 5", "+5", "-1", "nan", "18446744073709551617", "9" * 40)
        wrong = {"--optimizer": ("", "adams", "Adam", "sgd,", ",sgd", "sgd,,adam", "sgd,sgd", "sgd,all", "sgd adam"),
                 "--epochs": (*whole, "0", "100001"), "--batch": (*whole, "0", "4294967296"),
                 "--hidden": (*whole, "0", "4294967297"), "--threads": (*whole, "4294967296"),
                 "--seed": whole, "--steps": (*whole, "0"), "--warmup": (*whole, "1000000001"),
                 "--schedule": ("", "Cosine", "cos", "linear "), "--storage": ("", "F32", "bf16 ", "split,bf16"), "--clip": ("", "x", "0", "-1", "nan", "inf", "1e999"),
                 "--lr": ("", "x", "0", "-1", "nan", "inf", "-inf", "1e999", "1e-999", "0.1x", " 1", "1e300")}
        for option, values in wrong.items():
            for value in values:
                with self.subTest(option=option, value=value):
                    self.assert_refused(self.run_train("--data", self.directory, f"{option}={value}"))
        for arguments in (["--none"], ["--s=1"], ["--epochs"], ["-x"], ["extra"], ["--help=1"], ["--", "extra"],
                          ["--bf16-copy=1"], ["--save", "x"], ["--resume", "x", "--optimizer", "sgd,adam"],
                          ["--storage", "split", "--bf16-copy"]):
            with self.subTest(arguments=arguments):
                self.assert_refused(self.run_train("--data", self.directory, *arguments))

    def test_names_that_exist(self):
        for option, names in (("--optimizer", (*NAMES, "lamb", "rmsprop_tf")), ("--storage", ("f32", "split-8bit"))):
            done = self.run_train(f"{option}=foo")
            self.assertEqual(done.returncode, 2)
            for name in names:
                self.assertRegex(done.stderr, rf"[ ,]{name}[ ,]")

    def test_limits(self):
        self.write()
        for seed in (0, 2**64 - 1):
            self.train("--epochs", 1, "--optimizer", "sgd", "--hidden", 1, "--batch", 1, "--seed", seed)

    def test_what_the_library_refuses_is_said_before_any_work(self):
        nowhere = self.directory / "none"
        wrong = {**os.environ, "DESCEND_ISA": "none"}
        self.assert_refused(self.run_train("--data", nowhere, env=wrong), "DESCEND_ISA")
        self.assert_refused(self.run_train("--data", nowhere, "--lr", "1e300"), "sgd")

    def test_closed_output_does_not_go_into_the_csv(self):
        self.write()
        table = self.directory / "closed.csv"
        self.assert_refused(self.run_train("--data", self.directory, "--csv", table, preexec_fn=lambda: os.close(1)))
        self.assertEqual(table.read_text(), self.train()[1])

    def test_csv_that_cannot_be_written(self):
        self.write()
        # One epoch's rows fit stdio's buffer, 50 epochs' do not: the error shows at a flush, or in between.
        for epochs in (1, 50):
            done = self.run_train("--data", self.directory, "--csv", "/dev/full", "--epochs", epochs, "--batch", 1)
            self.assert_refused(done, "/dev/full", "No space left")
            self.assertNotIn("update/step", done.stdout)
        self.assert_refused(self.run_train("--data", self.directory, "--csv", self.directory), "directory")
        self.assert_refused(self.run_train("--data", self.directory, "--csv", self.directory / "a/b"), "a/b")

    def test_stdout_that_cannot_be_written(self):
        self.write()
        for arguments in (["--help"], ["--data", str(self.directory), "--epochs", "1"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([BINARY, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
            self.assert_refused(done, "standard output")


class PlotCase(Case):
    """Tests of a script that draws; skipped where the python3 that runs it has no matplotlib."""

    def setUp(self):
        super().setUp()
        find = "import importlib.util, sys; sys.exit(importlib.util.find_spec('matplotlib') is None)"
        if subprocess.run(["/usr/bin/python3", "-c", find], check=False).returncode:
            self.skipTest("no python3-matplotlib")


class Plot(PlotCase):
    def plot(self, table, picture, *options):
        return subprocess.run(["/usr/bin/python3", PLOT, *options, table, picture], capture_output=True, text=True,
                              check=False)

    def test_picture(self):
        self.write()
        for arguments in (["--epochs", 3, "--batch", 8], ["--epochs", 1, "--batch", 1000],
                          ["--optimizer", "sgd", "--lr", "1e30"], ["--optimizer", "all", "--epochs", 2]):
            self.run_train("--data", self.directory, "--csv", self.directory / "run.csv", *arguments)
            for options in ([], ["--panels"]):
                picture = self.directory / "picture"
                picture.unlink(missing_ok=True)
                done = self.plot(self.directory / "run.csv", picture, *options)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(picture.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_wrong_csv(self):
        header = "optimizer,epoch,step,train_loss,test_accuracy\n"
        for name, content in {"empty": "", "header": header, "other": "a,b\n1,2\n", "cut": header + "sgd,1\n",
                              "words": header + "sgd,1,one,0.5,\n"}.items():
            with self.subTest(name=name):
                table = self.directory / name
                table.write_text(content)
                self.assert_line(self.plot(table, self.directory / "picture"), table)
        self.assert_line(self.plot(self.directory / "none", self.directory / "picture"), "No such file")

    def test_picture_that_cannot_be_written(self):
        self.write()
        self.train("--epochs", 1)
        self.assert_line(self.plot(self.directory / "run.csv", self.directory / "none/picture"), "No such file")
        self.assert_line(self.plot(self.directory / "run.csv", "/dev/full"), "No space left")

    def assert_line(self, done, fragment):
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^plot_training.py: [^\n]*\n$")
        self.assertIn(str(fragment), done.stderr)


class FashionMnist(Case):
    def test_adam_reaches_86_percent(self):
        if not (FASHION / "train-images-idx3-ubyte.gz").exists():
            self.skipTest("Debian's dataset-fashion-mnist is not installed")
        for seed in os.environ.get("TRAIN_SEEDS", "1").split(","):
            table = self.directory / "fashion.csv"
            done = self.run_train("--optimizer", "adam", "--seed", seed, "--csv", table)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            rows = list(csv.DictReader(table.read_text().splitlines()))
            self.assertEqual(len(rows), 2345)  # the partial batch of each epoch is trained with
            self.assertGreaterEqual(float(rows[-1]["test_accuracy"]), 0.86, f"seed {seed}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
