# SPDX-License-Identifier: MIT
"""Reads and writes checkpoints of float32 tensors, which are files in the safetensors format."""

import array
import json
import struct
from pathlib import Path


def read(path):
    """The tensors, flat, and the strings of a checkpoint."""
    content = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    strings = header.pop("__metadata__", {})
    data = content[8 + length:]
    return {name: array.array("f", data[slice(*entry["data_offsets"])]) for name, entry in header.items()}, strings


def write(path, tensors):
    """Writes {name: (shape, bytes)}, of little-endian float32."""
    header, end = {}, 0
    for name, (shape, data) in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    content = [struct.pack("<Q", len(text)), text, *(data for _, data in tensors.values())]
    Path(path).write_bytes(b"".join(content))
