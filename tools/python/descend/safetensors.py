# SPDX-License-Identifier: MIT
"""Files in the safetensors format, without the library: to look into what it has saved, and to write float32."""

import json
import pathlib
import struct

import numpy

NUMPY_DTYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "I16": "<i2", "U8": "u1"}


def read(path):
    """The tensors, as arrays of numpy that cannot be written (bfloat16 as its bits), and the texts of the metadata."""
    content = pathlib.Path(path).read_bytes()
    try:
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8:8 + length])
        texts = header.pop("__metadata__", {})
        data = content[8 + length:]
        return {name: numpy.frombuffer(data[slice(*entry["data_offsets"])], NUMPY_DTYPES[entry["dtype"]])
                .reshape(entry["shape"]) for name, entry in header.items()}, texts
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no safetensors file of these types: {type(error).__name__}: {error}") from None


def write(path, tensors):
    """Writes {name: (shape, bytes)}, of little-endian float32."""
    header, end = {}, 0
    for name, (shape, data) in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    content = [struct.pack("<Q", len(text)), text, *(data for _, data in tensors.values())]
    pathlib.Path(path).write_bytes(b"".join(content))


def b8_load(codes, bases, storage):
    """What a state of a checkpoint holds that is stored in 8 bits, as float32 of numpy: from the arrays under its key
    and under the key + ".base", and the text in the metadata under "storage." + the key, "b8" or "ub8"."""
    code, top, sign = (codes & 127, 126, codes & 128) if storage == "b8" else (codes, 254, 0 * codes)
    bits = numpy.where(code > top, 0x7fc00000, (code + numpy.repeat(bases.astype("u4"), 256)[:codes.size]) << 20)
    return (numpy.where((code == 0) & (storage == "b8"), 0, bits) | sign.astype("u4") << 24).astype("u4").view("f4")
