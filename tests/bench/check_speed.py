#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A gate on speed: check_speed.py DESCEND-BENCH.

Ratios only, each of two things timed in turn in one run, and wanted far from what is usual. A row that falls short is
measured again, up to three times in all: a busy neighbour may spoil one, not three. On threads it can spoil all three,
if it takes a processor for good: so the only rows on threads are those that are about such neighbours.
"""

import json
import subprocess
import sys

TRIES = 3
# Row, counter, the least and the most it may be. Usual with AVX2 and AVX-512: 2.2 to 3.2, 2.3 to 2.5, 1.8 to 1.9, then
# 1.0 to 1.1, 1.1, 2.0 to 2.6, then 1.0 to 1.1 (3 to 5 where the library never gives up threads).
LIMITS = [
    ("adam/{}-against-scalar/16384", "speedup", 1.3, None),
    ("adam/{}-against-separate/1048576", "speedup", 1.15, None),
    ("object/fused/against-separate/1", "speedup", 1.1, None),
    ("adam/{}/16777216/1", "of_limit", None, 1.5),
    ("sgd/{}/16384/1", "of_limit", None, 2.5),
    ("adam/{}/16384/1", "of_limit", None, 6.0),
    ("crowd/1/against-one-thread/iterations:20", "of_given", None, 1.5),
    ("crowd/2/against-one-thread/iterations:20", "of_given", None, 1.5),
]


def run(program, row):
    """The context, and the row."""
    command = [program, f"--benchmark_filter=^{row}/process", "--benchmark_min_time=0.2", "--benchmark_format=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"check_speed.py: {' '.join(command)}: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    (found,) = report["benchmarks"]
    if found.get("error_occurred"):
        sys.exit(f"check_speed.py: {found['name']}: {found['error_message']}")
    return report["context"], found


def good(value, least, most):
    return (least is None or value >= least) and (most is None or value <= most)


def main():
    program = sys.argv[1]
    variant = run(program, "sgd/scalar/1024/1")[0]["variant"]
    if variant == "scalar":
        print("skipped: the best variant here is scalar")
        return 0
    failed = False
    for row, counter, least, most in LIMITS:
        row = row.format(variant)
        if row.endswith("-against-scalar/16384") and variant == "neon":
            print(f"skipped: {row}: the compiler makes NEON of the scalar variant")
            continue
        seen = []
        while len(seen) < TRIES and not (seen and good(seen[-1], least, most)):
            seen.append(run(program, row)[1][counter])
        passed = good(seen[-1], least, most)
        failed = failed or not passed
        wanted = f"at least {least}" if least else f"at most {most}"
        print(f"{'passed' if passed else 'FAILED'}: {row}: {counter} {', '.join(f'{value:.2f}' for value in seen)}, "
              f"wanted {wanted}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
