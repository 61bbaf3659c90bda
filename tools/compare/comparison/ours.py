# SPDX-License-Identifier: MIT
"""Runs descend-train, and reads what it leaves: a CSV, a checkpoint and a table."""

import csv
import re
import subprocess

from comparison.run import Failure, Run
from descend import safetensors

CALL = ["--data", "--epochs", "--batch", "--hidden", "--seed", "--threads"]


def train(task, name):
    """One optimizer's run, from the task's initial parameters."""
    table, checkpoint = (task.out / f"{name}.{end}" for end in ("csv", "safetensors"))
    call = [task.train, "--optimizer", name, "--init", task.init, "--csv", table, "--save", checkpoint,
            *(word for option in CALL for word in (option, getattr(task, option[2:])))]
    done = subprocess.run(list(map(str, call)), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:  # it has said why
        raise Failure(f"{task.train} ended with {done.returncode}")
    with open(table, newline="", encoding="utf-8") as file:
        losses = [float(row["train_loss"]) for row in csv.DictReader(file)]
    found = re.search(rf"(?m)^{re.escape(name)} +(\S+) +(\S+) +(\S+) %.* (\S+) us ", done.stdout)
    head = re.match(r"descend (\S+ \(\S+\)), ", done.stdout)
    if not found or not head:
        raise Failure(f"{task.train} printed another table than this tool reads")
    _, loss, accuracy, update = map(float, found.groups())
    return Run(f"descend {head[1]}", losses, loss, accuracy / 100, update * 1e-6)


def options(task, name):
    """What descend-train configures by this name, of its checkpoint: the kind, and the config's fields."""
    strings = safetensors.read(task.out / f"{name}.safetensors")[1]
    fields = {key[len("group.0."):]: text for key, text in strings.items() if key.startswith("group.0.")}
    return strings["optimizer"], {field: text == "true" if text in ("true", "false") else float.fromhex(text)
                                  for field, text in fields.items()}
