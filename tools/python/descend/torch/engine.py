# SPDX-License-Identifier: MIT
"""The library's object over the tensors of a torch optimizer: built when parameters, states or groups change, and kept
from step to step. What is done in each step is written for speed: it takes longer than small updates."""

import ctypes
import functools
import os
from itertools import chain
from operator import is_

import torch

from descend.errors import Error
from descend.optimizer import Optimizer


@functools.lru_cache(maxsize=None)
def openmp_max_threads():
    """A function that tells how many threads the library's OpenMP takes by itself; 0 where that is not known."""
    try:
        return ctypes.CDLL("libgomp.so.1", mode=os.RTLD_NOLOAD | os.RTLD_LAZY).omp_get_max_threads
    except OSError:
        return lambda: 0


def threads_wanted():
    """For descend_exec.threads: as many as torch has. Where the library's OpenMP takes as many by itself, 0: then the
    library stays on one thread while other programs use the processors."""
    threads = torch.get_num_threads()
    return 0 if threads == openmp_max_threads()() else threads


def is_float32(tensor):
    """Whether the library takes it, or a contiguous copy of it."""
    return tensor.layout is torch.strided and tensor.dtype is torch.float32 and tensor.is_cpu


def is_ours(tensor):
    """Whether it is of the kind that the library takes."""
    return (tensor.layout is torch.strided and tensor.dtype is torch.float32 and tensor.is_cpu
            and tensor.is_contiguous() and not tensor.is_neg())


def check_param(param):
    if not is_ours(param):
        raise Error(f"a parameter of shape {list(param.shape)} is {param.dtype} on {param.device}, {param.layout}: "
                    "descend.torch has contiguous float32 in this machine's memory only")


def contiguous(grad, param):
    """A contiguous copy of a gradient that is not, as the library reads it."""
    if not (is_float32(grad) and grad.shape == param.shape):
        raise Error(f"the gradient of a parameter of shape {list(param.shape)} is {grad.dtype} on {grad.device}, "
                    f"{grad.layout}, of shape {list(grad.shape)}: descend.torch has dense float32 only")
    return grad.detach().contiguous().resolve_neg()


def array_in(state, key, param):
    """A tensor of a parameter's state that a step writes. One that is not contiguous is replaced by a copy."""
    tensor = state[key]
    if not (torch.is_tensor(tensor) and is_float32(tensor) and tensor.shape == param.shape):
        raise Error(f"{key} in the state of a parameter is no float32 tensor of shape {list(param.shape)}")
    if not is_ours(tensor):
        tensor = state[key] = tensor.contiguous().resolve_neg()
    return tensor


def scalar_in(state, key):
    """A tensor of one number, which torch takes of any type. One that is not float32 is replaced by one that is."""
    tensor = state[key]
    if tensor.numel() != 1 or not tensor.is_cpu or tensor.is_complex():
        raise Error(f"{key} in the state of a parameter is not one real number in this machine's memory")
    if not is_ours(tensor):
        tensor = state[key] = tensor.to(torch.float32).resolve_neg()
    return tensor


class Slot:
    """A parameter in the object, and its state. count is the number of its steps so far. Where something is to be added
    to torch's state, state is a copy until a step has been taken: published says whether it is torch's."""

    __slots__ = ("group", "param", "n", "state", "count", "published", "arrays", "scalars", "numbers", "number",
                 "nothing")

    def __init__(self, kind, group, param, state, config, values):
        check_param(param)
        self.group, self.param, self.n = group, param, param.numel()
        given = state or {}
        self.state, self.count = dict(given), kind.count(given)
        kind.complete(self.state, param, values)
        missing = [key for key in config.arrays() if key not in self.state]
        if missing:
            raise Error(f"the state of a parameter that has taken steps has no {', '.join(missing)}")
        self.arrays = {key: array_in(self.state, key, param) for key in config.arrays()}
        self.scalars = {key: scalar_in(self.state, key) for key in kind.scalars(self.state)}
        self.published = bool(given) and list(map(id, self.state.values())) == list(map(id, given.values()))
        if self.published:
            self.state = given
        # Numbers are read and written by ctypes: an operation of torch on each takes longer than a small update.
        self.numbers = {key: ctypes.c_float.from_address(scalar.data_ptr()) for key, scalar in self.scalars.items()}
        self.number = self.numbers.get("step")
        self.nothing = param.detach().view(-1)[:0]  # changing it counts the parameter's version up

    def check_start(self, config):
        """The library's first step writes the start values, whatever a state has."""
        for key, tensor in self.arrays.items():
            if not bool((tensor == config.start(key)).all()):
                raise Error(f"{key} of a parameter is not what it starts at, though the parameter has taken no step")

    def finish(self):
        """Counts a step."""
        if self.number is not None:
            self.count += 1
            self.number.value = self.count
        elif "step" in self.state:
            self.count += 1
            self.state["step"] = self.count


class Picture:
    """What a step has left, to see at the next one whether all is still so."""

    def __init__(self, slots, states):
        self.all_states, self.states = list(states.values()), [slot.state for slot in slots]
        self.params, self.sizes = [slot.param for slot in slots], [slot.n for slot in slots]
        self.tensors = [tensor for slot in slots
                        for tensor in (slot.param, *slot.arrays.values(), *slot.scalars.values())]
        self.starts = list(map(torch.Tensor.data_ptr, self.tensors))
        self.numbers = [slot.number for slot in slots if slot.number is not None]
        self.values = None
        self.take()

    def take(self):
        """After each step: what it has changed in this picture."""
        if self.values is None or len(self.numbers) < len(self.states):  # counts are values
            self.values = list(chain.from_iterable(map(dict.values, self.states)))
        self.counts = [number.value for number in self.numbers]

    def holds(self, states):
        values = list(chain.from_iterable(map(dict.values, self.states)))
        return (len(states) == len(self.all_states) and all(map(is_, states.values(), self.all_states))
                and len(values) == len(self.values) and all(map(is_, values, self.values))
                and list(map(torch.Tensor.data_ptr, self.tensors)) == self.starts
                and list(map(torch.Tensor.numel, self.params)) == self.sizes
                and all(map(torch.Tensor.is_contiguous, self.params))
                and [number.value for number in self.numbers] == self.counts)


class Engine:
    """Has the parameters that have gradients, and those of the engine before, as they will have gradients again."""

    def __init__(self, kind, groups, states, before):
        self.kind, self.values = kind, [kind.options_of(group) for group in groups]
        self.configs = [kind.config(values) for values in self.values]
        self.params = [param for group in groups for param in group["params"]]
        self.lengths = [len(group["params"]) for group in groups]
        known = {id(slot.param) for slot in before.slots} if before else set()
        self.slots = [Slot(kind, number, param, states.get(param), self.configs[number], self.values[number])
                      for number, group in enumerate(groups) for param in group["params"] if param.grad is not None
                      or id(param) in known and states.get(param) and is_ours(param)]
        known = {id(slot.param) for slot in self.slots}
        self.idle = [param for param in self.params if id(param) not in known]
        self.check_starts(states)
        self.optimizer = self.make()
        self.addresses = [0] * len(self.slots)
        self.nothings = [slot.nothing for slot in self.slots]
        self.picture = Picture(self.slots, states)

    def check_starts(self, states):
        slots = [slot for slot in self.slots if slot.count == 0
                 and any((states.get(slot.param) or {}).get(key) is not None for key in slot.arrays)]
        for slot in slots:
            self.kind.fit(self.configs[slot.group], slot.state)
        for slot in slots:
            slot.check_start(self.configs[slot.group])

    def make(self):
        optimizer = Optimizer(self.configs[0])
        for config in self.configs[1:]:
            optimizer.group(config)
        for index, slot in enumerate(self.slots):
            written = {**slot.arrays, **slot.scalars}
            states = {key: tensor for key, tensor in written.items() if key in optimizer.states}
            optimizer.add(str(index), slot.param, group=slot.group, states=states, step=slot.count)
        return optimizer

    def fits(self, groups, states):
        """Whether all is still as the last step has left it, but for gradients and options, which it takes over."""
        params = [param for group in groups for param in group["params"]]
        if [len(group["params"]) for group in groups] != self.lengths or not all(map(is_, params, self.params)):
            return False
        if not self.picture.holds(states):
            return False
        if self.idle and any(param.grad is not None for param in self.idle):
            return False
        return all(self.take_options(number, self.kind.options_of(group)) for number, group in enumerate(groups))

    def take_options(self, number, values):
        """Returns whether this object can have them."""
        if values == self.values[number]:
            return True
        config = self.configs[number]
        before = config.arrays()
        config.set_options(**{option: value for option, value, old in
                              zip(self.kind.options, values, self.values[number]) if value != old})
        if config.arrays() != before:
            return False
        self.optimizer.configure(config, number)
        self.values[number] = values
        return True

    def gradients(self):
        """The gradient of each slot as the library reads it, or None."""
        grads, sizes = [param.grad for param in self.picture.params], self.picture.sizes
        for index, grad in enumerate(grads):
            if grad is not None and not (is_ours(grad) and grad.numel() == sizes[index]):
                grads[index] = contiguous(grad, self.slots[index].param)
        return grads

    def set_gradients(self, grads):
        addresses = [0 if grad is None else grad.data_ptr() for grad in grads]
        if addresses != self.addresses:
            c, c_optimizer = self.optimizer.c, self.optimizer.c_optimizer
            for index, (address, before) in enumerate(zip(addresses, self.addresses)):
                if address != before:
                    self.optimizer.library.check(c.descend_optimizer_set_grad(c_optimizer, index, address or None))
            self.addresses = addresses

    def step(self, states):
        grads = self.gradients()
        stepped = [slot for slot, grad in zip(self.slots, grads) if grad is not None]
        if not stepped:
            return
        self.set_gradients(grads)
        run = self.optimizer.exec
        run.threads = threads_wanted()
        nothings = self.nothings if len(stepped) == len(self.slots) else [slot.nothing for slot in stepped]
        torch._foreach_zero_(nothings)  # pylint: disable=protected-access; refuses tensors of inference_mode outside it
        self.optimizer.library.check(self.optimizer.call(None, ctypes.byref(run)))
        for slot in stepped:
            slot.finish()
        self.kind.finish(stepped, self.configs)
        if self.publish(stepped, states):
            self.picture = Picture(self.slots, states)
        else:
            self.picture.take()

    def publish(self, stepped, states):
        """Gives new states to torch, and returns whether there are any."""
        slots = [slot for slot in stepped if not slot.published]
        for slot in slots:
            states[slot.param].update(slot.state)
            slot.state, slot.published = states[slot.param], True
        return bool(slots)
