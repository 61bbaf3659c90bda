# SPDX-License-Identifier: MIT
"""torch's checkpoints as the library's files, and back.

A checkpoint of torch is what torch.save has written of {"model": model.state_dict(), "optimizer":
optimizer.state_dict()}; it may have more. What a state dict has and the library has not is in notes of the library's
file.
"""

import ast
import collections
import os
import pathlib

import torch

from descend import safetensors
from descend.errors import Error
from descend.library import default
from descend.optimizer import Optimizer
from descend.torch.classes import CLASSES
from descend.torch.engine import Slot

NAMES = {name.lower(): found for name, found in CLASSES.items()}
BUFFERS = ("running_mean", "running_var", "num_batches_tracked")  # of torch's layers: no parameters
NOTES = ("torch.param_groups", "torch.shapes", "torch.scalars")


def literal(value):
    """As text that literal_eval reads. Raises Error where it has no such text."""
    text = repr(value)
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise Error(f"there is no text for {text}") from None
    return text


def are_dicts(*values):
    return all(isinstance(value, dict) for value in values)


def load(path):
    """A checkpoint of torch, in this machine's memory."""
    try:
        saved = torch.load(path, map_location="cpu")
    except OSError:
        raise
    except Exception as error:  # of any kind: the file may have any code
        raise Error(f"{path} cannot be loaded by torch: {type(error).__name__}: {error}") from None
    if not (are_dicts(saved) and are_dicts(saved.get("model"), saved.get("optimizer"))):
        raise Error(f"{path} is no dictionary with the state dicts 'model' and 'optimizer'")
    groups, states = (saved["optimizer"].get(part) for part in ("param_groups", "state"))
    if not (groups and isinstance(groups, list) and are_dicts(*groups) and all("params" in group for group in groups)
            and are_dicts(states) and are_dicts(*states.values())):
        raise Error(f"{path} has under 'optimizer' no state dict of an optimizer of torch")
    return saved


def parameter_names(saved, count, groups):
    """The names of the optimizer's parameters, where they follow from the model's."""
    names = [name for name in saved["model"] if name.rpartition(".")[2] not in BUFFERS]
    if len(names) != count:
        raise Error(f"the optimizer has {count} parameters, and the model {len(names)} tensors: their names, in the "
                    "optimizer's order, have to be given by --names")
    if groups > 1:
        raise Error(f"the optimizer has {groups} groups, whose parameters may be in another order than the model's: "
                    "their names, in the optimizer's order, have to be given by --names")
    return names


def param_of(saved, name):
    if not torch.is_tensor(saved["model"].get(name)):
        raise Error(f"the model has no tensor {name}")
    return saved["model"][name].detach().contiguous()


def default_group(kind):
    group = kind.torch_class([torch.nn.Parameter(torch.zeros(1))], lr=1.0).param_groups[0]
    return {key: value for key, value in group.items() if key != "params"}


def missing_options(kind, groups):
    """Those that groups of this class have, and that torch does not add to groups of its earlier versions."""
    optimizer, groups = kind.torch_class([torch.nn.Parameter(torch.zeros(1))], lr=1.0), list(map(dict, groups))
    optimizer.__setstate__({"state": {}, "param_groups": groups})
    return sorted({option for group in groups for option in default_group(kind).keys() - group.keys()})


def slot_of(kind, number, name, param, state, config):
    values = kind.options_of(config.torch_options())
    if state and state.keys() != kind.layout(values).keys():
        raise Error(f"the state of {name} has {', '.join(state)}, and {kind.torch_class.__name__} with these options "
                    f"{', '.join(kind.layout(values))}")
    try:
        slot = Slot(kind, number, param, state, config, values)
        if state and slot.count == 0:
            slot.check_start(config)
    except Error as error:
        raise Error(f"{name}: {error}") from None
    return slot


def to_safetensors(source, target, optimizer_class, names=None):
    """names are those of the optimizer's parameters, in its order. Returns the names of the model's tensors that are
    not among them, which the file does not have."""
    saved = load(source)
    groups, states = saved["optimizer"]["param_groups"], saved["optimizer"]["state"]
    places = [(number, index) for number, group in enumerate(groups) for index in group["params"]]
    if names is None:
        names = parameter_names(saved, len(places), len(groups))
    if len(names) != len(places):
        raise Error(f"there are {len(names)} names, and the optimizer has {len(places)} parameters")
    kind, scalars = optimizer_class.kind(), {}
    missing = missing_options(kind, groups)
    if missing:
        raise Error(f"a group has no {', '.join(missing)}: not those of {kind.torch_class.__name__}")
    configs = [kind.config(kind.options_of(group)) for group in groups]
    optimizer = Optimizer(configs[0])
    for config in configs[1:]:
        optimizer.group(config)
    for (number, index), name in zip(places, names):
        slot = slot_of(kind, number, name, param_of(saved, name), states.get(index, {}), configs[number])
        written = {**slot.arrays, **slot.scalars}
        # SGD without momentum counts no steps. In the file 1 tells a parameter that has taken one.
        optimizer.add(name, slot.param, group=number, step=slot.count or int(index in states and not slot.arrays),
                      states={key: tensor for key, tensor in written.items() if key in optimizer.states})
        scalars[name] = {key: tensor.item() for key, tensor in slot.scalars.items()
                         if index in states and key != "step"}
    others = [{key: value for key, value in group.items() if key != "params"} for group in groups]
    shapes = {name: tuple(saved["model"][name].shape) for name in names}
    optimizer.save(target, notes=dict(zip(NOTES, map(literal, (others, shapes, scalars)))))
    return [name for name in saved["model"] if name not in shapes]


class File:
    """A file of the library, checked and read by it."""

    def __init__(self, path):
        tensors, texts = safetensors.read(path)
        library = default()
        self.kind_name = texts.get("optimizer")
        self.names = [key.removeprefix("step.") for key in texts if key.startswith("step.")]
        if self.kind_name not in library.optimizers or not self.names:
            raise Error(f"{path} is not an optimizer in a file of this library")
        self.groups = {name: int(texts[f"group_of.{name}"]) for name in self.names}
        self.notes = {note: ast.literal_eval(texts[f"note.{note}"]) for note in NOTES if f"note.{note}" in texts}
        config, self.group_count = library.config(self.kind_name), int(texts["groups"])
        self.optimizer = Optimizer(config)
        for _ in range(1, self.group_count):
            self.optimizer.group(config)
        self.params, self.states = {}, {}
        for index, name in enumerate(self.names):
            if name not in tensors:
                raise Error(f"{path} has no parameters")
            self.params[name] = torch.empty(tensors[name].size)
            self.states[name] = {key: torch.empty(1 if scalar else tensors[name].size)
                                 for key, scalar in config.scalars.items() if f"state.{name}.{key}" in tensors}
            self.optimizer.add(name, self.params[name], group=self.groups[name], states=self.states[name])
        self.optimizer.load(path)
        self.steps = {name: self.optimizer.steps(index) for index, name in enumerate(self.names)}

    def members(self, group):
        return [name for name in self.names if self.groups[name] == group]


def group_of(file, kind, number, base):
    """The options of a group: those of base, else torch's defaults, and over them the file's."""
    group = base or default_group(kind)
    for option, value in file.optimizer.config(number).torch_options().items():
        if option in group and group[option] != value:
            group[option] = value
    return group


def shaped(name, param, shape):
    try:
        return param.reshape(shape)
    except RuntimeError:
        raise Error(f"{name} has {param.numel()} elements, and not the shape {list(shape)}") from None


def state_of(file, kind, name, group, param):
    """The state of a parameter, as torch keeps it."""
    values, count = kind.options_of(group), file.steps[name]
    slot = Slot(kind, 0, param, None, kind.config(values), values)
    for key, array in slot.arrays.items():
        if key in file.states[name]:
            array.copy_(file.states[name][key].reshape(param.shape))
        elif count and slot.n:
            raise Error(f"{name} has taken {count} steps, and has no {key}")
        else:
            array.fill_(kind.config(values).start(key))
    slot.count = count - 1
    slot.finish()
    kind.finish([slot], [kind.config(values)])
    for key, value in file.notes.get("torch.scalars", {}).get(name, {}).items():
        slot.scalars[key].fill_(value)
    for key in set(slot.scalars) & set(file.states[name]):
        if slot.n:
            slot.scalars[key].fill_(file.states[name][key].item())
    return slot.state


def from_safetensors(source, target, like=None):
    """Writes a checkpoint of torch. like is one with the same parameters: their shapes, and all that the file does not
    have, are taken from it."""
    file = File(source)
    saved = load(like) if like else {"model": collections.OrderedDict(), "optimizer": {}}
    if file.kind_name not in NAMES:  # which has the library's names, and momentum
        raise Error(f"torch.optim has no {file.kind_name}")
    kind, shapes = NAMES[file.kind_name].kind(), dict(file.notes.get("torch.shapes", {}))
    for name in file.names if like else ():
        param = param_of(saved, name)
        if param.dtype is not torch.float32:
            raise Error(f"{like} has {name} in {param.dtype}")
        shapes[name] = tuple(param.shape)
    params = {name: shaped(name, param, shapes.get(name, (-1,))) for name, param in file.params.items()}
    bases = file.notes.get("torch.param_groups") or saved["optimizer"].get("param_groups", [])
    if bases and len(bases) != file.group_count:
        raise Error(f"{source} has {file.group_count} groups, and {like} {len(bases)}")
    groups, states, first = [], {}, 0
    for number in range(file.group_count):
        base = {key: value for key, value in (bases[number] if bases else {}).items() if key != "params"}
        group, members = group_of(file, kind, number, base), file.members(number)
        states.update({index: state_of(file, kind, name, group, params[name])
                       for index, name in enumerate(members, first) if file.steps[name] or kind.begins_with_state})
        groups.append({**group, "params": list(range(first, first + len(members)))})
        first += len(members)
    for name, param in params.items():  # in place: tied parameters have one memory in the other checkpoint
        saved["model"].setdefault(name, param).detach().copy_(param)
    saved["optimizer"] = {"state": states, "param_groups": groups}
    partial = pathlib.Path(f"{os.fspath(target)}.partial")
    try:
        torch.save(saved, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
