# SPDX-License-Identifier: MIT
"""What all parts of the comparison speak of."""

import dataclasses
import pathlib

SAME, DIFFERENT, FAILED = 0, 1, 2  # exit statuses


class Failure(Exception):
    """Ends the program with its line."""


@dataclasses.dataclass
class Task:
    """What both sides train: the options of compare.py."""
    train: pathlib.Path  # descend-train
    library: pathlib.Path
    out: pathlib.Path  # where all files go
    data: pathlib.Path
    epochs: int
    batch: int
    hidden: int
    seed: int
    threads: int

    @property
    def init(self):
        return self.out / "init.safetensors"


@dataclasses.dataclass
class Run:
    """One optimizer's training on one side."""
    by: str  # the program, its version and its variant
    losses: list  # of each step's batch, before the update
    loss: float  # of all training images, with the final parameters
    accuracy: float  # of the test images, 0 … 1
    update: float  # median seconds of a step's update


@dataclasses.dataclass
class Setup:
    """One optimizer, as both sides have it."""
    name: str  # descend-train's
    kind: str  # descend's
    fields: dict  # of its config
    torch_class: str  # in torch.optim
    torch_options: dict

    @property
    def title(self):
        return {"momentum": "Momentum"}.get(self.name, self.torch_class)
