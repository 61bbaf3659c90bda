#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gaps.py COVERAGE.JSON: the lines and branches that tests have run, from what gcovr has counted.

Exit status: 1 where a line that none has run is not in gaps.txt, or a line there is not one of those.
"""

import collections
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]


def known_gaps():
    """How often each (file, line of code) is in gaps.txt."""
    lines = [line.split("\t") for line in (HERE / "gaps.txt").read_text().splitlines()]
    return collections.Counter((line[0], line[1]) for line in lines if not line[0].startswith("#"))


def share(run, total):
    return f"{run:5}/{total:<5} {run / max(total, 1):6.1%}"


def main():
    known, unknown, totals = known_gaps(), [], collections.Counter()
    print(f"{'':40} {'lines':>18} {'branches':>18}")
    for file in json.loads(pathlib.Path(sys.argv[1]).read_text())["files"]:
        lines = [line for line in file["lines"] if not line["gcovr/noncode"]]
        missed = [line["line_number"] for line in lines if line["count"] == 0]
        branches = [branch["count"] for line in lines for branch in line["branches"]]
        counts = {"lines run": len(lines) - len(missed), "lines": len(lines)}
        counts |= {"branches run": sum(count > 0 for count in branches), "branches": len(branches)}
        if counts["lines run"] == 0 and file["file"].startswith("kernels/vec/"):
            print(f"{file['file']:40} cannot run on this machine")
            continue
        totals.update(counts)
        print(f"{file['file']:40} {share(counts['lines run'], counts['lines'])} "
              f"{share(counts['branches run'], counts['branches'])}")
        text = (SOURCE / file["file"]).read_text().splitlines()
        for number in missed:
            gap = (file["file"], text[number - 1].strip())
            known[gap] -= 1
            if known[gap] < 0:
                unknown.append(f"{gap[0]}:{number}: {gap[1]}")
    print(f"{'':40} {share(totals['lines run'], totals['lines'])} {share(totals['branches run'], totals['branches'])}")
    closed = [f"{file}: {line}" for (file, line), count in known.items() if count > 0]
    for what, which in (("not run, and not in gaps.txt", unknown), ("in gaps.txt, and run", closed)):
        if which:
            print(f"{what}:", *which, sep="\n  ")
    sys.exit(bool(unknown or closed))


if __name__ == "__main__":
    main()
