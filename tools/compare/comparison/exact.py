# SPDX-License-Identifier: MIT
"""The exact form: PyTorch trains with its baseline kernels, and each step's gradients also go through descend, on
parameters and states of its own. In the end all parameters must have the same bits."""

import json
import pathlib

import torch

import descend
from comparison import theirs
from comparison.run import Failure, Setup, Task


def write_job(path, task, setups):
    job = {"task": {key: str(value) if isinstance(value, pathlib.Path) else value for key, value in vars(task).items()},
           "setups": [vars(setup) for setup in setups]}
    path.write_text(json.dumps(job, indent=1) + "\n", encoding="utf-8")


def read_job(path):
    try:
        job = json.loads(path.read_text(encoding="utf-8"))
        paths = {key: pathlib.Path(job["task"][key]) for key in ("train", "library", "out", "data")}
        return Task(**{**job["task"], **paths}), [Setup(**setup) for setup in job["setups"]]
    except (KeyError, TypeError, ValueError) as error:
        raise Failure(f"{path}: not as compare.py writes it: {error!r}") from None


class Follower:
    """One of the network's parameters in descend's hands."""

    def __init__(self, library, setup, leader, threads):
        self.leader = leader
        self.param, self.grad = leader.detach().clone(), torch.zeros_like(leader.detach())
        config = library.config(setup.kind, **setup.fields)
        self.optimizer = descend.Flat(config, self.param, self.grad, config.start_states(self.param))
        self.optimizer.exec.threads = threads

    def step(self):
        self.grad.copy_(self.leader.grad)
        self.optimizer.step()

    def differences(self):
        return int((self.param.view(torch.int32) != self.leader.detach().view(torch.int32)).sum())


def follow(library, task, setup):
    """How many parameters differ in the end, how many there are, and how many steps it took."""
    network = theirs.read_initial(task)
    followers = [Follower(library, setup, leader, task.threads) for leader in network.parameters()]
    stepper = theirs.optimizer(setup, network.parameters(), foreach=False)
    count = 0
    for count, _ in enumerate(theirs.steps(task, network), 1):
        for follower in followers:  # before PyTorch, lest it change a gradient
            follower.step()
        stepper.step()
    return sum(follower.differences() for follower in followers), sum(f.param.numel() for f in followers), count


def run(path):
    """Prints a line for each optimizer of the job. Returns whether none differs."""
    task, setups = read_job(path)
    library = descend.Library(task.library)
    torch.set_num_threads(task.threads)
    good = True
    for setup in setups:
        differing, parameters, count = follow(library, task, setup)
        print(f"{setup.title}: {differing} of {parameters} parameters differ after {count} steps", flush=True)
        good = good and differing == 0
    return good
