#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests the optimizer object and the functions of the package in tools/python: test_python_object.py LIBRARY
[unittest's arguments]. Without numpy it exits with 77, ctest's sign for a skipped test."""

import contextlib
import copy
import gc
import math
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, os.fspath(ROOT / "tools/python"))

try:
    import numpy as np
except ImportError:
    print("test_python_object.py: skipped: no python3-numpy")
    sys.exit(77)
import descend  # noqa: E402

N = 300


def array(value=1.0, n=N):
    return np.full(n, value, np.float32)


class Functions(unittest.TestCase):
    def test_step(self):
        for kind in descend.default().optimizers:
            with self.subTest(kind=kind):
                config = descend.config(kind)
                param, grad = array(), array(0.25)
                states = config.start_states(param)
                flat = descend.Flat(config, array(), grad, config.start_states(param))
                for number in (1, 2, 3):
                    self.assertIsNone(descend.step(config, number, param, grad, states))
                    flat.step()
                    self.assertEqual(param.tobytes(), flat.param.tobytes())
                    self.assertEqual({key: np.asarray(value, "f4").tobytes() for key, value in states.items()},
                                     {key: np.asarray(value, "f4").tobytes()
                                      for key, value in {**flat.states, **flat.scalars}.items()})

    def test_refused_step(self):
        config, param = descend.config("adam"), array()
        states = config.start_states(param)
        for number, grad, given, text in ((0, array(), states, "step is 0"),
                                          (1, array(n=2), states, "grad has 2 elements"),
                                          (1, array(), {}, "adam with this config needs exp_avg, exp_avg_sq"),
                                          (1, param, states, "two arrays overlap")):
            with self.subTest(text=text), self.assertRaisesRegex(descend.Error, text):
                descend.step(config, number, param, grad, given)
        self.assertEqual([param.tobytes(), *(state.tobytes() for state in states.values())],
                         [array().tobytes(), array(0).tobytes(), array(0).tobytes()])


class Page(unittest.TestCase):
    def test_example(self):
        """Of the documentation."""
        text = (ROOT / "docs/python.md").read_text(encoding="utf-8")
        found = {}
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            exec(re.search("```python\n(.*?)```", text, re.DOTALL)[1], found)  # pylint: disable=exec-used
            self.assertEqual(list(descend.safetensors.read("it.safetensors")[0])[0], "weight")
        self.assertTrue((found["weight"] < 1).all())
        self.assertFalse(found["grad"].any())


class Object(unittest.TestCase):
    def setUp(self):
        self.config = descend.config("adam", lr=0.5)
        self.optimizer, self.param, self.grad = descend.Optimizer(self.config), array(), array(0.25)

    def add(self, **more):
        return self.optimizer.add("w", self.param, self.grad, **more)

    def test_groups(self):
        """Each tensor has the bits of the function over flat arrays with its group's config."""
        configs = [self.config, descend.config("adam", lr=0.1, amsgrad=True), descend.config("adam", betas=(0.5, 0.75))]
        self.assertEqual([self.optimizer.group(config) for config in configs[1:]], [1, 2])
        flats, params = [], []
        for index, group in enumerate((2, 0, 1, 1)):
            grad, param = array(0.1 * (index + 1), n=5 + index), array(n=5 + index)
            self.assertEqual(self.optimizer.add(f"w{index}", param, grad, group=group), index)
            params.append(param)
            config = configs[group]
            flats.append(descend.Flat(config, param.copy(), grad, config.start_states(param)))
        for _ in range(3):
            self.optimizer.step()
            for flat in flats:
                flat.step()
        for index, (param, flat) in enumerate(zip(params, flats)):
            self.assertEqual(param.tobytes(), flat.param.tobytes())
            self.assertEqual(self.optimizer.steps(index), 3)
            for state, values in flat.states.items():
                self.assertEqual(self.optimizer.state(index, state).tobytes(), values.tobytes())
        self.assertIsNone(self.optimizer.state(1, "max_exp_avg_sq"))

    def test_configs(self):
        self.assertEqual(self.optimizer.config()["lr"], 0.5)
        self.optimizer.set_lr(0.25)
        self.assertEqual(self.optimizer.config()["lr"], 0.25)
        self.optimizer.configure(descend.config("adam", eps=1e-3))
        self.assertEqual((self.optimizer.config()["lr"], self.optimizer.config()["eps"]), (1e-3, 1e-3))
        for wrong in (lambda: self.optimizer.set_lr(-1), lambda: self.optimizer.set_lr(0.1, group=1),
                      lambda: self.optimizer.configure(descend.config("sgd")), lambda: self.optimizer.config(1),
                      lambda: self.optimizer.group(descend.config("sgd"))):
            with self.assertRaises(descend.Refused):
                wrong()
        self.assertEqual(self.config["lr"], 0.5)

    def test_copies_of_configs(self):
        for copied in copy.copy(self.config), copy.deepcopy(self.config):
            self.assertEqual(copied.torch_options(), self.config.torch_options())
            copied["lr"] = 0.25
            self.assertEqual((self.config["lr"], copied["lr"]), (0.5, 0.25))

    def test_a_copy_outlives_the_object(self):
        self.add()
        other = copy.copy(self.optimizer)
        self.optimizer = None
        gc.collect()
        self.assertEqual(other.steps(0), 0)
        other.step()
        self.assertTrue((self.param < 1).all())

    def test_a_thread_may_step_when_the_process_ends(self):
        program = """
import threading, numpy, descend
optimizer = descend.Optimizer(descend.config("adam"))
optimizer.add("w", numpy.ones(1 << 20, "f4"), numpy.ones(1 << 20, "f4"))
begun = threading.Event()
def run():
    while True:
        optimizer.step()
        begun.set()
threading.Thread(target=run, daemon=True).start()
begun.wait()
"""
        subprocess.run([sys.executable, "-c", program], check=True,
                       env={**os.environ, "PYTHONPATH": os.fspath(ROOT / "tools/python")}, timeout=60)

    def test_texts_that_c_would_cut(self):
        with tempfile.TemporaryDirectory() as folder:
            self.add()
            for call in (lambda: self.optimizer.add("v\0w", array()), lambda: self.optimizer.save(folder + "/it\0s"),
                         lambda: self.optimizer.save(folder + "/it", notes={"k": "v\0w"})):
                with self.assertRaisesRegex(descend.Error, "has a NUL"):
                    call()
            self.assertEqual(os.listdir(folder), [])

    def test_measure(self):
        self.grad[7] = -3
        self.add()
        found = self.optimizer.measure()
        self.assertEqual(found, (math.sqrt(299 * 0.0625 + 9), 3, True))
        self.grad[7] = math.inf
        self.assertFalse(self.optimizer.measure().finite)

    def test_passes(self):
        self.add()
        self.optimizer.step(grad_scale=0.5, zero_grad=True)
        self.assertEqual(self.optimizer.state(0, "exp_avg")[0], np.float32(0.125) * np.float32(1 - 0.9))
        self.assertFalse(self.grad.any())
        for flush in (False, True):
            sgd, tiny = descend.Optimizer(descend.config("sgd", lr=1)), array(1e-40)
            sgd.add("w", tiny, array(0))
            sgd.step(flush_subnormals=flush)
            self.assertEqual(tiny.any(), not flush)
        with self.assertRaisesRegex(descend.Refused, "grad_scale"):
            self.optimizer.step(grad_scale=-1)
        self.grad[:] = 1
        self.optimizer.zero_grad()
        self.assertFalse(self.grad.any())
        self.assertEqual(self.optimizer.steps(0), 1)

    def test_set_grad(self):
        self.optimizer.add("w", self.param)
        self.optimizer.step()
        self.assertEqual(self.optimizer.steps(0), 0)
        self.optimizer.set_grad(0, np.full(N, 0.25, np.float32))
        gc.collect()
        others = [array(7) for _ in range(100)]  # would get freed memory
        self.optimizer.step()
        self.assertEqual(self.optimizer.state(0, "exp_avg")[0], np.float32(0.25) * np.float32(1 - 0.9))
        self.assertEqual(len(others), 100)
        before = self.param.tobytes()
        for wrong, text in ((array(n=2), "grad has 2 elements, not 300"), (self.param, "two arrays overlap"),
                            (array().astype(np.float16), "contiguous array of float32 in"),
                            (array(n=2 * N)[::2], "contiguous array of float32 in")):
            with self.subTest(text=text), self.assertRaisesRegex(descend.Error, text):
                self.optimizer.set_grad(0, wrong)
        self.optimizer.set_grad(0, None)
        self.optimizer.step()
        self.assertEqual((self.param.tobytes(), self.optimizer.steps(0)), (before, 1))
        read_only = array()
        read_only.flags.writeable = False
        self.optimizer.set_grad(0, read_only)
        self.optimizer.step()
        self.assertEqual(self.optimizer.steps(0), 2)

    def test_states(self):
        self.add(states={"exp_avg": "bfloat16", "exp_avg_sq": "ub8"})
        self.assertIsNone(self.optimizer.state(0, "exp_avg"))
        self.optimizer.set_seed(3)
        self.optimizer.step()
        for state, right in ("exp_avg", 0.025), ("exp_avg_sq", 0.0000625):
            values = self.optimizer.state(0, state)
            self.assertEqual((values.dtype, values.shape), (np.float32, (N,)))
            self.assertTrue((abs(values - right) < right / 8).all())
            self.assertFalse((values == np.float32(right)).all())
        with self.assertRaisesRegex(descend.Error, "exp_avg cannot be int8, only float32, bfloat16"):
            self.optimizer.add("v", array(), states={"exp_avg": "int8"})
        with self.assertRaisesRegex(descend.Error, "adam has no state sum; it has exp_avg, "):
            self.optimizer.add("v", array(), states={"sum": array()})
        with self.assertRaisesRegex(descend.Refused, "given before|was given"):
            self.optimizer.add("w", array())

    def test_steps_before(self):
        """Values of given states count after a step, and not before."""
        results = []
        for step in (0, 1):
            optimizer, param, exp_avg = descend.Optimizer(self.config), array(), array(0.5)
            optimizer.add("w", param, self.grad, states={"exp_avg": exp_avg, "exp_avg_sq": array(0.5)}, step=step)
            optimizer.step()
            results.append(exp_avg[0])
        self.assertEqual(results[0], np.float32(0.25) * np.float32(1 - 0.9))
        self.assertGreater(results[1], 0.4)

    def test_number_of_nadam(self):
        config = descend.config("nadam")
        optimizer, product, flat = descend.Optimizer(config), array(0.5, n=1), descend.Flat(
            config, array(), self.grad, config.start_states(self.param))
        optimizer.add("w", self.param, self.grad, states={"mu_product": product})
        for _ in range(2):
            optimizer.step()
            flat.step()
        self.assertEqual(product[0], np.float32(flat.scalars["mu_product"]))
        self.assertEqual(self.param.tobytes(), flat.param.tobytes())
        with self.assertRaisesRegex(descend.Error, "mu_product has 2 elements, not 1"):
            optimizer.add("v", array(), states={"mu_product": array(n=2)})

    def test_copies(self):
        half = np.zeros(N, np.float16)
        self.add(copy=half)
        self.optimizer.step()
        self.assertEqual(half.tobytes(), self.param.astype(np.float16).tobytes())
        with self.assertRaisesRegex(descend.Error, "copy is not a contiguous array of bfloat16 or float16"):
            self.optimizer.add("v", array(), copy=array())

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "it.safetensors")
            self.add()
            self.optimizer.step()
            after = self.param.tobytes()
            self.optimizer.save(path, notes={"who": "ä"})
            self.optimizer.step()
            self.optimizer.load(path, params=False)
            self.assertEqual(self.optimizer.steps(0), 1)
            self.assertNotEqual(self.param.tobytes(), after)
            self.optimizer.load(path, notes={"who": "ä"})
            self.assertEqual(self.param.tobytes(), after)
            for call, text in ((lambda: self.optimizer.load(path, notes={"who": "a"}), "it.safetensors: .*note"),
                               (lambda: self.optimizer.load(path.with_name("no")), "no: .*: No such file"),
                               (lambda: self.optimizer.save(path.with_name("no") / "it"), "it: .*: No such file")):
                with self.subTest(text=text), self.assertRaisesRegex(descend.Refused, text):
                    call()
            tensors, texts = descend.safetensors.read(path)
            self.assertEqual(tensors["w"].tobytes(), after)
            self.assertEqual((texts["optimizer"], texts["note.who"]), ("adam", "ä"))
            for wrong in (b"", b"\x05" + 7 * b"\0" + b"{", b"\x02" + 7 * b"\0" + b"[]"):
                path.write_bytes(wrong)
                with self.assertRaisesRegex(ValueError, "it.safetensors is no safetensors file"):
                    descend.safetensors.read(path)

    def test_they_are_kept(self):
        self.add()
        with self.assertRaisesRegex(ValueError, "cannot resize"):
            self.param.resize(1 << 20, refcheck=False)


if __name__ == "__main__":
    os.environ["DESCEND_LIBRARY"] = sys.argv.pop(1)
    unittest.main()
