# SPDX-License-Identifier: MIT
"""What the tests of descend.torch share. To be imported before torch, which reads its environment when it is loaded."""

import os
import sys
import unittest
from pathlib import Path

os.environ["ATEN_CPU_CAPABILITY"] = "default"
sys.path.insert(0, os.fspath(Path(__file__).resolve().parents[2] / "tools/python"))

try:
    import torch
except ImportError:
    print(f"{Path(sys.argv[0]).name}: skipped: no python3-torch")
    sys.exit(77)
import descend.torch.convert  # noqa: E402
import torch_nadam  # noqa: E402

INPUTS = torch.randn(8, 6, generator=torch.Generator().manual_seed(1))
TARGETS = torch.randn(8, 2, generator=torch.Generator().manual_seed(2))

# Of each class: torch's, and options of some runs. RAdam and NAdam of 1.13 have no maximize.
CLASSES = {
    "SGD": ("SGD", [{"lr": 0.1}, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01},
                    {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}]),
    "Momentum": ("SGD", [{"lr": 0.1, "momentum": 0.9}]),
    "RMSprop": ("RMSprop", [{}, {"momentum": 0.9, "centered": True, "weight_decay": 0.01}, {"maximize": True}]),
    "Adam": ("Adam", [{}, {"lr": 0.01, "betas": (0.8, 0.9), "amsgrad": True, "weight_decay": 0.1, "maximize": True}]),
    "AdamW": ("AdamW", [{}, {"eps": 1e-3, "amsgrad": True}]),
    "Adagrad": ("Adagrad", [{}, {"lr_decay": 0.1, "initial_accumulator_value": 0.3, "weight_decay": 0.1}]),
    "Adadelta": ("Adadelta", [{}, {"rho": 0.5, "weight_decay": 0.1}]),
    "Adamax": ("Adamax", [{}, {"weight_decay": 0.1, "maximize": True}]),
    "NAdam": ("NAdam", [{}, {"momentum_decay": 0.1, "weight_decay": 0.1}]),
    "RAdam": ("RAdam", [{}, {"betas": (0.5, 0.7), "weight_decay": 0.1}]),
    "Rprop": ("Rprop", [{}, {"etas": (0.4, 1.3), "step_sizes": (1e-5, 0.1)}]),
    "ASGD": ("ASGD", [{}, {"t0": 3, "lambd": 0.1, "alpha": 0.5}]),
}
RUNS = [(name, theirs, options) for name, (theirs, runs) in CLASSES.items() for options in runs]


def network():
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))


def pair(name, theirs, options):
    """A model with our optimizer, and one with torch's."""
    mine, other = network(), network()
    return mine, getattr(descend.torch, name)(mine.parameters(), **options), \
        other, getattr(torch.optim, theirs)(other.parameters(), **options)


def train(model, optimizer, steps, scheduler=None):
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(INPUTS), TARGETS).backward()
        optimizer.step()
        if scheduler:
            scheduler.step()


def tensor_bytes(tensor):
    return tensor.detach().numpy().tobytes()


def content(value):
    """Something that is equal only where types, shapes and bits are, and the order of keys."""
    if torch.is_tensor(value):
        return (value.dtype, tuple(value.shape), tensor_bytes(value))
    if isinstance(value, dict):
        return [(key, content(one)) for key, one in value.items()]
    if isinstance(value, (list, tuple)):
        return (type(value), [content(one) for one in value])
    return (type(value), value)


def params_of(optimizer):
    return [param for group in optimizer.param_groups for param in group["params"]]


def all_of(optimizer):
    """All that an optimizer owns and updates."""
    return content([optimizer.state_dict(), [param.detach() for param in params_of(optimizer)]])


class Case(unittest.TestCase):
    def setUp(self):
        torch.set_num_threads(1)

    def assert_same(self, ours, theirs):
        self.assertEqual(all_of(ours), all_of(theirs))


def main():
    """Called as `PROGRAM LIBRARY [unittest's arguments]`."""
    os.environ["DESCEND_LIBRARY"] = sys.argv.pop(1)
    torch_nadam.mend()
    unittest.main(module="__main__")
