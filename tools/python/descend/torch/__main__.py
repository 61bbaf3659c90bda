# SPDX-License-Identifier: MIT
"""Converts torch's checkpoints to the library's files and back.

A checkpoint of torch is a file that torch.save has written of {"model": model.state_dict(), "optimizer":
optimizer.state_dict()}; what else the dictionary has stays in torch's file. Reading it runs code that may be in it:
convert only files that you trust.
"""

import argparse
import sys

from descend.errors import Error
from descend.torch import convert


def read_arguments():
    parser = argparse.ArgumentParser(prog="python3 -m descend.torch", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    there = commands.add_parser("to-safetensors", help="from torch's file to the library's", allow_abbrev=False)
    back = commands.add_parser("from-safetensors", help="from the library's file to torch's", allow_abbrev=False)
    for command in (there, back):
        command.add_argument("source")
        command.add_argument("target")
    there.add_argument("--optimizer", required=True, choices=convert.NAMES, metavar="NAME",
                       help=f"its class in torch.optim: {', '.join(convert.NAMES)}")
    there.add_argument("--names", metavar="FILE", help="a text file with the names of the optimizer's parameters, one "
                       "a line, in its order; needed where they are not the model's, in the model's order")
    back.add_argument("--like", metavar="FILE", help="a checkpoint of torch with the same parameters, for all that the "
                      "library's file does not have")
    return parser.parse_args()


def main():
    arguments = read_arguments()
    try:
        if arguments.command == "from-safetensors":
            convert.from_safetensors(arguments.source, arguments.target, arguments.like)
            return
        names = None
        if arguments.names:
            with open(arguments.names, encoding="utf-8") as file:
                names = file.read().splitlines()
        left = convert.to_safetensors(arguments.source, arguments.target, convert.NAMES[arguments.optimizer], names)
        if left:
            print(f"not in {arguments.target}, as they are no parameters: {', '.join(left)} "
                  f"(from-safetensors --like {arguments.source} takes them from there)")
    except (Error, OSError, ValueError, RuntimeError) as error:
        sys.exit(f"descend.torch: {error}")


if __name__ == "__main__":
    main()
