#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Draws what `tools/dev storage` has trained: how far each storage's loss is from float32's, and how many bytes it takes;
and writes the table of docs/storage.md.

The folder has, for each storage and seed, descend-train's output STORAGE.SEED.txt and its table STORAGE.SEED.csv."""

import argparse
import pathlib
import re
import statistics
import sys

try:
    import matplotlib
    import numpy

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter
except ImportError as error:
    sys.exit(f"plot_storage.py: {error} (Debian: python3-matplotlib)")

import plot_training

REFERENCE = "f32"
# Where tests/tools/losses.c, which trains as `tools/dev storage` does, sees the loss end if parameters and states are
# rounded to nearest, in 0.001 nats above float32's. The library has no such mode.
TO_NEAREST = 30
# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = ["#666666", "#E69F00", "#0072B2", "#009E73", "#D55E00", "#CC79A7"]
ROW = re.compile(r"(?m)^\w+ +\S+ +(?P<loss>\S+) +\S+ % +(?P<update>\S+) us .* (?P<bytes>\S+)$")


class Storage:
    """The runs with one storage: a list of each, in the order of the seeds."""

    def __init__(self):
        self.curves, self.losses, self.updates, self.bytes = [], [], [], None

    def add(self, output):
        row = ROW.search(output.read_text(encoding="utf-8"))
        if not row:
            raise ValueError(f"{output}: no row of descend-train's")
        (run,) = plot_training.read_runs(output.with_suffix(".csv")).values()
        self.curves.append(run.losses)
        self.losses.append(float(row["loss"]))
        self.updates.append(float(row["update"]))
        self.bytes = float(row["bytes"])

    def differences(self, reference):
        """Of the final losses, in 1e-3 nats."""
        return [1000 * (loss - other) for loss, other in zip(self.losses, reference.losses)]

    def slower(self, reference):
        """The update's time over float32's."""
        return statistics.median(time / other for time, other in zip(self.updates, reference.updates))


def read(folder):
    """The storages by name, float32 first, then by the bytes that they take."""
    found = {}
    for output in sorted(folder.glob("*.*.txt")):
        found.setdefault(output.name.split(".")[0], Storage()).add(output)
    if REFERENCE not in found:
        raise ValueError(f"{folder}: no {REFERENCE}.*.txt")
    return dict(sorted(found.items(), key=lambda item: (item[0] != REFERENCE, -item[1].bytes, item[0])))


def table(storages):
    reference = storages[REFERENCE]
    yield "| storage | bytes | loss beside float32's, 1e-3 nats: mean [each seed] | time of the update |"
    yield "|---|--:|--:|--:|"
    for name, storage in storages.items():
        differences = storage.differences(reference)
        each = ", ".join(f"{difference:+.1f}" for difference in differences)
        loss = f"{statistics.mean(differences):+.1f} [{each}]" if storage is not reference else "–"
        yield f"| `{name}` | {storage.bytes:.2f} | {loss} | {storage.slower(reference):.2f} |"


def draw_differences(axes, storages):
    """Of the same batches of the same seeds. Returns the labels for the curves' ends."""
    labels = []
    reference = numpy.array(storages[REFERENCE].curves)
    for (name, storage), colour in zip(storages.items(), COLOURS):
        differences = 1000 * (numpy.array(storage.curves) - reference).mean(axis=0)
        means = plot_training.smooth_by_step(differences)
        axes.plot(range(1, len(means) + 1), means, color=colour, linewidth=2)
        labels.append((len(means), means[-1], name, colour))
    axes.set_xscale("log")
    axes.set_xlim(10, labels[0][0])
    axes.set_ylim(-10, TO_NEAREST + 5)
    axes.axhline(TO_NEAREST, color="black", linestyle=(0, (4, 2)), linewidth=1.5)
    axes.text(12, TO_NEAREST - 0.7, "everything bfloat16 and rounded to nearest ends here", va="top")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:g}"))
    axes.set_title("Training loss beside float32's")
    axes.set_xlabel("step")
    axes.set_ylabel("difference on the same batches, 0.001 nats")
    return labels


def draw_bytes(axes, storages):
    places = range(len(storages))
    axes.barh(places, [storage.bytes for storage in storages.values()], color=COLOURS[: len(storages)], alpha=0.8)
    for place, storage in zip(places, storages.values()):
        axes.text(storage.bytes + 0.2, place, f"{storage.bytes:.3g}", va="center")
    axes.set_yticks(places, storages)
    axes.invert_yaxis()
    axes.grid(False)
    axes.set_title("Bytes a parameter")
    axes.set_xlabel("parameter, gradient, exp_avg, exp_avg_sq")
    axes.set_xticks(range(0, 17, 4))


def draw(storages, path):
    pyplot.rcParams.update({"font.size": 13, "axes.titlesize": 15, "axes.titleweight": "bold",
                            "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3})
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(14, 5.6), dpi=100, width_ratios=[4, 3])
    labels = draw_differences(left, storages)
    draw_bytes(right, storages)
    seeds = len(storages[REFERENCE].losses)
    figure.suptitle(f"AdamW on Fashion-MNIST, mean of {seeds} seeds: the same training in fewer bytes")
    figure.tight_layout()
    figure.subplots_adjust(wspace=0.55)
    plot_training.label_ends(left, labels)
    figure.savefig(path, format="png")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="of descend-train's outputs and tables")
    parser.add_argument("png", metavar="PNG", help="the picture to write")
    arguments = parser.parse_args()
    try:
        storages = read(arguments.folder)
        draw(storages, arguments.png)
    except (OSError, ValueError) as error:
        sys.exit(f"plot_storage.py: {error}")
    print(*table(storages), sep="\n")


if __name__ == "__main__":
    main()
