#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests tools/parity/torch_parity.py: test_parity.py LIBRARY [unittest's arguments].

That it finds nothing is the library's test. Here: that it runs, and that one wrong bit, a wrong coefficient or another
PyTorch than it counts on makes it fail. Without PyTorch it exits with 77, ctest's sign for a skipped test.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, os.fspath(TOOLS / "parity"))
PROGRAM = TOOLS / "parity/torch_parity.py"
LIBRARY = None

try:
    import torch_parity  # without PyTorch it says so and exits with 0
except SystemExit:
    sys.exit(77)
import descend  # noqa: E402
import numpy as np  # noqa: E402


def run_parity(*arguments, **environment):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})


class Case(unittest.TestCase):
    def hold(self, *arguments):
        """Whether the tool finds all well, and what it prints."""
        with contextlib.redirect_stdout(io.StringIO()) as output:
            well = torch_parity.hold_all(torch_parity.read_arguments(["--library", LIBRARY, *map(str, arguments)]))
        return well, output.getvalue()

    def assert_found(self, arguments, *patterns):
        well, output = self.hold(*arguments)
        self.assertFalse(well, output)
        for pattern in patterns:
            self.assertRegex(output, pattern)
        return output


class Running(Case):
    def test_all_optimizers(self):
        done = run_parity("--library", LIBRARY, "--seed", 1, "--runs", 8)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r"^descend \S+ beside torch 1\.13\S+, seed 1$")
        self.assertEqual([line.split(":")[0] for line in lines[1:]], list(torch_parity.OPTIMIZERS))
        library = descend.Library(LIBRARY)
        for name, line in zip(torch_parity.OPTIMIZERS, lines[1:]):
            if name in library.optimizers:
                self.assertRegex(line, r": 0 of \d{4,} elements differ \(8 configurations, variants scalar\b")
            else:
                self.assertEqual(line, f"{name}: skipped: this library has none")

    def test_seed_draws_the_same_runs_whichever_optimizers_are_chosen(self):
        both = self.hold("--seed", 5, "--runs", 2, "--optimizers", "sgd,adam")[1].splitlines()
        alone = self.hold("--seed", 5, "--runs", 2, "--optimizers", "adam")[1].splitlines()
        other = self.hold("--seed", 6, "--runs", 2, "--optimizers", "adam")[1].splitlines()
        self.assertEqual(both[2], alone[1])
        self.assertNotEqual(other[1], alone[1])

    def test_refused(self):
        for arguments in (["--optimizers", "sgd,lion"], ["--runs", "0"], ["--seed", "x"], ["--run", "1"]):
            with self.assertRaises(SystemExit) as ended, contextlib.redirect_stderr(io.StringIO()) as errors:
                torch_parity.read_arguments(arguments)
            self.assertEqual(ended.exception.code, 2)
            self.assertIn(arguments[0], errors.getvalue())
        with self.assertRaisesRegex(descend.Error, "^/nonexistent: .*DESCEND_LIBRARY"):
            torch_parity.hold_all(torch_parity.read_arguments(["--library", "/nonexistent"]))

    def test_without_torch(self):
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "torch.py").write_text("raise ImportError('none here')\n", encoding="ascii")
            done = run_parity(PYTHONPATH=directory)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertEqual(done.stdout, "torch_parity.py: skipped: none here (Debian: python3-torch)\n")


class Failing(Case):
    def flip(self, array, isa):
        """Turns the last bit of the last element of one of descend's arrays, after the second step on one variant."""
        step = descend.Flat.step

        def wrong(optimizer):
            step(optimizer)
            if optimizer.number == 2 and optimizer.config.library.active_isa() == isa:
                values = optimizer.param if array == "param" else optimizer.states[array]
                values[-1:].view(np.uint32)[:] ^= 1

        return mock.patch.object(descend.Flat, "step", wrong)

    def assert_bit_found(self, array, isa):
        arguments = ["--seed", 3, "--runs", 30, "--optimizers", "adam"]
        with self.flip(array, isa):
            output = self.assert_found(arguments, r"adam: 1 of \d+ elements differ", r"\n  Adam\(.*lr=",
                                       fr"\n  after step 2, {isa}: {array} differs in 1 elements, "
                                       r"first \[\d+\]: descend [0-9a-f]{8}, torch [0-9a-f]{8}\n")
            again = re.search(r"\n  again: (.+)\n", output)[1].split()
            self.assertEqual(self.hold(*again), (False, output))

    def test_one_bit_of_the_parameter(self):
        self.assert_bit_found("param", "scalar")

    def test_one_bit_of_a_state_on_the_best_variant(self):
        self.assert_bit_found("exp_avg_sq", descend.Library(LIBRARY).isas()[-1])

    def test_wrong_coefficient(self):
        right = descend.Library.config

        def wrong(library, optimizer, **options):
            config = right(library, optimizer, **options)
            config["beta2"] = float(np.float32(config["beta2"]))  # what the header warns of
            return config

        with mock.patch.object(descend.Library, "config", wrong):
            self.assert_found(["--seed", 4, "--runs", 10, "--optimizers", "adamw"], r"adamw: [1-9]\d* of \d+ elements",
                              "exp_avg_sq differs")

    def test_exit_status(self):
        """Of the program as people start it: with another learning rate than torch is given."""
        program = ("import runpy, descend\n"
                   "right = descend.Config.set_options\n"
                   "descend.Config.set_options = lambda config, **options: right(config, **{**options, 'lr': 0.123})\n"
                   f"runpy.run_path({os.fspath(PROGRAM)!r}, run_name='__main__')\n")
        done = subprocess.run([sys.executable, "-c", program, "--library", LIBRARY, "--seed", "1", "--runs", "5",
                               "--optimizers", "sgd"], capture_output=True, text=True, check=False,
                              env={**os.environ, "PYTHONPATH": os.fspath(TOOLS / "python")})
        self.assertEqual((done.returncode, done.stderr), (1, ""), done)
        self.assertRegex(done.stdout, r"sgd: [1-9]\d* of \d+ elements differ")

    def test_refusal_of_what_torch_accepts(self):
        with mock.patch.dict(torch_parity.OPTIMIZERS, {"sgd": ("SGD", {"lr": lambda _: -1.0})}):
            with self.assertRaisesRegex(torch_parity.Failure, "refused: lr is negative"):
                with mock.patch.object(torch_parity, "Theirs"):
                    self.hold("--runs", 1, "--optimizers", "sgd")

    def test_nothing_compared(self):
        with mock.patch.dict(torch_parity.OPTIMIZERS, {"sgd": ("SGD", {"lr": lambda _: 1e300})}):
            self.assert_found(["--runs", 2, "--optimizers", "sgd"],
                              r"sgd: 0 of 0 elements differ \(0 configurations, 2 refused for an overflow, variants")

    def test_another_torch(self):
        for patch, text in ((mock.patch("torch.__version__", "2.1.0"), r"this is torch 2\.1\.0"),
                            (mock.patch("torch.__config__.show", return_value="AVX2"), "baseline kernels"),
                            (mock.patch("inspect.getsource", return_value="def other(): pass\n"), "mu_product_next")):
            with patch, self.assertRaisesRegex(torch_parity.Failure, text):
                torch_parity.check_torch()


if __name__ == "__main__":
    LIBRARY = sys.argv.pop(1)
    unittest.main()
