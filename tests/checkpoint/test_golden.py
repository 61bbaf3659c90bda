#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads optimizers' checkpoints from outside: test_golden.py WRITE_GOLDEN [unittest's arguments].

Files that WRITE_GOLDEN writes now, and those of old that lie beside this script, have to hold what is said here once
more, independently of tests/checkpoint/golden_content.content.c. The reader is that of tests/tools/test_ckpt.py.
"""

import os
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
from test_ckpt import read  # pylint: disable=wrong-import-position

WRITE_GOLDEN = None

TENSORS = {"w1": (6, 5, 0), "layer.0.bä": (3, 1000000, 1), "empty": (0, 2, 1), "new": (2, 0, 0)}  # n, step, group
SPECIAL = [0x7FC00001, 0xFF800000, 0x00000001, 0x80000000]
STATES = {
    "sgd": ["momentum_buffer"],
    "rmsprop": ["square_avg", "grad_avg", "momentum_buffer"],
    "adam": ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"],
    "adamw": ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"],
    "nadam": ["exp_avg", "exp_avg_sq", "mu_product"],
}
ADAM = [
    {"lr": 0.1, "beta1": 0.8, "beta2": 0.98, "eps": 1e-7, "weight_decay": 1e-4, "amsgrad": False, "maximize": False},
    {"lr": 0.3, "beta1": 0.0, "beta2": 0.5, "eps": 1e-300, "weight_decay": 0.0, "amsgrad": True, "maximize": True},
]
CONFIGS = {
    "sgd": [
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.25, "weight_decay": 1e-4, "nesterov": False, "maximize": False},
        {"lr": 0.3, "momentum": 0.5, "dampening": 0.0, "weight_decay": 0.0, "nesterov": True, "maximize": True},
    ],
    "rmsprop": [
        {"lr": 0.1, "alpha": 0.98, "eps": 1e-7, "weight_decay": 1e-4, "momentum": 0.9, "centered": False,
         "maximize": False},
        {"lr": 0.3, "alpha": 0.5, "eps": 1e-300, "weight_decay": 0.0, "momentum": 0.0, "centered": True,
         "maximize": True},
    ],
    "adam": ADAM,
    "adamw": ADAM,
    "nadam": [
        {"lr": 0.1, "beta1": 0.8, "beta2": 0.98, "eps": 1e-7, "weight_decay": 1e-4, "momentum_decay": 0.5,
         "decoupled_weight_decay": False, "maximize": False},
        {"lr": 0.3, "beta1": 0.0, "beta2": 0.5, "eps": 1e-300, "weight_decay": 0.0, "momentum_decay": 0.0,
         "decoupled_weight_decay": True, "maximize": True},
    ],
}


def values(tensor, array, n):
    data = [struct.pack("<f", (100 * tensor + 10 * array + i) / (-8 if i % 2 else 8)) for i in range(n)]
    if tensor == 0:
        data[2:] = [struct.pack("<I", bits) for bits in SPECIAL]
    return b"".join(data)


def words(numbers):
    return struct.pack(f"<{len(numbers)}H", *numbers)


def stored(dtype, data):
    """What float32 is stored as, to the nearest: the tensors (dtype, shape, bytes) by what comes behind the key."""
    n = len(data) // 4
    plain = struct.unpack(f"<{n}I", data)
    bits = [0x7FC00000 if (x & 0x7FFFFFFF) > 0x7F800000 else x for x in plain]
    if dtype == "f32":
        return {"": ("F32", [n], data)}
    if dtype == "bf16":
        return {"": ("BF16", [n], words([x + 0x7FFF + (x >> 16 & 1) >> 16 for x in bits]))}
    if dtype == "bf16_split":
        return {"": ("BF16", [n], words([x + 0x8000 >> 16 for x in bits])),
                ".low": ("I16", [n], words([x & 0xFFFF for x in bits]))}
    top = 126 if dtype == "b8" else 254
    magnitudes = [x & 0x7FFFFFFF for x in plain]
    greatest = max((x for x in magnitudes if x < 0x7F800000), default=0)
    base = min(max((greatest >> 20) + 1 - top, 0), 0x7F8 - (top + 1))
    codes = []
    for x, magnitude in zip(plain, magnitudes):
        code = top + 1 if magnitude >= 0x7F800000 else min(max((magnitude + 0x80000 >> 20) - base, 0), top + 1)
        codes.append(code | (x >> 24 & 0x80 if dtype == "b8" and code <= top else 0))
    return {"": ("U8", [n], bytes(codes)), ".base": ("I16", [min(n, 1)], words([base] * min(n, 1)))}


STORED_PARAMS, STORED_STATES = ["bf16_split", "bf16", "bf16_split", "f32"], ["b8", "ub8", "bf16"]


def wanted_stored():
    """The tensors of golden.stored, and what the metadata says of them."""
    tensors, metadata = {}, {"seed": str(2**64 - 1)}
    for i, (name, (n, step, _)) in enumerate(TENSORS.items()):
        arrays = {name: (0, STORED_PARAMS[i])}
        for k, state in enumerate(STATES["adamw"] if step > 0 else []):
            arrays[f"state.{name}.{state}"] = (1 + k, STORED_STATES[k])
        for key, (array, dtype) in arrays.items():
            tensors |= {key + suffix: tensor for suffix, tensor in stored(dtype, values(i, array, n)).items()}
            if dtype not in ("f32", "bf16"):
                metadata[f"storage.{key}"] = dtype
    return tensors, metadata


def wanted_tensors(optimizer):
    wanted = {}
    for i, (name, (n, step, _)) in enumerate(TENSORS.items()):
        wanted[name] = ("F32", [n], values(i, 0, n))
        for k, state in enumerate(STATES[optimizer] if step > 0 else []):
            if state == "mu_product":
                wanted[f"state.{name}.{state}"] = ("F32", [min(n, 1)], struct.pack("<f", 0.25 / 2**i)[:4 * n])
            else:
                wanted[f"state.{name}.{state}"] = ("F32", [n], values(i, 1 + k, n))
    return wanted


def value_of(text):
    if text in ("true", "false"):
        return text == "true"
    return float.fromhex(text) if "x" in text else int(text)


class Golden(unittest.TestCase):
    def check_stored(self, path):
        tensors, metadata = read(path)
        wanted, texts = wanted_stored()
        self.assertEqual(tensors, wanted)
        found = {key: text for key, text in metadata.items() if key == "seed" or key.startswith("storage.")}
        self.assertEqual(found, texts)
        for key in found:
            del metadata[key]
        self.check_metadata(metadata, "adamw", {"descend.numerics": 2})

    def check(self, path, optimizer, numbers):
        tensors, metadata = read(path)
        self.assertEqual(tensors, wanted_tensors(optimizer))
        self.check_metadata(metadata, optimizer, numbers)

    def check_metadata(self, metadata, optimizer, numbers):
        del metadata["crc32"]
        self.assertRegex(metadata.pop("descend.version"), r"^\d+\.\d+\.\d+$")
        self.assertEqual(metadata.pop("optimizer"), optimizer)
        self.assertEqual(metadata.pop("note.seed"), "1234")
        self.assertEqual(metadata.pop("note.who"), "ä\"\\\n")
        wanted = {**numbers, "groups": 2, "scaler.scale": 1024.0, "scaler.growth_factor": 1.1,
                  "scaler.backoff_factor": 0.3, "scaler.growth_interval": 100, "scaler.growth_tracker": 7}
        for name, (_, step, group) in TENSORS.items():
            wanted |= {f"step.{name}": step, f"group_of.{name}": group}
        for i, config in enumerate(CONFIGS[optimizer]):
            wanted |= {f"group.{i}.{field}": value for field, value in config.items()}
        found = {key: repr(value_of(text)) for key, text in metadata.items()}  # True is not 1
        self.assertEqual(found, {key: repr(value) for key, value in wanted.items()})

    def test_written_now(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([WRITE_GOLDEN, directory], check=True)
            for optimizer in STATES:
                with self.subTest(optimizer=optimizer):
                    self.check(Path(directory) / f"golden.{optimizer}.safetensors", optimizer, {"descend.numerics": 2, "seed": 0})
            self.check_stored(Path(directory) / "golden.stored.safetensors")

    def test_written_of_old(self):
        for optimizer in STATES:
            with self.subTest(optimizer=optimizer):
                self.check(HERE / f"golden.{optimizer}.safetensors", optimizer, {"descend.numerics": 1})
        self.check_stored(HERE / "golden.stored.safetensors")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    WRITE_GOLDEN = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
