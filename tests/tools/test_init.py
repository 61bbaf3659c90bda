#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests descend-train --init: test_init.py BINARY [unittest's arguments]."""

import json
import os
import struct
import sys
import unittest

import reference_network
import test_train
from descend import safetensors
from test_train import SIDE, Case

HIDDEN = 7
SEED = 12345
SMALL = ("--optimizer", "sgd", "--epochs", 2, "--batch", 64, "--hidden", HIDDEN, "--seed", SEED)
SHAPES = {"hidden.weight": [HIDDEN, SIDE * SIDE], "hidden.bias": [HIDDEN], "output.weight": [10, HIDDEN],
          "output.bias": [10]}


def seeds_own():
    """The parameters that the seed draws."""
    source = reference_network.Pcg32(SEED, 1)
    tensors = {}
    for layer, inputs, outputs in (("hidden", SIDE * SIDE, HIDDEN), ("output", HIDDEN, 10)):
        weights, biases = reference_network.draw_layer(source, inputs, outputs)
        tensors[f"{layer}.weight"] = sum(weights, [])
        tensors[f"{layer}.bias"] = biases
    return {name: (SHAPES[name], struct.pack(f"<{len(values)}f", *values)) for name, values in tensors.items()}


class Init(Case):
    def setUp(self):
        super().setUp()
        self.write()
        self.file = self.directory / "init.safetensors"
        self.tensors = seeds_own()

    def refused(self, *fragments):
        """The file must be refused, and nothing written."""
        table = self.directory / "run.csv"
        table.write_text("as it was")
        done = self.run_train("--data", self.directory, *SMALL, "--init", self.file, "--csv", table)
        self.assert_refused(done, *fragments)
        self.assertEqual(table.read_text(), "as it was")

    def test_the_seeds_own_parameters_change_nothing(self):
        expected = self.train(*SMALL)[1]
        safetensors.write(self.file, self.tensors)
        self.assertEqual(self.train(*SMALL, "--init", self.file)[1], expected)
        flat = {name: ([len(data) // 4], data) for name, (_, data) in reversed(self.tensors.items())}
        safetensors.write(self.file, {"another": ([2, 3], bytes(24)), **flat})
        self.assertEqual(self.train(*SMALL, "--init", self.file)[1], expected)

    def test_a_checkpoint_s_parameters(self):
        """From where it stands each optimizer begins, without a state and with the first batch."""
        self.train(*SMALL, "--save", self.file)
        saved = safetensors.read(self.file)[0]
        self.train(*SMALL, "--optimizer", "adam", "--lr", "1e-30", "--steps", 1, "--init", self.file, "--save",
                   self.directory / "second")  # no weight moves
        again = safetensors.read(self.directory / "second")[0]
        for name in SHAPES:
            self.assertEqual(again[name].tobytes(), saved[name].tobytes())
        table = self.train(*SMALL, "--optimizer", "sgd,adam", "--init", self.file)[1].splitlines()
        first = {line.split(",")[3] for line in table if line.split(",")[2] == "1"}
        self.assertEqual(len(first), 1)
        self.assertNotIn(self.train(*SMALL)[1].splitlines()[1].split(",")[3], first)

    def test_missing_file(self):
        self.refused(str(self.file), "No such file")

    def test_no_safetensors(self):
        safetensors.write(self.file, self.tensors)
        good = self.file.read_bytes()
        for content, words in ((b"", "is not safetensors"),
                               (b"\x89PNG\r\n\x1a\n" + bytes(1000), "is not safetensors"),
                               (b"a text\n", "is not safetensors"), (good[:100], "is not safetensors, or was cut short"),
                               (good[:-1], "ends before its tensors"), (good + b"\0", "bytes after its last tensor")):
            with self.subTest(length=len(content)):
                self.file.write_bytes(content)
                self.refused(str(self.file), words)

    def test_missing_tensor(self):
        for name in SHAPES:
            with self.subTest(name=name):
                safetensors.write(self.file, {other: tensor for other, tensor in self.tensors.items()
                                                  if other != name})
                self.refused(str(self.file), f"no tensor {name}")

    def test_wrong_shape(self):
        for name, (shape, data) in self.tensors.items():
            for other in (shape[::-1] + [1], [shape[0] + 1, *shape[1:]], [1, len(data) // 4], [], [0]):
                elements = 1
                for size in other:
                    elements *= size
                with self.subTest(name=name, shape=other):
                    safetensors.write(self.file, {**self.tensors, name: (other, bytes(4 * elements))})
                    self.refused(str(self.file), f"{name} has the shape [{','.join(map(str, other))}]",
                                 f"{len(data) // 4} elements")

    def test_wrong_dtype(self):
        for name, (_, data) in self.tensors.items():
            with self.subTest(name=name):
                safetensors.write(self.file, self.tensors)
                content = self.file.read_bytes()
                (length,) = struct.unpack("<Q", content[:8])
                header = json.loads(content[8:8 + length])
                self.assertEqual(len(data), header[name]["data_offsets"][1] - header[name]["data_offsets"][0])
                header[name]["dtype"] = "I32"
                text = json.dumps(header).encode()
                self.file.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length:])
                self.refused(str(self.file), f"{name} is I32, not F32")

    def test_with_resume(self):
        safetensors.write(self.file, self.tensors)
        done = self.run_train("--data", self.directory, *SMALL, "--init", self.file, "--resume", self.file)
        self.assertEqual(done.returncode, 2)
        self.assert_refused(done, "--init", "--resume")

    def test_csv_over_another_file(self):
        """By whatever path it is named."""
        safetensors.write(self.file, self.tensors)
        before, link = self.file.read_bytes(), self.directory / "link"
        link.symlink_to(self.file)
        for csv in (str(self.file), f"{self.directory}/./{self.file.name}", str(link)):
            for option in ("--init", "--resume", "--save"):
                done = self.run_train("--data", self.directory, *SMALL, "--optimizer", "adam", option, self.file, "--csv",
                                      csv)
                self.assertEqual((done.returncode, self.file.read_bytes() == before), (2, True))
                self.assert_refused(done, "--csv", csv)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    test_train.BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
