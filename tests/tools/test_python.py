#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests the package in tools/python: test_python.py LIBRARY [unittest's arguments].

Without numpy it exits with 77, ctest's sign for a skipped test; without PyTorch it leaves out torch's tensors.
"""

import ctypes
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, os.fspath(Path(__file__).resolve().parents[2] / "tools/python"))
LIBRARY = None

try:
    import numpy as np
except ImportError:
    print("test_python.py: skipped: no python3-numpy")
    sys.exit(77)
try:
    import torch
except ImportError:
    torch = None
import descend  # noqa: E402

N = 5


def make(config, **arrays):
    """An optimizer over arrays of N elements, some of them given."""
    param = arrays.pop("param", np.ones(N, np.float32))
    grad = arrays.pop("grad", np.full(N, 0.25, np.float32))
    return descend.Flat(config, param, grad, {**config.start_states(np.ones(N, np.float32)), **arrays})


def all_of(optimizer):
    return [optimizer.param.tobytes(), optimizer.number, dict(optimizer.scalars),
            *(array.tobytes() for array in optimizer.states.values())]


class Wrong:
    """What a caller can get wrong between two steps, and take back."""

    def __init__(self, optimizer):
        self.optimizer, self.lr = optimizer, optimizer.config["lr"]

    def slice(self, there):
        self.optimizer.exec.slice = int(there)  # without slices

    def rate(self, there):
        self.optimizer.config["lr"] = 1e300 if there else self.lr  # too large for float32

    def number(self, there):
        self.optimizer.number += 2**53 if there else -2**53


class Refusals(unittest.TestCase):
    def test_a_refused_step_leaves_no_trace(self):
        library = descend.Library(LIBRARY)
        self.assertIn("nadam", library.optimizers)
        for name in library.optimizers:
            refused, plain = make(library.config(name)), make(library.config(name))
            wrong = Wrong(refused)
            for change in (wrong.slice, wrong.rate, wrong.number):
                with self.subTest(name=name, change=change.__name__):
                    change(True)
                    for _ in range(2):
                        with self.assertRaises(descend.Refused):
                            refused.step()
                    change(False)
                    self.assertEqual(all_of(refused), all_of(plain))
                    for optimizer in (refused, plain):
                        optimizer.grad += 1
                        optimizer.step()
                    self.assertEqual(all_of(refused), all_of(plain))
            self.assertTrue((plain.param != 1).all())

    def test_refused_options_leave_the_config(self):
        library = descend.Library(LIBRARY)
        config = library.config("adam", lr=0.5)
        for options in ({"lr": 0.25, "momentum": 0.9}, {"lr": 0.25, "eps": -1}, {"betas": (0.5, 1)},
                        {"betas": (0.5,)}, {"betas": (0.5, 0.5, 0.5)}, {"amsgrad": True, "maximize": 2}):
            with self.subTest(options=options), self.assertRaises((descend.Error, ValueError)):
                config.set_options(**options)
            self.assertEqual(config.torch_options(), library.config("adam", lr=0.5).torch_options())


class Options(unittest.TestCase):
    def test_options(self):
        config = descend.Library(LIBRARY).config("adam", betas=(0.5, 0.75), amsgrad=True)
        self.assertEqual((config["beta1"], config["beta2"], config["amsgrad"]), (0.5, 0.75, True))
        self.assertEqual(config.torch_options(), {"lr": 1e-3, "betas": (0.5, 0.75), "eps": 1e-8, "weight_decay": 0.0,
                                                  "amsgrad": True, "maximize": False})
        self.assertEqual(config.arrays(), ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"])
        with self.assertRaisesRegex(descend.Error, "adam has no option momentum"):
            config.set_options(momentum=0.9)
        with self.assertRaisesRegex(descend.Refused, "lr is negative"):
            config["lr"] = -1
        self.assertEqual(config["lr"], 1e-3)


class Arrays(unittest.TestCase):
    def setUp(self):
        self.config = descend.Library(LIBRARY).config("adam")

    def refused(self, text, **arrays):
        with self.assertRaisesRegex(descend.Error, text):
            make(self.config, **arrays)

    def test_only_the_gradient_may_be_read_only(self):
        data = np.ones(N, np.float32).tobytes()
        for name in ("param", "exp_avg_sq"):
            self.refused(f"{name} is read-only", **{name: np.frombuffer(data, np.float32)})
        self.assertEqual(data, np.ones(N, np.float32).tobytes())
        optimizer, writable = make(self.config, grad=np.frombuffer(data, np.float32)), make(self.config)
        writable.grad[:] = 1
        for one in (optimizer, writable):
            one.step()
        self.assertEqual(all_of(optimizer), all_of(writable))

    def test_of_numpy_what_the_library_would_read_as_something_else(self):
        class Buffer:
            __array_interface__ = {"typestr": "<f4", "shape": (N,), "data": bytes(4 * N), "version": 3}

        class Device:
            __cuda_array_interface__ = {"typestr": "<f4", "shape": (N,), "data": (4096, False), "version": 3}

        wrong = [np.ones(N, ">f4"), np.ones(N), np.ones(N, np.int32), np.ones(2 * N, np.float32)[::2],
                 np.asfortranarray(np.ones((2, 2), np.float32)), [1.0] * N, bytes(4 * N), Buffer(), Device(),
                 np.float32(1)]
        for name in ("param", "grad", "exp_avg"):
            for array in wrong:
                with self.subTest(name=name, array=array):
                    self.refused(f"{name} is not a contiguous array of float32", **{name: array})
            self.refused("has 6 elements, not 5|has 5 elements, not 6", **{name: np.ones(6, np.float32)})

    @unittest.skipUnless(torch, "no python3-torch")
    def test_of_torch_what_the_library_would_read_as_something_else(self):
        wrong = [torch.empty(N, device="meta"), torch.ones(N, dtype=torch.float64), torch.ones(2 * N)[::2],
                 torch.ones(N).to_sparse(), torch.ones(N)._neg_view()]  # pylint: disable=protected-access
        for name in ("param", "grad", "exp_avg"):
            for array in wrong:
                with self.subTest(name=name, array=array):
                    self.refused(f"{name} is not a contiguous array of float32", **{name: array})

    def test_they_are_kept(self):
        optimizer, twin = make(self.config), make(self.config)
        optimizer.param, optimizer.grad, optimizer.states = None, None, None
        kept = optimizer.kept.arrays["param"]
        others = [np.zeros(N, np.float32) for _ in range(100)]  # would get freed memory
        optimizer.step()
        twin.step()
        self.assertFalse(any(other.any() for other in others))
        self.assertEqual(kept.tobytes(), twin.param.tobytes())
        with self.assertRaisesRegex(ValueError, "cannot resize"):
            twin.param.resize(1 << 20, refcheck=False)

    @unittest.skipUnless(torch, "no python3-torch")
    def test_other_memory_of_torch(self):
        for change in (lambda array: array.resize_(1 << 20), lambda array: array.set_(torch.zeros(N)),
                       lambda array: setattr(array, "data", torch.zeros(N))):
            for name in ("param", "grad", "exp_avg"):
                array = torch.ones(N)
                optimizer = make(self.config, **{name: array})
                optimizer.step()
                change(array)
                with self.assertRaisesRegex(descend.Error, "other memory"):
                    optimizer.step()
                self.assertEqual(optimizer.number, 1)


class Storage(unittest.TestCase):
    def test_8_bits(self):
        load = descend.Library(LIBRARY).c.descend_array_load
        for storage, dtype, greatest in ("b8", 4, 0x7f8 - 127), ("ub8", 5, 0x7f8 - 255):
            for n in (0, 1, 256, 257, 1003):
                with self.subTest(storage=storage, n=n):
                    codes = np.arange(n).astype(np.uint8)
                    bases = np.array([700, 0, greatest, 1], np.int16)[:-(-n // 256)]
                    wanted = np.zeros(n, np.float32)
                    array = descend.c.Array(codes.ctypes.data, dtype, bases.ctypes.data)
                    self.assertEqual(load(ctypes.byref(array), n, wanted.ctypes.data), 0)
                    found = descend.b8_load(codes, bases, storage)
                    self.assertEqual((found.dtype, found.tobytes()), (np.dtype(np.float32), wanted.tobytes()))


def like(array, dtype):
    """An array of torch with the same values in another type."""
    return torch.from_numpy(array).to(dtype)


def widened(param, low):
    """What a split parameter holds."""
    return ((param.view(torch.int16).int() << 16) + low).view(torch.float32).numpy()


class Stored(unittest.TestCase):
    def setUp(self):
        self.library = descend.Library(LIBRARY)
        self.config = self.library.config("adamw", lr=0.5)

    def make(self, config=None, **arrays):
        """An object over arrays of N elements, some of them given."""
        config = config or self.config
        low, param = arrays.pop("low", None), arrays.pop("param", np.ones(N, np.float32))
        grad = arrays.pop("grad", np.full(N, 0.25, np.float32))
        optimizer = descend.Optimizer(config)
        optimizer.add("param", param, grad, states={**config.start_states(np.ones(N, np.float32)), **arrays}, low=low)
        return optimizer

    def refused(self, text, **arrays):
        with self.assertRaisesRegex(descend.Error, text):
            self.make(**arrays)

    def test_float32_has_the_bits_of_the_flat_functions(self):
        for name in self.library.optimizers:
            with self.subTest(name=name):
                config, param = self.library.config(name), np.ones(N, np.float32)
                stored, flat = self.make(config, param=param), make(config)
                for _ in range(3):
                    stored.step()
                    flat.step()
                self.assertEqual(param.tobytes(), flat.param.tobytes())
                for state, array in flat.states.items():
                    self.assertEqual(stored.kept[0].arrays[state].tobytes(), array.tobytes())

    @unittest.skipUnless(torch, "no python3-torch")
    def test_split_has_the_bits_of_float32(self):
        start, low = torch.ones(N, dtype=torch.bfloat16), torch.arange(N, dtype=torch.int16)
        flat = make(self.config, param=widened(start, low))
        stored = self.make(param=start, low=low, grad=like(flat.grad, torch.bfloat16))
        for _ in range(3):
            stored.step()
            flat.step()
        self.assertEqual(widened(start, low).tobytes(), flat.param.tobytes())

    @unittest.skipUnless(torch, "no python3-torch")
    def test_bfloat16(self):
        arrays = {name: torch.zeros(N, dtype=torch.bfloat16) for name in ("param", "exp_avg", "exp_avg_sq")}
        stored = self.make(grad=torch.ones(N, dtype=torch.float16), **arrays)
        stored.step()
        for name, wanted in ("param", -0.5), ("exp_avg", 0.1), ("exp_avg_sq", 0.001):
            self.assertTrue(torch.allclose(arrays[name].float(), torch.tensor(wanted), rtol=2**-7, atol=0), name)

    def test_a_refused_step_leaves_no_trace(self):
        param = np.ones(N, np.float32)
        stored = self.make(param=param)
        stored.exec.slice = 1  # without slices
        with self.assertRaises(descend.Refused):
            stored.step()
        self.assertEqual(param.tobytes(), np.ones(N, np.float32).tobytes())
        stored.exec.slice = 0
        stored.step()
        self.assertTrue((param != 1).all())

    def test_what_the_library_would_read_as_something_else(self):
        self.refused("param is not a contiguous array of float32 or bfloat16 or float16", param=np.ones(N))
        self.refused("exp_avg is not a contiguous array", exp_avg=np.ones(N, np.int16))
        self.refused("param is not a contiguous array of bfloat16 in", low=np.zeros(N, np.int16))
        self.refused("grad has 6 elements, not 5", grad=np.ones(6, np.float32))
        self.refused("adamw has no state momentum_buffer; it has exp_avg, ", momentum_buffer=np.zeros(N, np.float32))
        self.refused("exp_avg cannot be float64, only float32, ", exp_avg="float64")
        shared = np.ones(N, np.float32)
        for arrays in {"param": np.ones(N, np.float16)}, {"param": shared, "exp_avg": shared}:
            with self.assertRaises(descend.Refused):
                self.make(**arrays)

    @unittest.skipUnless(torch, "no python3-torch")
    def test_of_torch_what_the_library_would_read_as_something_else(self):
        param = torch.ones(N, dtype=torch.bfloat16)
        self.refused("low is not a contiguous array of int16", param=param, low=param.clone())
        self.refused("low has 6 elements, not 5", param=param, low=torch.zeros(6, dtype=torch.int16))
        stored = self.make(param=param)
        stored.step()
        param.data = torch.zeros(N, dtype=torch.bfloat16)
        with self.assertRaisesRegex(descend.Error, "other memory"):
            stored.step()


if __name__ == "__main__":
    LIBRARY = sys.argv.pop(1)
    unittest.main()
