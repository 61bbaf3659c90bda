#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Draws descend-train's CSV as a PNG: the training loss over the steps and the test accuracy over the epochs, or, for
many optimizers, the training loss alone in a panel for each."""

import argparse
import csv
import sys

try:
    import matplotlib
    import numpy

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
except ImportError as error:
    sys.exit(f"plot_training.py: {error} (Debian: python3-matplotlib)")

COLUMNS = ["optimizer", "epoch", "step", "train_loss", "test_accuracy"]
LABELS = {"sgd": "SGD", "rmsprop": "RMSprop", "adamw": "AdamW", "nadam": "NAdam", "radam": "RAdam", "asgd": "ASGD",
          "lamb": "LAMB", "rmsprop_tf": "RMSprop (TF)", "ademamix": "AdEMAMix"}
# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = {"sgd": "#E69F00", "momentum": "#009E73", "rmsprop": "#56B4E9", "adam": "#D55E00", "adamw": "#0072B2"}
DASHES = {"adamw": (0, (4, 2))}  # often on top of Adam's curve, which must show through
PANEL_COLUMNS, PANEL_COLOUR = 4, "#0072B2"
COMPARED, COMPARED_COLOUR = "adam", "#9A9A9A"  # in every panel
RAW_COLOUR = "#D8D8D8"  # the losses before they are smoothed
LABEL_SIZE, LABEL_GAP = 12, 16  # points


class Run:
    """One optimizer's training."""

    def __init__(self):
        self.steps, self.losses = [], []
        self.epochs, self.accuracies = [], []


def label_of(name):
    return LABELS.get(name, name.capitalize())


def read_runs(path):
    """The runs by optimizer, in the file's order. Raises ValueError with a line that says what is wrong."""
    runs = {}
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            raise ValueError(f"the header is not {','.join(COLUMNS)}")
        for row in reader:
            try:
                run = runs.setdefault(row["optimizer"], Run())
                run.steps.append(int(row["step"]))
                run.losses.append(float(row["train_loss"]))
                if row["test_accuracy"]:
                    run.epochs.append(int(row["epoch"]))
                    run.accuracies.append(100 * float(row["test_accuracy"]))
            except (TypeError, ValueError):
                raise ValueError(f"line {reader.line_num} is not a row of descend-train's") from None
    if not runs:
        raise ValueError("no rows below the header")
    return runs


def smooth(losses, window):
    """The mean of the `window` losses around each: fewer at the start, where the curve is steep and the mean must stay
    symmetric, and those that there are at the end. One that is not finite leaves a gap."""
    losses = numpy.where(numpy.isfinite(losses), losses, numpy.nan)
    reach = window // 2
    return numpy.array([losses[i - min(i, reach) : i + min(i, reach) + 1].mean() for i in range(len(losses))])


def smooth_by_step(losses):
    """The mean of the losses within a quarter of the step around each, for an axis on which steps are logarithmic."""
    losses = numpy.where(numpy.isfinite(losses), losses, numpy.nan)
    return numpy.array([losses[i - i // 4 : i + i // 4 + 1].mean() for i in range(len(losses))])


def scale_losses(axes, least, greatest, ticks):
    axes.set_yscale("log")
    axes.set_ylim(least, greatest)
    axes.yaxis.set_major_locator(LogLocator(subs=ticks))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def spread(heights, gap):
    """The heights in order, moved as little as it takes to be a gap apart."""
    moved = []
    for height in heights:
        moved.append(max(height, moved[-1] + gap) if moved else height)
    excess = (sum(moved) - sum(heights)) / max(1, len(heights))
    return [height - excess for height in moved]


def label_ends(axes, labels):
    """Writes each label (x, y, text, colour) to the right of the point, where its curve ends."""
    transform = axes.transData.transform
    labels = sorted(labels, key=lambda label: label[1])
    heights = [transform(label[:2])[1] for label in labels]
    scale = axes.figure.dpi / 72
    for (x, y, text, colour), height, free in zip(labels, heights, spread(heights, LABEL_GAP * scale)):
        axes.annotate(text, (x, y), xytext=(20, (free - height) / scale), textcoords="offset points", color=colour,
                      fontsize=LABEL_SIZE, fontweight="bold", va="center", annotation_clip=False,
                      arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 3,
                                  "relpos": (0, 0.5)})


def draw_loss(axes, runs):
    """Returns the labels for the curves' ends. Both axes are logarithmic, so that the steep fall at the start and the
    small differences at the end are both seen."""
    curves = {name: smooth_by_step(run.losses) for name, run in runs.items()}
    behind = COMPARED if COMPARED in runs else next(iter(runs))
    axes.plot(runs[behind].steps, runs[behind].losses, color=RAW_COLOUR, linewidth=0.5)
    labels = []
    for name, means in curves.items():
        line, = axes.plot(runs[name].steps, means, color=COLOURS.get(name), linestyle=DASHES.get(name), linewidth=2.5)
        if means[-1] > 0:
            labels.append((runs[name].steps[-1], means[-1], label_of(name), line.get_color()))
    shown = [mean for means in curves.values() for mean in means if mean > 0]
    if shown:
        narrow = max(shown) < 30 * min(shown)
        scale_losses(axes, min(shown) * 0.85, max(shown) * 1.1, (1, 1.5, 2, 3, 4, 6) if narrow else (1,))
    axes.set_xscale("log")
    axes.set_xlim(1, max(2, *(run.steps[-1] for run in runs.values())))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:g}"))
    axes.set_title("Training loss")
    axes.set_xlabel("step")
    axes.set_ylabel("cross-entropy, smoothed")
    axes.text(0.02, 0.03, f"grey: {label_of(behind)}'s loss on each batch", transform=axes.transAxes,
              color="#808080")
    return labels


def draw_accuracy(axes, runs):
    """Returns the labels for the curves' ends."""
    labels = []
    for name, run in runs.items():
        line, = axes.plot(run.epochs, run.accuracies, color=COLOURS.get(name), linestyle=DASHES.get(name),
                          linewidth=2.5, marker="o", markersize=6)
        if run.accuracies:
            label = f"{label_of(name)} {run.accuracies[-1]:.1f} %"
            labels.append((run.epochs[-1], run.accuracies[-1], label, line.get_color()))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title("Test accuracy")
    axes.set_xlabel("epoch")
    axes.set_ylabel("test images classified correctly, %")
    return labels


def draw(runs, path):
    pyplot.rcParams.update({"font.size": 13, "axes.titlesize": 15, "axes.titleweight": "bold",
                            "axes.spines.top": False, "axes.spines.right": False,
                            "axes.grid": True, "grid.alpha": 0.3})
    figure, panels = pyplot.subplots(1, 2, figsize=(14, 6.2), dpi=100, width_ratios=[4, 3])
    labels = [draw_one(axes, runs) for axes, draw_one in zip(panels, (draw_loss, draw_accuracy))]
    figure.suptitle("One network, the same initial weights and batches, trained with each optimizer")
    figure.tight_layout()
    figure.subplots_adjust(wspace=0.45, right=0.86)
    for axes, ends in zip(panels, labels):
        label_ends(axes, ends)
    figure.savefig(path, format="png")


def draw_panel(axes, name, curves, common):
    """The loss axis is common to all panels and ends a little above the loss before the first step: a short rise there
    may leave it. A curve that has not come down again has an axis of its own."""
    steps, means = curves[name]
    least, greatest = common
    if COMPARED in curves and name != COMPARED:
        axes.plot(*curves[COMPARED], color=COMPARED_COLOUR, linewidth=1.5)
    axes.plot(steps, means, color=PANEL_COLOUR, linewidth=2)
    apart = not means[-1] < greatest
    if apart:
        greatest = 1.1 * max((mean for mean in means if mean > 0), default=greatest)
        axes.text(0.03, 0.05, "different loss axis", transform=axes.transAxes, style="italic")
    scale_losses(axes, least, greatest, (1, 3) if apart else (1, 2, 3, 4, 6))
    axes.set_xscale("log")
    axes.set_xlim(1, max(2, steps[-1]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:g}"))


def draw_panels(runs, path):
    curves = {name: (run.steps, smooth_by_step(run.losses)) for name, run in runs.items()}
    first = max((means[0] for _, means in curves.values() if means[0] > 0), default=1)
    least = min((mean for _, means in curves.values() for mean in means if mean > 0), default=first / 2)
    pyplot.rcParams.update({"font.size": 12, "axes.titlesize": 14, "axes.spines.top": False, "axes.spines.right": False,
                            "axes.grid": True, "grid.alpha": 0.3})
    rows = -(-len(runs) // PANEL_COLUMNS)
    figure, grid = pyplot.subplots(rows, PANEL_COLUMNS, figsize=(13, 2.8 * rows + 0.9), dpi=100, squeeze=False)
    for axes, (name, run) in zip(grid.flat, runs.items()):
        draw_panel(axes, name, curves, (0.9 * least, 1.4 * first))
        axes.set_title(label_of(name), loc="left", fontweight="bold")
        if run.accuracies:
            axes.set_title(f"{run.accuracies[-1]:.1f} %", loc="right")
    for axes in grid.flat[len(runs) :]:
        axes.axis("off")
    grey = f"; grey: {label_of(COMPARED)}'s" if COMPARED in runs else ""
    figure.suptitle("One network, the same weights and batches, trained with each optimizer\n"
                    f"(blue: training loss, smoothed{grey}; %: test images classified correctly in the end)",
                    fontsize=13)
    figure.supxlabel("step")
    figure.supylabel("cross-entropy")
    figure.tight_layout()
    figure.savefig(path, format="png")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", metavar="CSV", help="written by descend-train --csv")
    parser.add_argument("png", metavar="PNG", help="the picture to write")
    parser.add_argument("--panels", action="store_true", help="the training loss only, a panel for each optimizer")
    arguments = parser.parse_args()
    try:
        runs = read_runs(arguments.csv)
    except OSError as error:
        sys.exit(f"plot_training.py: {arguments.csv}: {error.strerror}")
    except (ValueError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
        sys.exit(f"plot_training.py: {arguments.csv}: {error}")
    try:
        (draw_panels if arguments.panels else draw)(runs, arguments.png)
    except OSError as error:
        sys.exit(f"plot_training.py: {arguments.png}: {error.strerror}")


if __name__ == "__main__":
    main()
