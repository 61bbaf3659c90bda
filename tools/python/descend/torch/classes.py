# SPDX-License-Identifier: MIT
"""torch.optim's classes, with steps by the library."""

import functools

import torch

from descend.errors import Error
from descend.torch import kinds
from descend.torch.engine import Engine, check_param


class Fused:
    """To be inherited before a class of torch.optim, whose options, groups and state it leaves as they are: one
    parallel pass updates all parameters in their own memory, on torch.get_num_threads() threads. A step that raises
    Error has changed nothing."""

    kind_class, kind_name = kinds.Kind, None
    engine = None

    @classmethod
    @functools.lru_cache(maxsize=None)
    def kind(cls):
        torch_class = next(base for base in cls.__mro__ if base.__module__.startswith("torch.optim."))
        return cls.kind_class(torch_class, cls.kind_name)

    def add_param_group(self, param_group):
        super().add_param_group(param_group)
        try:
            self.check_group(self.param_groups[-1])
        except BaseException:
            self.param_groups.pop()
            raise

    def check_group(self, group):
        self.kind().config(self.kind().options_of(group))
        for param in group["params"]:
            if not torch.nn.parameter.is_lazy(param):  # that is checked when it exists, in its first step
                check_param(param)
        if len(set(map(id, group["params"]))) != len(group["params"]):
            raise Error("a parameter is in its group twice")

    def step(self, closure=None):
        """Takes one step. closure, if there is one, computes the loss and the gradients again, and its loss is
        returned."""
        if not torch.autograd._profiler_enabled():  # pylint: disable=protected-access
            return self.take_step(closure)
        with torch.autograd.profiler.record_function(f"Optimizer.step#{type(self).__name__}.step"):
            loss = self.take_step(closure)
            self._optimizer_step_code()
            return loss

    # So that torch 1.13 does not wrap it in the same for the profiler, always, which takes longer than a small update.
    # Later versions have hooks of the user's in their wrapper.
    step.hooked = not hasattr(torch.optim.Optimizer, "register_step_post_hook")

    def take_step(self, closure):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        engine, self.engine = self.engine, None  # where anything is refused, the next step begins with a new one
        if engine is None or not engine.fits(self.param_groups, self.state):
            engine = Engine(self.kind(), self.param_groups, self.state, engine)
        engine.step(self.state)
        self.engine = engine
        return loss


class SGD(Fused, torch.optim.SGD):
    """torch.optim.SGD"""
    kind_class, kind_name = kinds.SGD, "sgd"


class Momentum(SGD):
    """SGD with a momentum of 0.9"""

    def __init__(self, params, lr, momentum=0.9, **options):
        super().__init__(params, lr, momentum, **options)


class RMSprop(Fused, torch.optim.RMSprop):
    """torch.optim.RMSprop"""
    kind_name = "rmsprop"


class Adam(Fused, torch.optim.Adam):
    """torch.optim.Adam"""
    kind_name = "adam"


class AdamW(Fused, torch.optim.AdamW):
    """torch.optim.AdamW"""
    kind_name = "adamw"


class Adagrad(Fused, torch.optim.Adagrad):
    """torch.optim.Adagrad"""
    kind_class, kind_name = kinds.Adagrad, "adagrad"


class Adadelta(Fused, torch.optim.Adadelta):
    """torch.optim.Adadelta"""
    kind_name = "adadelta"


class Adamax(Fused, torch.optim.Adamax):
    """torch.optim.Adamax"""
    kind_name = "adamax"


class NAdam(Fused, torch.optim.NAdam):
    """torch.optim.NAdam of 2.x, which has mended a factor in 1.13's"""
    kind_class, kind_name = kinds.NAdam, "nadam"


class RAdam(Fused, torch.optim.RAdam):
    """torch.optim.RAdam"""
    kind_name = "radam"


class Rprop(Fused, torch.optim.Rprop):
    """torch.optim.Rprop"""
    kind_name = "rprop"


class ASGD(Fused, torch.optim.ASGD):
    """torch.optim.ASGD, but that a changed lr takes effect at once, and not one step later"""
    kind_class, kind_name = kinds.ASGD, "asgd"


CLASSES = {name: found for name, found in vars().items() if getattr(found, "kind_name", None)}
