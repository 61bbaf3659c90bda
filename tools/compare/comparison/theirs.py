# SPDX-License-Identifier: MIT
"""The same training in PyTorch."""

import gzip
import inspect
import re
import statistics
import time

import numpy
import torch

import torch_nadam
from descend import safetensors
from comparison.batches import batches
from comparison.run import Failure, Run

CLASSES = 10
CLASS_NAMES = {"momentum": "SGD", **{name.lower(): name for name, found in vars(torch.optim).items()
                                     if inspect.isclass(found) and name != "Optimizer"}}


class Network(torch.nn.Module):
    """descend-train's; its parameters have the same names."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden = torch.nn.Linear(inputs, hidden)
        self.output = torch.nn.Linear(hidden, CLASSES)

    def forward(self, pixels):
        return self.output(torch.relu(self.hidden(pixels)))


def read_idx(directory, part, header):
    """The bytes of one file of a data set in MNIST's format, behind its header."""
    plain = directory / part
    packed = directory / f"{part}.gz"
    content = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    return numpy.frombuffer(content, numpy.uint8, offset=header)


def load(directory, part):
    """The images, a row of numbers from 0 to 1 each, and their labels. descend-train checks the files."""
    labels = read_idx(directory, f"{part}-labels-idx1-ubyte", 8)
    images = read_idx(directory, f"{part}-images-idx3-ubyte", 16).reshape(len(labels), -1)
    return torch.from_numpy(images.astype(numpy.float32) / numpy.float32(255)), torch.from_numpy(labels.astype("int64"))


def write_initial(task):
    """Draws parameters as torch.nn.Linear does, and writes them for both sides."""
    torch.manual_seed(task.seed)
    network = Network(load(task.data, "t10k")[0].shape[1], task.hidden)
    safetensors.write(task.init, {name: (tensor.shape, tensor.numpy().tobytes())
                                  for name, tensor in network.state_dict().items()})


def read_initial(task):
    network = Network(load(task.data, "t10k")[0].shape[1], task.hidden)
    tensors, _ = safetensors.read(task.init)
    network.load_state_dict({name: torch.tensor(tensors[name]).reshape(like.shape)
                             for name, like in network.state_dict().items()})
    return network


def class_name(name):
    """In torch.optim, of what descend-train calls by this name."""
    if name not in CLASS_NAMES:
        raise Failure(f"{name}: torch.optim has no such optimizer")
    return CLASS_NAMES[name]


def options(torch_class, wanted):
    """Of the wanted options those that this class has. What it lacks must be off."""
    known = inspect.signature(getattr(torch.optim, torch_class)).parameters
    unknown = [option for option, value in wanted.items() if option not in known and value]
    if unknown:
        raise Failure(f"torch.optim.{torch_class} has no {', '.join(unknown)}")
    return {option: value for option, value in wanted.items() if option in known}


def optimizer(setup, parameters, **more):
    if setup.torch_class == "NAdam":
        try:
            torch_nadam.mend()
        except ValueError as error:
            raise Failure(str(error)) from None
    return getattr(torch.optim, setup.torch_class)(parameters, **setup.torch_options, **more)


def steps(task, network):
    """Yields each step's loss, the gradients being in place. Who takes it makes the step."""
    images, labels = load(task.data, "train")
    for chosen in batches(len(labels), task.batch, task.epochs, task.seed):
        network.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(images[chosen]), labels[chosen])
        loss.backward()
        yield loss.item()


def evaluate(task, network, part):
    """The mean loss and the accuracy."""
    images, labels = load(task.data, part)
    with torch.no_grad():
        scores = network(images)
        loss = torch.nn.functional.cross_entropy(scores, labels)
    return loss.item(), (scores.argmax(1) == labels).double().mean().item()


def version():
    capability = re.search(r"CPU capability usage: (.+)", torch.__config__.show())
    return f"PyTorch {torch.__version__} ({capability[1] if capability else 'capability unknown'})"


def train(task, setup):
    torch.set_num_threads(task.threads)
    network = read_initial(task)
    stepper = optimizer(setup, network.parameters())
    losses, times = [], []
    for loss in steps(task, network):
        losses.append(loss)
        begin = time.perf_counter()
        stepper.step()
        times.append(time.perf_counter() - begin)
    with open(task.out / f"{setup.name}.torch.csv", "w", encoding="utf-8") as file:
        file.write("step,train_loss\n")
        file.writelines(f"{step},{loss:.9g}\n" for step, loss in enumerate(losses, 1))
    return Run(version(), losses, evaluate(task, network, "train")[0], evaluate(task, network, "t10k")[1],
               statistics.median(times))
