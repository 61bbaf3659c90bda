# SPDX-License-Identifier: MIT
"""Optimizer updates of libdescend for numpy's arrays and torch's tensors.

    config = descend.config("adam", lr=0.01, betas=(0.9, 0.99))  # torch.optim's options; the others have their defaults
    states = config.start_states(param)
    descend.step(config, 1, param, grad, states)    # one step over flat arrays; Flat takes step after step
    optimizer = descend.Optimizer(config)           # many tensors in one pass; optimizer.add("weight", weight, grad)

What optimizers there are, their options and their states come from the library. Names of options and states are
torch's. Arrays are the caller's: contiguous, in this machine's memory, and writable but for the gradient. descend.torch
has torch.optim's classes.
"""

from descend.errors import Error, Refused
from descend.flat import Flat, step
from descend.library import Library, default, find_library
from descend.optimizer import Measurement, Optimizer
from descend.options import Config
from descend.safetensors import b8_load

__all__ = ["Config", "Error", "Flat", "Library", "Measurement", "Optimizer", "Refused", "b8_load", "config", "default",
           "find_library", "step"]


def config(optimizer, **options):
    """The config of one kind of optimizer in the library that find_library finds."""
    return default().config(optimizer, **options)
