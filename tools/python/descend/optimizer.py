# SPDX-License-Identifier: MIT
"""The optimizer object (include/descend/optimizer.h) and its files (checkpoint.h)."""

import collections
import ctypes
import functools
import os
import weakref

import numpy

from descend import c as declarations
from descend.arrays import Arrays, count
from descend.options import Config
from descend.errors import Error, Refused

FLOATS = ["float32", "bfloat16", "float16"]
WITH_ERRNO = (80, 81, 82)  # DESCEND_FILE_OPEN, _READ and _WRITE

Measurement = collections.namedtuple("Measurement", "norm norm_inf finite")


class Optimizer:
    """Many tensors in one parallel pass. exec says how to run, and may be changed between calls.

    What is refused, by Error or Refused, has changed nothing. The arrays are the caller's, and kept: see Arrays.
    """

    def __init__(self, config):
        self.library, self.kind, self.c = config.library, config.optimizer, config.library.c
        self.states = list(config.scalars)
        self.scalar_states = [state for state, scalar in config.scalars.items() if scalar]
        self.exec, self.kept, self.grads = declarations.Exec(), [], {}
        self.c_optimizer = declarations.OPTIMIZER()
        self.library.check(self.c.descend_optimizer_create(ctypes.byref(self.c_optimizer), config.pointer))
        # With the pointer, which copies of this object share; at the process's end threads may still use it.
        weakref.finalize(self.c_optimizer, self.c.descend_optimizer_destroy, self.c_optimizer.value).atexit = False
        self.call = functools.partial(self.c.descend_optimizer_step, self.c_optimizer)

    def group(self, config):
        """Adds a group, and returns its number. Group 0 is there from the beginning."""
        number = ctypes.c_uint()
        self.library.check(self.c.descend_optimizer_group(self.c_optimizer, config.pointer, ctypes.byref(number)))
        return number.value

    def config(self, group=0):
        """A copy of a group's config."""
        config = Config(self.library, self.kind)
        self.library.check(self.c.descend_optimizer_config(self.c_optimizer, group, config.pointer))
        return config

    def configure(self, config, group=0):
        self.library.check(self.c.descend_optimizer_configure(self.c_optimizer, group, config.pointer))

    def set_lr(self, lr, group=0):
        self.library.check(self.c.descend_optimizer_set_lr(self.c_optimizer, group, lr))

    def set_seed(self, seed):
        """Of the random numbers by which arrays of fewer bytes are rounded."""
        self.library.check(self.c.descend_optimizer_set_seed(self.c_optimizer, seed))

    def add(self, name, param, grad=None, *, group=0, states=None, low=None, copy=None, step=0):
        """Adds a tensor, and returns its number.

        states has, by name, an array, or the name of the type (of c.DTYPES) in which the object keeps that state; those
        that are not given it keeps as float32. step is the number of steps taken so far: where it is 0, the first step
        writes the states' start values; else their values count. low, of int16, makes a bfloat16 parameter a split one:
        it has the lower halves of float32's bits. copy, of bfloat16 or float16, gets each step's parameter.
        """
        states = states or {}
        for state, array in states.items():
            if state not in self.states:
                raise Error(f"{self.kind} has no state {state}; it has {', '.join(self.states)}")
            if isinstance(array, str) and array not in declarations.DTYPES:
                raise Error(f"{state} cannot be {array}, only {', '.join(declarations.DTYPES)}")
        arrays = {"param": param, "grad": grad, "low": low, "copy": copy,
                  **{state: array for state, array in states.items() if not isinstance(array, str)}}
        arrays = {key: array for key, array in arrays.items() if array is not None}
        types = {**dict.fromkeys(arrays, FLOATS), "copy": FLOATS[1:], "low": ["int16"]}
        if low is not None:
            types["param"] = ["bfloat16"]
        kept = Arrays(arrays, types, count(param), dict.fromkeys(self.scalar_states, 1))
        tensor = self.c_tensor(name, kept, step)
        for state, array in states.items():
            if isinstance(array, str):
                tensor.state[self.states.index(state)] = declarations.Array(None, declarations.DTYPES[array])
        self.library.check(self.c.descend_optimizer_add(self.c_optimizer, group, ctypes.byref(tensor), 1))
        self.kept.append(kept)
        return len(self.kept) - 1

    def c_tensor(self, name, kept, step):
        arrays = {key: declarations.Array(kept.start[key], declarations.DTYPES[dtype])
                  for key, dtype in kept.dtype.items() if key != "low"}
        if "low" in kept.start:
            arrays["param"] = declarations.Array(kept.start["param"], declarations.BF16_SPLIT, kept.start["low"])
        tensor = declarations.Tensor(name=declarations.text(name.encode()), n=kept.n, step=step)
        for key, array in arrays.items():
            if key in self.states:
                tensor.state[self.states.index(key)] = array
            else:
                setattr(tensor, key, array)
        return tensor

    def set_grad(self, tensor, grad):
        """The array that a tensor's gradient is read from, of the type of the one before. None: it is absent."""
        added = self.kept[tensor]
        kept = None
        if grad is not None:
            kept = Arrays({"grad": grad}, {"grad": [added.dtype.get("grad", "float32")]}, added.n)
        start = kept.start["grad"] if kept else None
        self.library.check(self.c.descend_optimizer_set_grad(self.c_optimizer, tensor, start))
        self.grads[tensor] = kept

    def check_arrays(self):
        for kept in self.kept:
            kept.check()
        for kept in filter(None, self.grads.values()):
            kept.check()

    def step(self, *, grad_scale=None, zero_grad=False, flush_subnormals=False):
        """The arguments are descend_pass's."""
        self.check_arrays()
        scale = None if grad_scale is None else ctypes.pointer(ctypes.c_double(grad_scale))
        self.library.check(self.call(ctypes.byref(declarations.Pass(scale, zero_grad, flush_subnormals)),
                                     ctypes.byref(self.exec)))

    def zero_grad(self):
        self.check_arrays()
        self.library.check(self.c.descend_optimizer_zero_grad(self.c_optimizer, self.exec))

    def measure(self):
        """The norm, the largest magnitude and whether all is finite, of all gradients together."""
        self.check_arrays()
        found = declarations.Measurement()
        self.library.check(self.c.descend_optimizer_measure(self.c_optimizer, self.exec, found))
        return Measurement(found.norm, found.norm_inf, found.finite)

    def tensor(self, number):
        tensor = declarations.Tensor()
        self.library.check(self.c.descend_optimizer_tensor(self.c_optimizer, number, tensor, None))
        return tensor

    def steps(self, tensor):
        """The number of steps that a tensor has taken."""
        return self.tensor(tensor).step

    def state(self, tensor, state):
        """A copy of a state as float32 of numpy, or None where no step has used it."""
        array = self.tensor(tensor).state[self.states.index(state)]
        if not array.data:
            return None
        n = self.c.descend_optimizer_state_length(self.c_optimizer, tensor, self.states.index(state))
        values = numpy.empty(n, numpy.float32)
        self.library.check(self.c.descend_array_load(array, n, values.ctypes.data))
        return values

    def save(self, path, *, params=True, notes=None):
        """notes are texts for the file, by their keys."""
        self.check_arrays()
        self.file(self.library.files.descend_optimizer_save, path, params, notes)

    def load(self, path, *, params=True, notes=None):
        """Of a file of the same kind, groups and tensors. The file must have these notes."""
        self.check_arrays()
        self.file(self.library.files.descend_optimizer_load, path, params, notes)

    def file(self, function, path, params, notes):
        pairs = [declarations.Note(declarations.text(key.encode()), declarations.text(value.encode()))
                 for key, value in (notes or {}).items()]
        checkpoint = declarations.Checkpoint(params=params, notes=(declarations.Note * len(pairs))(*pairs),
                                             note_count=len(pairs))
        try:
            self.library.check(function(self.c_optimizer, declarations.text(os.fsencode(path)), checkpoint))
        except Refused as refusal:
            cause = f": {os.strerror(ctypes.get_errno())}" if refusal.status in WITH_ERRNO else ""
            raise Refused(refusal.status, f"{os.fspath(path)}: {refusal}{cause}") from None
