# SPDX-License-Identifier: MIT
"""The caller's arrays: what the library may read and write, and whether it still lies where it lay."""

import math
import weakref

import numpy

from descend.errors import Error

NUMPY_TYPES = {"<f4": "float32", "<f2": "float16", "<i2": "int16"}


def find(name, array, written, types):
    """Where an array begins, how many elements it has, and its type. Raises Error where it has none of these types,
    where the library cannot use it, or would write what is read-only."""
    if hasattr(array, "data_ptr"):  # torch
        dtype = str(array.dtype).removeprefix("torch.")
        fits = (array.device.type == "cpu" and str(array.layout) == "torch.strided" and array.is_contiguous()
                and dtype in types and not array.is_neg())  # negated only when it is read
        start, read_only, n = array.data_ptr() if fits else None, False, array.numel()
    else:
        interface = getattr(array, "__array_interface__", {})
        dtype = NUMPY_TYPES.get(interface.get("typestr"))
        fits = (dtype in types and interface.get("strides") is None
                and isinstance(interface.get("data"), tuple)  # not a buffer, which says nothing of read-only
                and not isinstance(array, numpy.generic))  # a number, whose memory is a copy that is gone
        start, read_only = interface["data"] if fits else (None, False)
        n = math.prod(interface.get("shape", ()))
    if not fits:
        raise Error(f"{name} is not a contiguous array of {' or '.join(types)} in this machine's memory")
    if read_only and written:
        raise Error(f"{name} is read-only")
    return start, n, dtype


class Arrays:
    """Arrays by name, checked here, once, and kept: an array that torch has given other memory since (resize_, set_,
    data = …) is refused by check, and numpy refuses to resize one. types has, by name, the types that each may have.
    sizes has the number of elements of those that have not n."""

    def __init__(self, arrays, types, n, sizes=None):
        self.arrays, self.n = arrays, n
        found = {name: find(name, array, name != "grad", types[name]) for name, array in arrays.items()}
        for name, (_, count, _) in found.items():
            wanted = (sizes or {}).get(name, n)
            if count != wanted:
                raise Error(f"{name} has {count} elements, not {wanted}")
        self.start = {name: start for name, (start, _, _) in found.items()}
        self.dtype = {name: dtype for name, (_, _, dtype) in found.items()}
        self.pins = [weakref.ref(array) for array in arrays.values()]  # numpy resizes no array that has one
        self.data_ptrs = [array.data_ptr for array in arrays.values() if hasattr(array, "data_ptr")]
        self.starts = [data_ptr() for data_ptr in self.data_ptrs]

    def moved(self):
        return [data_ptr() for data_ptr in self.data_ptrs] != self.starts

    def check(self):
        if self.moved():
            raise Error("an array has other memory than at first")


def count(array):
    """The number of elements of an array, of numpy or of torch."""
    return array.numel() if hasattr(array, "data_ptr") else math.prod(getattr(array, "shape", ()))
