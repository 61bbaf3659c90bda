# SPDX-License-Identifier: MIT
"""The functions over flat arrays (include/descend/config.h)."""

import ctypes
import functools

from descend import c as declarations
from descend.arrays import Arrays, count
from descend.errors import Error


def check_states(config, states):
    missing = [state for state in config.arrays() if state not in states]
    if missing:
        raise Error(f"{config.optimizer} with this config needs {', '.join(missing)}")


class Flat:
    """The steps of one parameter array of float32. The fields of config and exec may be changed between steps.

    states has an array for each state that the config uses, by name; for the arrays see Arrays. number is the number of
    steps so far, and scalars has the states of one number (NAdam's mu_product), which are kept here.
    """

    def __init__(self, config, param, grad, states):
        self.config, self.param, self.grad, self.states = config, param, grad, states
        self.exec, self.number = declarations.Exec(), 0
        self.scalars = {state: config.start(state) for state, scalar in config.scalars.items() if scalar}
        check_states(config, states)
        given = [state for state, scalar in config.scalars.items() if state in states and not scalar]
        arrays = {"param": param, "grad": grad, **{state: states[state] for state in given}}
        self.kept = Arrays(arrays, dict.fromkeys(arrays, ["float32"]), count(param))
        # Ready-made C values: to convert Python's at each call would take longer than a small update.
        address = {name: ctypes.c_void_p(start) for name, start in self.kept.start.items()}
        self.c_step, self.c_scalars = ctypes.c_uint64(), {state: ctypes.c_float() for state in self.scalars}
        pointers = [ctypes.cast(ctypes.pointer(self.c_scalars[state]), ctypes.c_void_p) if scalar
                    else address.get(state) for state, scalar in config.scalars.items()]
        self.call = functools.partial(config.library.c.descend_step, config.pointer, self.c_step, address["param"],
                                      address["grad"], (ctypes.c_void_p * len(pointers))(*pointers),
                                      ctypes.c_size_t(self.kept.n), ctypes.byref(self.exec))

    def step(self):
        """Raises Refused where the library refuses, with nothing changed."""
        self.kept.check()
        self.c_step.value = number = self.number + 1
        for state, scalar in self.c_scalars.items():
            scalar.value = self.config.advance(number, self.scalars[state])
        status = self.call()
        if status != 0:
            self.config.library.check(status)
        self.number = number
        for state, scalar in self.c_scalars.items():
            self.scalars[state] = scalar.value


def step(config, number, param, grad, states):
    """One step over arrays of float32, as by descend_adam_step and the like. number counts from 1. states has, by name,
    the arrays that the config uses; of NAdam also mu_product, the number before this step, which is replaced."""
    flat = Flat(config, param, grad, states)
    flat.number = number - 1
    flat.scalars.update({state: states[state] for state in flat.scalars if state in states})
    flat.step()
    states.update(flat.scalars)
