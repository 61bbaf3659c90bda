#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes storage.inc, beside this file: the parameters and gradients of tests/object/storage_hashes.c, as numpy's
generator gives them; ordinary ones, then ones of which a third or a half are special values.

    tests/golden/make_storage.py [FILE]

The hashes that the test compares with are those of another implementation of docs/numerics.md's rules 10 to 15, in numpy,
on the same data.
"""
import pathlib
import sys

import numpy

N, STEPS, SEED = 1003, 5, 42
SPECIAL = numpy.array([0.0, -0.0, 1e-45, -1e-45, 1.1754942e-38, 3.4028235e38, -3.4028235e38, numpy.inf, -numpy.inf,
                       numpy.nan, 1.0], numpy.float32)


def problem(special):
    """The parameters, then the gradients of each step."""
    random = numpy.random.default_rng(SEED)
    arrays = [random.standard_normal(N).astype(numpy.float32)]
    for _ in range(STEPS):
        arrays.append((random.standard_normal(N) * 10.0 ** random.integers(-6, 3, N)).astype(numpy.float32))
    if special:
        arrays[0][::3] = random.choice(SPECIAL, len(arrays[0][::3]))
        for gradient in arrays[1:]:
            gradient[::2] = random.choice(SPECIAL, len(gradient[::2]))
    return arrays


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "storage.inc"
    lines = ["/* SPDX-License-Identifier: MIT */", "/* Made by make_storage.py. The bits of float32. */"]
    for special in (False, True):
        lines.append("{")
        for array in problem(special):
            words = [f"0x{word:x}," for word in array.view(numpy.uint32)]
            lines.append("{")
            lines += ["".join(words[i:i + 10]) for i in range(0, N, 10)]
            lines.append("},")
        lines.append("},")
    pathlib.Path(path).write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
