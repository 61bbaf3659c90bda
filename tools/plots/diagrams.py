#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Draws the diagrams of the documentation: call.png, threads.png and checkpoint.png. What they say is in the constants
below."""

import argparse
import pathlib
import sys

try:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patches import FancyBboxPatch, Rectangle
except ImportError as error:
    sys.exit(f"diagrams.py: {error} (Debian: python3-matplotlib)")

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
CODE = {"family": "monospace"}

# The way of one call, in parts with a title and a colour. Each step: the file, a function in it, what happens there.
CALL = [
    ("compiled once", BLUE, [
        ("kernels/rules/adam.c", "descend_adam_step(&config, step, param, …)",
         "the public function, and what Adam is: fields, states, coefficients"),
        ("kernels/flat.c", "", "checks every argument, computes coefficients in double; an error returns before any write"),
        ("kernels/pass.c", "", "makes the passes of the rule: Adam has one"),
        ("kernels/run.c", "", "cuts the work into tasks for this thread, OpenMP's threads or the caller's pool"),
    ]),
    ("compiled once\nfor each ISA", GREEN, [
        ("kernels/kernels.c, stream.h", "", "the loop over a task's elements: four vectors at a time, then the tail"),
        ("kernels/formulas/adam.h", "adam_first, adam_second", "the formula in two halves, written once for all ISAs"),
        ("kernels/vec/avx2.h", "vf_mul = vmulps", "what the library knows of an ISA: one header for each"),
    ]),
]
TASKS = 3
DISPATCH = "kernels/dispatch.c\npicks the variant\nfor this CPU"

# The tensors of the picture of threads: (name, elements); and what kernels/optimizer/plan.c does with them.
TENSORS = [("embedding", 26000), ("bias 1", 700), ("attention", 15000), ("bias 2", 700), ("output", 21000)]
THREADS = 3
THREAD_COLOURS = [BLUE, ORANGE, GREEN]
BLOCK = 4096
TENSOR_COST = 64  # elements' time that each tensor takes of itself

# The bytes of a checkpoint: (size, name, colour, width in the picture); and the lines of its header, with remarks.
PARTS = [
    ("8 bytes", "length of\nthe header", RED, 1.5),
    ("1960 bytes", "header: JSON in UTF-8,\nspaces up to a multiple of 8", BLUE, 3.5),
    ("802816 bytes", "hidden.weight", GREEN, 2.2),
    ("802816 bytes", "state.hidden.\nweight.exp_avg", GREEN, 2.2),
    ("…", "the other tensors,\nno bytes between them", GREEN, 2.6),
]
LENGTH_BYTES = "a8 07 00 00 00 00 00 00\n= 1960, little-endian"
HEADER = [
    ('{"__metadata__": {', ""),
    ('    "descend.version": "0.1.0", "descend.numerics": "2",', ""),
    ('    "optimizer": "adam", "seed": "1", "groups": "1",', ""),
    ('    "group.0.lr": "0x1.0624dd2f1a9fcp-10", …', "each group's config; hexadecimal, so exact"),
    ('    "step.hidden.weight": "3", …', "each tensor's step count"),
    ('    "note.seed": "1", …', "the caller's notes"),
    ('    "crc32": "eff47b88"},', "CRC-32 of the whole file, computed with 00000000 in this place"),
    (' "hidden.weight": {"dtype": "F32", "shape": [200704], "data_offsets": [0, 802816]},', ""),
    (' "state.hidden.weight.exp_avg": {"dtype": "F32", "shape": [200704], "data_offsets": [802816, 1605632]},', ""),
    (" …}", ""),
]
DATA = "float32, little-endian, as in memory;\noffsets count from the end of the header"


def begin(width, height):
    """A figure of this many inches whose axes count in inches from the lower left corner."""
    figure = pyplot.figure(figsize=(width, height), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    return figure, axes


def arrow(axes, start, end, colour=GREY):
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.6, "shrinkA": 0,
                                              "shrinkB": 0})


def box(axes, left, bottom, width, height, colour):
    axes.add_patch(FancyBboxPatch((left, bottom), width, height, boxstyle="round,pad=0,rounding_size=0.08",
                                  facecolor=colour, alpha=0.13, edgecolor="none"))
    axes.add_patch(FancyBboxPatch((left, bottom), width, height, boxstyle="round,pad=0,rounding_size=0.08",
                                  facecolor="none", edgecolor=colour, linewidth=1.5))


def draw_steps(axes, top, steps, colour, left, width):
    """Boxes below each other, joined by arrows. Returns where the last one ends."""
    height, gap = 0.8, 0.3
    for place, (file, function, text) in enumerate(steps):
        if place:
            arrow(axes, (left + width / 2, top), (left + width / 2, top - gap))
            top -= gap
        box(axes, left, top - height, width, height, colour)
        axes.text(left + 0.15, top - 0.24, file, color=colour, fontsize=12, fontweight="bold", va="center", **CODE)
        axes.text(left + width - 0.15, top - 0.24, function, fontsize=12, va="center", ha="right", **CODE)
        axes.text(left + 0.15, top - 0.58, text, fontsize=12, va="center")
        top -= height
    return top


def draw_fan(axes, top, left, width):
    """An arrow for each task. Returns where they end."""
    end = top - 0.9
    for task in range(TASKS):
        x = left + width * (task + 0.5) / TASKS
        arrow(axes, (left + width / 2, top), (x, end))
        right = x >= left + width / 2
        axes.text(x + (0.15 if right else -0.15), end + 0.22, f"task {task}", fontsize=12, color=GREY, va="center",
                  ha="left" if right else "right")
    axes.text(left - 0.35, (top + end) / 2, DISPATCH, fontsize=11, color=GREY, ha="right", va="center", linespacing=1.3)
    return end


def draw_call(path):
    left, width, top = 2.15, 8.9, 8.15
    figure, axes = begin(left + width + 0.2, top + 0.15)
    for part, (title, colour, steps) in enumerate(CALL):
        if part:
            top = draw_fan(axes, top, left, width)
        end = draw_steps(axes, top, steps, colour, left, width)
        axes.plot([left - 0.2] * 2, [top, end], color=colour, linewidth=3, solid_capstyle="butt")
        axes.text(left - 0.35, (top + end) / 2, title, color=colour, fontsize=13, fontweight="bold", ha="right",
                  va="center", linespacing=1.4)
        top = end
    figure.savefig(path)
    pyplot.close(figure)


def cut_at(part):
    """Where this part begins: (tensor, element). As in kernels/optimizer/plan.c."""
    costs = [n + TENSOR_COST for _, n in TENSORS]
    position = sum(costs) // THREADS * part
    for tensor, cost in enumerate(costs):
        if position < cost:
            return tensor, min(position, TENSORS[tensor][1]) // BLOCK * BLOCK
        position -= cost
    return len(TENSORS), 0


def draw_threads(path):
    figure, axes = begin(12, 4.3)
    gap, left, bottom, height = 0.18, 0.3, 1.75, 0.8
    scale = (12 - 2 * left - gap * (len(TENSORS) - 1)) / sum(n for _, n in TENSORS)
    cuts = [cut_at(part) for part in range(1, THREADS)] + [(len(TENSORS), 0)]
    spans = [[] for _ in range(THREADS)]
    x = left
    for tensor, (name, n) in enumerate(TENSORS):
        narrow = n < BLOCK
        axes.text(x + n * scale / 2, bottom + height + (0.62 if narrow else 0.3), f"{name}\n{n} elements",
                  ha="center", va="center", fontsize=12)
        if narrow:
            axes.plot([x + n * scale / 2] * 2, [bottom + height + 0.05, bottom + height + 0.32], color=GREY,
                      linewidth=1)
        start = 0
        while start < n:
            thread = next(t for t, cut in enumerate(cuts) if (tensor, start) < cut)
            end = min(start + BLOCK, n)
            axes.add_patch(Rectangle((x + start * scale, bottom), (end - start) * scale, height, edgecolor="white",
                                     linewidth=1.5, facecolor=THREAD_COLOURS[thread]))
            spans[thread].append((x + start * scale, x + end * scale, end - start))
            start = end
        x += n * scale + gap
    for thread, span in enumerate(spans):
        begin_x, end_x = span[0][0] + 0.04, span[-1][1] - 0.04
        axes.plot([begin_x, begin_x, end_x, end_x], [bottom - 0.1, bottom - 0.22, bottom - 0.22, bottom - 0.1],
                  color=THREAD_COLOURS[thread], linewidth=2)
        axes.text((begin_x + end_x) / 2, bottom - 0.46, f"thread {thread}: {sum(size for *_, size in span)} elements",
                  color=THREAD_COLOURS[thread], fontsize=13, fontweight="bold", ha="center", va="center")
    axes.text(left, 3.95, f"All tensors in one order, cut into equal parts: here for {THREADS} threads",
              fontsize=15, fontweight="bold", va="center")
    axes.text(left, 0.6, f"Each box is a block of {BLOCK} elements, counted from its tensor's start; a tensor's last "
              "block may be shorter. A part begins\nat the beginning of a block, so parts are equal up to a block. Who "
              "does which block changes no bit of the result.", fontsize=12, va="center", linespacing=1.5)
    figure.savefig(path)
    pyplot.close(figure)


def draw_checkpoint(path):
    figure, axes = begin(12.6, 5.6)
    left, bottom, height = 0.3, 4.2, 0.9
    x, edges = left, []
    for size, name, colour, width in PARTS:
        axes.add_patch(Rectangle((x, bottom), width, height, facecolor=colour, alpha=0.18, edgecolor="none"))
        axes.add_patch(Rectangle((x, bottom), width, height, facecolor="none", edgecolor=colour, linewidth=1.8))
        axes.text(x + width / 2, bottom + height / 2, name, ha="center", va="center", fontsize=12, linespacing=1.3)
        axes.text(x + width / 2, bottom + height + 0.2, size, ha="center", va="center", fontsize=12, color=colour,
                  fontweight="bold")
        edges.append((x, x + width))
        x += width
    axes.text(left, bottom - 0.45, LENGTH_BYTES, fontsize=11, va="center", color=RED, linespacing=1.4, **CODE)
    axes.plot([edges[2][0], edges[2][0], edges[-1][1], edges[-1][1]],
              [bottom - 0.08, bottom - 0.2, bottom - 0.2, bottom - 0.08], color=GREEN, linewidth=1.8)
    axes.text((edges[2][0] + edges[-1][1]) / 2, bottom - 0.52, DATA, fontsize=12, va="center", ha="center", color=GREEN,
              linespacing=1.4)
    line = 0.27
    text_height = line * (len(HEADER) + 0.8)
    text_top = bottom - 1.1
    box(axes, left, text_top - text_height, 12, text_height, BLUE)
    for place, (text, remark) in enumerate(HEADER):
        y = text_top - line * (place + 0.9)
        axes.text(left + 0.2, y, text, fontsize=11, va="center", **CODE)
        axes.text(left + 4.9, y, remark, fontsize=11, va="center", color=BLUE, style="italic")
    middle = edges[1][0] + 1.9
    arrow(axes, (middle, bottom), (middle, text_top), BLUE)
    figure.savefig(path)
    pyplot.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", metavar="DIRECTORY", type=pathlib.Path, help="for the three pictures")
    directory = parser.parse_args().directory
    try:
        for name, draw in (("call", draw_call), ("threads", draw_threads), ("checkpoint", draw_checkpoint)):
            draw(directory / f"{name}.png")
    except OSError as error:
        sys.exit(f"diagrams.py: {error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
