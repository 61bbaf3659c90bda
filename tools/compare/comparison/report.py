# SPDX-License-Identifier: MIT
"""The picture and the table of a comparison."""

import pathlib
import re

import numpy

from plot_training import FuncFormatter, LogLocator, MaxNLocator, NullLocator, pyplot, smooth

COLUMNS = 4  # panels side by side
# Okabe and Ito's colours, which colour-blind readers can tell apart; dark on light and dashed, so in print too.
THEIRS = {"color": "#E69F00", "linewidth": 4.5, "alpha": 0.75, "solid_capstyle": "butt"}
OURS = {"color": "#0072B2", "linewidth": 1.6, "linestyle": (0, (5, 3))}
DIFFERENCE = "#444444"


def window_of(count):
    return max(1, count // 40) | 1


def draw_losses(axes, ours, theirs, window):
    """Returns the losses that the axis must hold: without the fall from the start, beside which all else is flat."""
    steps = numpy.arange(1, len(ours.losses) + 1)
    shown = []
    axes.plot(steps, theirs.losses, color=THEIRS["color"], linewidth=0.4, alpha=0.25)
    for run, style in ((theirs, THEIRS), (ours, OURS)):
        means = smooth(run.losses, window)
        axes.plot(steps, means, label=run.by, **style)
        shown.extend(loss for loss in means[len(means) // 100:] if loss > 0)
    return shown


def scale_losses(axes, shown):
    axes.set_yscale("log")
    if shown:
        axes.set_ylim(min(shown) * 0.7, max(shown) * 1.1)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 4, 6, 8)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def draw_differences(axes, ours, theirs, window):
    """On a logarithmic axis, for they grow by orders of magnitude; where the losses are equal, there is a gap."""
    differences = numpy.abs(numpy.subtract(ours.losses, theirs.losses))
    differences[~(differences > 0)] = numpy.nan
    steps = numpy.arange(1, len(differences) + 1)
    axes.plot(steps, differences, color=DIFFERENCE, linestyle="none", marker=".", markersize=2.5, markeredgewidth=0,
              alpha=0.3)
    reach = window // 2
    around = [differences[max(0, i - reach):i + reach + 1] for i in range(len(steps))]
    axes.plot(steps, [numpy.nanmedian(part) if numpy.isfinite(part).any() else numpy.nan for part in around],
              color=DIFFERENCE, linewidth=2)
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def draw_row(panels, results, window):
    """The losses and the differences of as many optimizers as are side by side."""
    shown = []
    for (losses, differences), (setup, ours, theirs) in zip(panels.T, results):
        shown += draw_losses(losses, ours, theirs, window)
        draw_differences(differences, ours, theirs, window)
        losses.set_title(setup.title)
        losses.tick_params(labelbottom=False)
        differences.set_xlabel("step")
    scale_losses(panels[0, 0], shown)
    panels[0, 0].set_xlim(0, len(results[0][1].losses))
    panels[0, 0].set_ylabel(f"training loss\n(mean of {window} batches)")
    panels[1, 0].set_ylabel("|difference|\nof a batch's loss")
    for unused in panels[:, len(results):].flat:
        unused.set_visible(False)


def draw(results, path):
    pyplot.rcParams.update({"font.size": 13, "axes.titlesize": 15, "axes.titleweight": "bold",
                            "axes.spines.top": False, "axes.spines.right": False,
                            "axes.grid": True, "grid.alpha": 0.3})
    columns = min(COLUMNS, len(results))
    rows = [results[i:i + columns] for i in range(0, len(results), columns)]
    width, height = max(8, 3.4 * columns), 6.2 * len(rows) + 1
    figure = pyplot.figure(figsize=(width, height), dpi=100)
    outer = figure.add_gridspec(len(rows), 1, left=1.2 / width, right=1 - 0.3 / width, top=1 - 0.9 / height,
                                bottom=1.2 / height, hspace=0.25)
    for place, row in zip(outer, rows):
        grid = place.subgridspec(2, columns, height_ratios=[2, 1], hspace=0.08, wspace=0.08)
        draw_row(grid.subplots(sharex=True, sharey="row", squeeze=False), row, window_of(len(row[0][1].losses)))
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="lower center", ncol=2, frameon=False)
    figure.suptitle("The same network, weights and batches: descend laid over PyTorch")
    figure.savefig(path, format="png")


def processor():
    found = re.search(r"(?m)^model name\s*: (.+)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return found[1] if found else "unknown processor"


def table(task, results):
    """Its lines, in Markdown."""
    _, ours, theirs = results[0]
    yield (f"{theirs.by} and {ours.by}, {task.hidden} hidden units, {len(ours.losses)} steps of {task.batch} images, "
           f"seed {task.seed}; {processor()}, {task.threads} thread{'s' * (task.threads > 1)}. Train loss: of all "
           "training images, with the final weights. Update: a step's, median; PyTorch's is `optimizer.step()`.\n")
    yield ("| optimizer | lr | train loss, PyTorch | descend | test accuracy, PyTorch | descend | "
           "update, PyTorch | descend | times as fast |")
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for setup, ours, theirs in results:
        cells = [setup.title, f"{setup.fields['lr']:g}", f"{theirs.loss:#.4g}", f"{ours.loss:#.4g}",
                 f"{100 * theirs.accuracy:.2f} %", f"{100 * ours.accuracy:.2f} %", f"{1e6 * theirs.update:.1f} µs",
                 f"{1e6 * ours.update:.1f} µs", f"{theirs.update / ours.update:.1f}"]
        yield f"| {' | '.join(cells)} |"
