# SPDX-License-Identifier: MIT
"""What torch's classes keep for a parameter, and how that is the library's."""

import torch

from descend.errors import Error
from descend.library import default

NOT_HERE = ("capturable", "differentiable", "fused")  # options of torch that have to be off


class Kind:
    """One of torch's classes, and its name in the library."""

    begins_with_state = False  # whether torch makes a parameter's state with the optimizer

    def __init__(self, torch_class, name):
        self.torch_class, self.name, self.library = torch_class, name, default()
        self.options = self.library.config(name).torch_options()  # and their defaults: a torch may not have all of them
        self.last_layout = (None, None)

    def layout(self, values):
        """What the installed torch's class keeps, with these options, after a step of a parameter of two elements."""
        known, layout = self.last_layout  # read at once: another thread may replace it
        if known != values:
            param = torch.zeros(2, dtype=torch.float32, requires_grad=True)
            param.grad = torch.ones_like(param)
            optimizer = self.torch_class([{"params": [param], **dict(zip(self.options, values))}], lr=1.0)
            optimizer.step()
            layout = dict(optimizer.state[param])
            self.last_layout = (values, layout)
        return layout

    def options_of(self, group):
        """The values of those options that the library has. Raises Error where another one is on."""
        for option in NOT_HERE:
            if group.get(option):
                raise Error(f"descend.torch has no {option}={group[option]}")
        values = [group.get(option, value) for option, value in self.options.items()]
        return [value.item() if torch.is_tensor(value) else value for value in values]

    def config(self, values):
        return self.library.config(self.name, **dict(zip(self.options, values)))

    def count(self, state):
        """The number of steps of a parameter with this state."""
        step = float(state.get("step", 0))
        if not (step.is_integer() and step >= 0):
            raise Error(f"the state of a parameter has {step} steps")
        return int(step)

    def complete(self, state, param, values):
        """Adds to a parameter's state what is missing before a step. Arrays are for the step to write."""
        if not state:
            for key, value in self.layout(values).items():
                if not torch.is_tensor(value):  # a count, or None
                    state[key] = value and 0
                elif value.numel() == 1:  # of torch's default type, or of lr's
                    state[key] = torch.full_like(value, key != "step", dtype=torch.float32)
                else:
                    state[key] = torch.empty_like(param)

    def scalars(self, state):
        """The keys of tensors of one number."""
        return [key for key in ("step", "mu_product", "eta", "mu") if torch.is_tensor(state.get(key))]

    def fit(self, config, state):
        """Changes a config so that its start values are those in the state of a parameter that has taken no step."""

    def finish(self, slots, configs):
        """After a step of these slots: writes what is left of their states. configs are the groups'."""


class SGD(Kind):
    """torch counts no steps; only whether there is a buffer matters."""

    def count(self, state):
        return int(state.get("momentum_buffer") is not None)

    def complete(self, state, param, values):
        if state.get("momentum_buffer") is None:
            state.clear()
        super().complete(state, param, values)


class Adagrad(Kind):
    """torch makes the state with the optimizer, by that one's options and not the group's."""

    begins_with_state = True

    def fit(self, config, state):
        if state["sum"].numel():
            config["initial_accumulator_value"] = state["sum"].flatten()[0]


class ASGD(Kind):
    """torch keeps the next step's coefficients, which the library computes in the step."""

    def finish(self, slots, configs):
        options = [config.torch_options() for config in configs]
        for slot in slots:
            lr, lambd, alpha, t0 = (options[slot.group][option] for option in ("lr", "lambd", "alpha", "t0"))
            try:
                slot.numbers["eta"].value = lr / (1 + lambd * lr * slot.count) ** alpha
            except OverflowError:  # the library's power is infinite
                slot.numbers["eta"].value = 0
            slot.numbers["mu"].value = 1 / max(1, slot.count - t0)


class NAdam(Kind):
    """torch has a product of momenta for a parameter without elements, too."""

    def finish(self, slots, configs):
        for slot in slots:
            if slot.n == 0:
                product = slot.numbers["mu_product"]
                product.value = configs[slot.group].advance(slot.count, product.value)
