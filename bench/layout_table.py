#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The tables of docs/performance.md of what stored arrays cost: layout_table.py REPORT.json

The report is descend-bench's on the rows ^object/(LAYOUT)…, in JSON, with repetitions: medians count. Its rows against
converted arrays, if it has some, make a second table.
"""

import json
import re
import statistics
import sys
from collections import defaultdict

L2, DRAM = 1 << 14, 1 << 24
ROW = re.compile(r"object/([a-z0-9]+(?:-(?:bf16|8))?)(?:-against-(f32|converted))?/(\d+)/(\d+)/")
F32_BYTES = 28  # that AdamW reads and writes for an element of float32


def medians(report):
    """{(layout, elements, threads): {counter: its median}}"""
    found = defaultdict(lambda: defaultdict(list))
    for row in report["benchmarks"]:
        name = ROW.match(row["name"])
        if not name or row["run_type"] != "iteration":
            continue
        layout, other, elements, threads = name.groups()
        counters = found[layout, int(elements), int(threads)]
        if other == "converted":
            counters["of_converted"].append(row["speedup"])
            continue
        for counter in ("bytes/element", "ns/element", "of_limit", "speedup"):
            if counter in row:
                counters[counter].append(row[counter])
    return {key: {counter: statistics.median(of) for counter, of in counters.items()}
            for key, counters in found.items()}


def cells(found, layout, places):
    of = {place: found[(layout, *place)] for place in places}
    in_cache = of[places[0]]
    yield layout
    yield f"{in_cache['bytes/element']:.0f}"
    for place in places:
        yield f"{1 / of[place].get('speedup', 1):.2f}"
    for place in places:
        yield f"{of[place]['of_limit']:.2f}"
    yield f"{in_cache['ns/element']:.3f}"
    yield f"{F32_BYTES / in_cache['ns/element']:.0f}" if layout != "f32" else ""


def print_table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---|" + "--:|" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def print_converted(found):
    """How many times as fast as a step on converted arrays a step on the stored ones is."""
    faster = {key: counters["of_converted"] for key, counters in found.items() if "of_converted" in counters}
    lengths = sorted({elements for _, elements, _ in faster})
    rows = [[layout, *(f"{faster[layout, elements, 1]:.1f}" for elements in lengths)]
            for layout in dict.fromkeys(layout for layout, _, _ in faster)]
    if rows:
        print("\nTimes as fast as converting, one thread:\n")
        print_table(["layout", *(f"{elements >> 10} Ki" if elements < 1 << 20 else f"{elements >> 20} Mi"
                                 for elements in lengths)], rows)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    found = medians(report)
    most = max(threads for _, _, threads in found)
    places = [(L2, 1), (DRAM, 1), (DRAM, most)]
    names = ["L2", "DRAM, 1 thread", f"DRAM, {most} threads"]
    head = ["layout", "bytes", *(f"time / f32, {name}" for name in names), *(f"of_limit, {name}" for name in names),
            "ns in L2", "faster below GB/s a core"]
    print(f"{report['context']['cpu']}, variant {report['context']['variant']}, {report['context']['compiler']}:\n")
    print_table(head, (cells(found, layout, places) for layout in dict.fromkeys(key[0] for key in found)))
    print_converted(found)


if __name__ == "__main__":
    main()
