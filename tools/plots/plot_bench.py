#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turns descend-bench's JSON, and bench_torch.py's, into a picture, or two, and a table in Markdown.

A picture has throughput over the number of elements: of the repetitions the fastest, since noise only slows down. The
table's ratios are medians over the repetitions, each of a variant and another implementation timed in turn.
"""

import argparse
import collections
import json
import re
import statistics
import sys

try:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, NullLocator

    from plot_training import label_ends
except ImportError as error:
    sys.exit(f"plot_bench.py: {error} (Debian: python3-matplotlib)")

Panel = collections.namedtuple("Panel", "row torch title arrays bytes")  # arrays in use; bytes of traffic an element
PANELS = [Panel("sgd", "sgd", "SGD", 2, 12), Panel("sgd+momentum", "momentum", "Momentum", 3, 20),
          Panel("rmsprop", "rmsprop", "RMSprop", 3, 20), Panel("adam", "adam", "Adam", 4, 28)]
NAIVE = {"naive-gcc-O3": "plain C loop, gcc -O3, 1 thread",
         "naive-gcc-fast": "plain C loop, gcc -O3 -march=native -ffast-math, 1 thread"}
THREADS_FROM = 1 << 15  # elements; fewer are left to one thread
# Okabe and Ito's colours, which colour-blind readers can tell apart.
STYLES = {"limit": {"color": "black", "linestyle": (0, (2, 2)), "linewidth": 1.5, "zorder": 4},
          "one": {"color": "#D55E00", "marker": "o", "linewidth": 2.5, "zorder": 3},
          "all": {"color": "#E69F00", "marker": "o", "markerfacecolor": "white"},
          "naive-gcc-O3": {"color": "#56B4E9", "marker": "s", "markerfacecolor": "white"},
          "naive-gcc-fast": {"color": "#009E73", "marker": "s"},
          "torch": {"color": "#CC79A7", "marker": "^"}}


def read_bench(path):
    """The context, and the repetitions of each row by (optimizer, implementation, elements, threads)."""
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    rows = collections.defaultdict(list)
    for row in report["benchmarks"]:
        name = re.fullmatch(r"([^/]+)/([^/]+)/(\d+)(?:/(\d+))?/process_time/real_time", row["run_name"])
        if name and row["run_type"] == "iteration" and not row.get("error_occurred"):
            optimizer, implementation, n, threads = name.groups(default="1")
            rows[optimizer, implementation, int(n), int(threads)].append(row)
    if not rows:
        raise ValueError("no rows of descend-bench's")
    return report["context"], rows


def read_torch(path):
    """The version, and the rows on one thread by (optimizer, elements)."""
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    return report["context"]["torch"], {(row["optimizer"], row["n"]): row for row in report["rows"]
                                        if row["threads"] == 1}


def gigabytes(row):
    return row["GB/s"]


def limit_gigabytes(row):
    return row["GB/s"] * row["of_limit"]


def curve(rows, wanted, value=gigabytes):
    """Its points: the best of the value over the repetitions, by n. Wanted are (optimizer, implementation, threads)."""
    return sorted((n, max(map(value, found))) for (optimizer, implementation, n, threads), found in rows.items()
                  if (optimizer, implementation, threads) == wanted and (threads == 1 or n >= THREADS_FROM))


def draw_caches(axes, caches, arrays, lowest, highest):
    """A band for each place that the arrays of an update can be in."""
    start = lowest
    for name, size in [*caches, ("DRAM", float("inf"))]:
        end = min(max(size / (4 * arrays), lowest), highest)
        if end > start:
            axes.axvspan(start, end, color="black", alpha=0.07 if name in ("L2", "DRAM") else 0.02, linewidth=0)
            axes.text((start * end) ** 0.5, 0.985, name, transform=axes.get_xaxis_transform(), ha="center", va="top",
                      color="#666666")
        start = end


def draw_panel(axes, panel, context, rows, torch):
    """Returns where the curves end, by their keys in STYLES."""
    ends = {}
    variant, threads = context["variant"], int(context["threads"])

    def plot(style, label, points):
        if points:
            axes.plot(*zip(*points), label=label, markersize=5, **STYLES[style])
            ends[style] = points[-1]

    plot("one", f"descend, 1 thread ({variant})", curve(rows, (panel.row, variant, 1)))
    if threads > 1:
        plot("all", f"descend, {threads} threads", curve(rows, (panel.row, variant, threads)))
    plot("limit", "limit, 1 thread: a kernel with the same traffic and one addition per stored array",
         curve(rows, (panel.row, variant, 1), limit_gigabytes))
    for implementation, label in NAIVE.items():
        plot(implementation, label, curve(rows, (panel.row, implementation, 1)))
    plot("torch", "torch.optim, 1 thread: the faster of for-loop and foreach",
         [(n, panel.bytes / min(row[way]["ns_per_element"] for way in ("for-loop", "foreach")))
          for (optimizer, n), row in sorted(torch.items()) if optimizer == panel.torch])

    sizes = sorted({n for optimizer, _, n, _ in rows if optimizer == panel.row})
    caches = [(f"L{cache['level']}", cache["size"]) for cache in context["caches"] if cache["type"] != "Instruction"]
    if sizes:
        draw_caches(axes, caches, panel.arrays, sizes[0] / 1.3, sizes[-1] * 1.3)
        axes.set_xlim(sizes[0] / 1.3, sizes[-1] * 1.3)
        axes.set_xticks(sizes)
    axes.set_title(f"{panel.title}: {panel.bytes} bytes per element")
    return ends


def element_count(n, _=None):
    for unit, name in ((1 << 20, " Mi"), (1 << 10, " Ki")):
        if n >= unit:
            return f"{n / unit:g}{name}"
    return f"{n:g}"


def begin(rows, columns, size):
    """A figure and its axes."""
    pyplot.rcParams.update({"font.size": 11, "axes.titlesize": 13, "axes.titleweight": "bold",
                            "axes.spines.top": False, "axes.spines.right": False,
                            "axes.grid": True, "grid.alpha": 0.3})
    figure, grid = pyplot.subplots(rows, columns, figsize=size, dpi=100, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat:
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
    return figure, grid


def format_axes(axes):
    axes.xaxis.set_major_formatter(FuncFormatter(element_count))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))


def draw(context, rows, torch, path):
    figure, grid = begin(2, 2, (14, 10))
    for axes, panel in zip(grid.flat, PANELS):
        draw_panel(axes, panel, context, rows, torch)
        format_axes(axes)
    low, high = grid[0, 0].get_ylim()
    grid[0, 0].set_ylim(low, high * 1.5)  # for the names of the caches
    for axes in grid[1]:
        axes.set_xlabel("elements")
    for axes in grid[:, 0]:
        axes.set_ylabel("GB/s of the update's own traffic")
    handles, labels = max((axes.get_legend_handles_labels() for axes in grid.flat), key=lambda entries: len(entries[1]))
    figure.legend(handles, labels, loc="lower center", ncol=2, frameon=False)
    figure.suptitle(f"One optimizer step over float32 arrays: {context['cpu']}, {context['num_cpus']} cores")
    figure.tight_layout(rect=(0, 0.1, 1, 1))
    figure.savefig(path, format="png")


def draw_one(context, rows, torch, path):
    """The last panel alone, its curves labelled where they end."""
    figure, ((axes,),) = begin(1, 1, (12, 5.5))
    ends = draw_panel(axes, PANELS[-1], context, rows, torch)
    format_axes(axes)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * 1.3)  # for the names of the caches
    axes.set_title(f"One step of {PANELS[-1].title} over float32 arrays ({context['cpu']})", pad=12)
    axes.set_xlabel("elements")
    axes.set_ylabel("GB/s of the update's own traffic")
    names = {"one": "descend, 1 thread", "all": f"descend, {context['threads']} threads", "limit": "limit, 1 thread",
             "naive-gcc-O3": "plain C loop, -O3", "naive-gcc-fast": "plain C, -ffast-math", "torch": "torch.optim"}
    figure.tight_layout()
    figure.subplots_adjust(right=0.79)
    label_ends(axes, [(*end, names[style], STYLES[style]["color"]) for style, end in ends.items()])
    figure.savefig(path, format="png")


def binary_size(size):
    return f"{size / (1 << 20):.4g} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def ratio(rows, key):
    return f"{statistics.median(row['speedup'] for row in rows[key]):.2f}" if key in rows else "–"


def table(context, rows, torch_version, torch):
    variant = context["variant"]
    caches = ", ".join(f"L{cache['level']} {binary_size(cache['size'])}" for cache in context["caches"]
                       if cache["type"] != "Instruction")
    against = ["plain loop `-O3`", "plain loop `fast`", f"PyTorch {torch_version}" if torch else "PyTorch"]
    yield (f"{context['cpu']}, {context['num_cpus']} cores, {caches}; {context['compiler']}; one thread, variant "
           f"{variant}. Times as fast as:\n")
    yield "| optimizer | elements | ns/element | GB/s | of_limit | " + " | ".join(against) + " |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for panel in PANELS:
        for n in sorted({n for optimizer, implementation, n, _ in rows
                         if optimizer == panel.row and implementation.startswith(f"{variant}-against-")}):
            found = rows[panel.row, variant, n, 1]
            theirs = torch.get((panel.torch, n))
            cells = [panel.title, element_count(n), f"{min(row['ns/element'] for row in found):.3f}",
                     f"{max(row['GB/s'] for row in found):.1f}",
                     f"{statistics.median(row['of_limit'] for row in found):.2f}",
                     *(ratio(rows, (panel.row, f"{variant}-against-{name}", n, 1)) for name in NAIVE),
                     f"{min(theirs[way]['ratio'] for way in ('for-loop', 'foreach')):.2f}" if theirs else "–"]
            yield f"| {' | '.join(cells)} |"


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--torch", metavar="JSON", help="written by bench_torch.py --json; default: without PyTorch")
    parser.add_argument("--one", metavar="PNG", help="a second picture to write, of Adam alone")
    parser.add_argument("json", metavar="JSON", help="written by descend-bench --benchmark_out")
    parser.add_argument("png", metavar="PNG", help="the picture to write")
    parser.add_argument("markdown", metavar="MARKDOWN", help="the table to write")
    return parser.parse_args()


def main():
    arguments = read_arguments()
    path = arguments.json
    try:
        context, rows = read_bench(path)
        torch_version, torch = None, {}
        if arguments.torch:
            path = arguments.torch
            torch_version, torch = read_torch(path)
        path = arguments.png
        draw(context, rows, torch, path)
        if arguments.one:
            path = arguments.one
            draw_one(context, rows, torch, path)
        path = arguments.markdown
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{text}\n" for text in table(context, rows, torch_version, torch))
    except OSError as error:
        sys.exit(f"plot_bench.py: {path}: {error.strerror}")
    except (KeyError, TypeError, ValueError) as error:  # JSON of something else; its own errors are ValueErrors
        sys.exit(f"plot_bench.py: {path}: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
