#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds the structs and numbers of tools/python/descend to those of the headers: test_python_layout.py CC [unittest's
arguments]."""

import ctypes
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tools/python"))

try:
    from descend import c, optimizer
except ImportError as error:
    print(f"test_python_layout.py: skipped: {error}")
    sys.exit(77)

COMPILER = None
STRUCTS = {"descend_field": c.Field, "descend_state": c.State, "descend_config": c.Config, "descend_exec": c.Exec,
           "descend_array": c.Array, "descend_tensor": c.Tensor, "descend_pass": c.Pass,
           "descend_measurement": c.Measurement, "descend_note": c.Note, "descend_checkpoint": c.Checkpoint}
NUMBERS = {"DESCEND_F32": c.DTYPES["float32"], "DESCEND_BF16": c.DTYPES["bfloat16"], "DESCEND_F16": c.DTYPES["float16"],
           "DESCEND_B8": c.DTYPES["b8"], "DESCEND_UB8": c.DTYPES["ub8"], "DESCEND_BF16_SPLIT": c.BF16_SPLIT,
           "DESCEND_STATES": c.STATES, "DESCEND_VERSION_MAJOR": c.VERSION[0], "DESCEND_VERSION_MINOR": c.VERSION[1],
           "DESCEND_FILE_OPEN": optimizer.WITH_ERRNO[0], "DESCEND_FILE_READ": optimizer.WITH_ERRNO[1],
           "DESCEND_FILE_WRITE": optimizer.WITH_ERRNO[2]}


def places(struct):
    """What there is of it in memory: the room of its members, by their names, and of itself."""
    found = {name: (getattr(struct, name).offset, getattr(struct, name).size) for name, _ in struct._fields_}
    found.pop("room", None)  # in a union without a name
    return {**found, "": (0, ctypes.sizeof(struct))}


def program(of_struct):
    lines = [f'printf("{name} %d\\n", (int){name});' for name in NUMBERS]
    for name, members in of_struct.items():
        for member in filter(None, members):
            lines.append(f'printf("{name}.{member} %zu %zu\\n", offsetof({name}, {member}), '
                         f'sizeof((({name} *)0)->{member}));')
        lines.append(f'printf("{name}. 0 %zu\\n", sizeof({name}));')
    return ("#include <stddef.h>\n#include <stdio.h>\n#include <descend/checkpoint.h>\nint main(void)\n{\n"
            + "\n".join(lines) + "\n}\n")


class Layout(unittest.TestCase):
    maxDiff = None

    def test_structs_and_numbers(self):
        of_struct = {name: places(struct) for name, struct in STRUCTS.items()}
        with tempfile.TemporaryDirectory() as directory:
            source, binary = Path(directory, "layout.c"), Path(directory, "layout")
            source.write_text(program(of_struct))
            subprocess.run([COMPILER, f"-I{SOURCE / 'include'}", source, "-o", binary], check=True)
            printed = subprocess.run([binary], capture_output=True, text=True, check=True).stdout
        expected = [f"{name} {number}" for name, number in NUMBERS.items()]
        for name, members in of_struct.items():
            expected += [f"{name}.{member} {begin} {size}" for member, (begin, size) in members.items()]
        self.assertEqual(printed.splitlines(), expected)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    COMPILER = os.fspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
