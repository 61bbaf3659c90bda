#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Lays descend-train's training curves over PyTorch's, and holds descend to PyTorch's bits.

First each optimizer trains the same network twice, in PyTorch and by descend-train: from the same initial weights, with
the same batches and on as many threads. The two programs round in other places, and training amplifies that: the curves
show it. Then the exact form: PyTorch trains with its baseline kernels (ATEN_CPU_CAPABILITY=default,
foreach=False), and in the same process each step's gradients also go through descend, on parameters and states of its
own. After the last step all parameters must have the same bits; the exit status is 1 if one has not, and 2 if
something could not be run.

DIR gets compare.png, compare.md, and what both sides have read and written.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT / "tools/python"), str(ROOT / "tools/plots")]

import descend  # noqa: E402
from comparison.run import DIFFERENT, FAILED, SAME, Failure, Task  # noqa: E402


def number(text):
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number above 0")
    return int(text)


def path(text):
    return pathlib.Path(text).absolute()


def names(text):
    return list(dict.fromkeys(text.split(",")))


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--optimizers", type=names, default=["sgd", "momentum", "rmsprop", "adam"], metavar="LIST",
                        help="those of descend-train that torch.optim has; default: sgd,momentum,rmsprop,adam")
    for option, default, text in (("epochs", 5, "passes over the training images"),
                                  ("batch", 128, "images in one step"), ("hidden", 256, "units of the hidden layer"),
                                  ("seed", 1, "of the initial weights and the batch order"),
                                  ("threads", 1, "of the updates, on both sides")):
        parser.add_argument(f"--{option}", type=number, default=default, metavar="N",
                            help=f"{text}; default: %(default)s")
    for option, default, what in (("data", "/usr/share/datasets/fashion-mnist", "DIR"),
                                  ("train", ROOT / "build/release/tools/train/descend-train", "PROGRAM"),
                                  ("library", descend.find_library(), "FILE"), ("out", ROOT / "build/compare", "DIR")):
        parser.add_argument(f"--{option}", type=path, default=path(default), metavar=what,
                            help="default: %(default)s")
    parser.add_argument("--exact", type=path, metavar="FILE",
                        help="only the exact form, of the exact.json that a run has left in its DIR")
    return parser.parse_args()


def main():
    arguments = read_arguments()
    # Both before torch is loaded, which reads them then. As descend-train has it, matrix products are on one thread: so
    # they are the same each time.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if arguments.exact:
        os.environ["ATEN_CPU_CAPABILITY"] = "default"
    try:
        for needed in [arguments.exact] if arguments.exact else [arguments.train, arguments.library, arguments.data]:
            needed.stat()  # to refuse before torch is loaded, which takes seconds
        if not arguments.exact:
            arguments.out.mkdir(parents=True, exist_ok=True)
        from comparison import exact, stages  # pylint: disable=import-outside-toplevel
        if arguments.exact:
            return SAME if exact.run(arguments.exact) else DIFFERENT
        task = Task(*(vars(arguments)[field.name] for field in dataclasses.fields(Task)))
        differing = stages.compare(task, arguments.optimizers, [sys.executable, __file__, "--exact"])
        return DIFFERENT if differing else SAME
    except ImportError as error:
        message = f"{error} (Debian: python3-torch, python3-matplotlib)"
    except (Failure, descend.Error, OSError) as error:
        message = error
    print(f"compare.py: {message}", file=sys.stderr)
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
