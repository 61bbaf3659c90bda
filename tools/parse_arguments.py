#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs a Python script until it has parsed its arguments: parse_arguments.py SCRIPT [ARGUMENT ...]

The script is not changed. Exits with 2 after the script's complaint, 3 after its help, and 0 where its arguments are
right, or where it needs a package to tell.
"""

import argparse
import pathlib
import runpy
import sys

HELPED = 3


def main():
    parse_args = argparse.ArgumentParser.parse_args

    def parse_and_exit(*arguments, **options):
        parse_args(*arguments, **options)
        sys.exit(0)

    def print_help_and_exit(self, status=0, message=None):
        if message:
            sys.stderr.write(message)
        sys.exit(status or HELPED)

    argparse.ArgumentParser.parse_args = parse_and_exit
    argparse.ArgumentParser.exit = print_help_and_exit
    del sys.argv[0]
    sys.path[0] = str(pathlib.Path(sys.argv[0]).resolve().parent)
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except ImportError:
        pass


if __name__ == "__main__":
    main()
