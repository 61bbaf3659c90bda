# SPDX-License-Identifier: MIT
"""The stages of a comparison, one after the other."""

import subprocess

import descend
from comparison import exact, ours, report, theirs
from comparison.run import DIFFERENT, SAME, Failure, Setup


def setup_of(task, library, name):
    """From what descend-train has configured, what both sides of the exact form and PyTorch have to."""
    kind, fields = ours.options(task, name)
    torch_class = theirs.class_name(name)
    wanted = library.config(kind, **fields).torch_options()
    return Setup(name, kind, fields, torch_class, theirs.options(torch_class, wanted))


def train_both(task, library, names):
    """Yields a setup and both sides' runs for each optimizer."""
    for name in names:
        print(f"{name}: descend-train …", flush=True)
        run = ours.train(task, name)
        setup = setup_of(task, library, name)
        print(f"{name}: PyTorch …", flush=True)
        yield setup, run, theirs.train(task, setup)


def follow(task, setups, command):
    """The exact form in a process of its own, whose PyTorch has other kernels: its lines, and whether any differ."""
    job = task.out / "exact.json"
    exact.write_job(job, task, setups)
    lines = []
    with subprocess.Popen([*command, job], stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if child.returncode not in (SAME, DIFFERENT):  # it has said why
        raise Failure(f"the exact form ended with {child.returncode}")
    return lines, child.returncode == DIFFERENT


def compare(task, names, command):
    """command: that of the exact form, without its file. Returns whether a parameter differs in it."""
    library = descend.Library(task.library)
    for name in names:
        theirs.class_name(name)  # refuses early what cannot be
    theirs.write_initial(task)
    results = list(train_both(task, library, names))
    lines, differing = follow(task, [setup for setup, _, _ in results], command)
    picture, table = task.out / "compare.png", task.out / "compare.md"
    report.draw(results, picture)
    text = "\n".join([*report.table(task, results), "", "```", *map(str.rstrip, lines), "```", ""])
    table.write_text(text, encoding="utf-8")
    print(f"\n{text}\n{table}\n{picture}")
    return differing
