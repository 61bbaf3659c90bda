# SPDX-License-Identifier: MIT
"""Finding and loading the library."""

import ctypes
import ctypes.util
import functools
import os
import pathlib
import subprocess

from descend import c as declarations
from descend.options import Config
from descend.errors import Error, Refused

PACKAGE = pathlib.Path(__file__).resolve().parent
BUILT = PACKAGE / "lib/libdescend.so"  # by descend.build
TREE = PACKAGE.parents[2]
HOW = ("install libdescend, build it by `python3 -m descend.build SOURCE`, or name its file in the environment "
       "variable DESCEND_LIBRARY")


def in_source_tree():
    """Whether this is the package in a source tree, and not one that pip has installed."""
    return (TREE / "include/descend/descend.h").exists() and (TREE / "tools/python/descend").resolve() == PACKAGE


def from_pkg_config():
    """The file in the prefix that pkg-config knows, or None."""
    try:
        done = subprocess.run(["pkg-config", "--variable=libdir", "descend"], capture_output=True, text=True,
                              check=False)
    except OSError:
        return None
    path = pathlib.Path(done.stdout.strip()).resolve() / "libdescend.so"
    return path if done.returncode == 0 and path.exists() else None


def find_library():
    """The file to load, or its name for the system's loader; None where there is none."""
    if os.environ.get("DESCEND_LIBRARY"):
        return os.environ["DESCEND_LIBRARY"]
    if BUILT.exists():
        return BUILT
    if in_source_tree():
        return TREE / "build/release/libdescend.so"
    return from_pkg_config() or ctypes.util.find_library("descend")


class Library:
    """One file of the library, by default the one that find_library finds. c has its functions; optimizers has the
    kinds' numbers, by name."""

    def __init__(self, path=None):
        path = path or find_library()
        if path is None:
            raise Error(f"there is no libdescend: {HOW}")
        self.path = os.fspath(path)
        try:
            self.c = ctypes.CDLL(self.path)
            self.c.descend_version_string.restype = ctypes.c_char_p
            self.check_version()
            declarations.declare(self.c, declarations.FUNCTIONS)
        except (OSError, AttributeError) as error:
            raise Error(f"{error} ({HOW})") from None
        self.optimizers = {self.c.descend_kind_name(kind).decode(): kind
                           for kind in range(1, self.c.descend_kind_count() + 1)}

    def check_version(self):
        """The structs are those of one minor version."""
        if tuple(map(int, self.version().split(".")[:2])) != declarations.VERSION:
            raise Error(f"{self.path} is descend {self.version()}, and this package is for "
                        f"{'.'.join(map(str, declarations.VERSION))}")

    @functools.cached_property
    def files(self):
        """The functions of libdescend_io, which lies beside the library."""
        directory, name = os.path.split(self.path)
        path = os.path.join(directory, name.replace("libdescend", "libdescend_io", 1))
        try:
            library = ctypes.CDLL(path, use_errno=True)
            declarations.declare(library, declarations.FILE_FUNCTIONS)
        except (OSError, AttributeError) as error:
            raise Error(f"{error} (saving and loading need it)") from None
        return library

    def check(self, status):
        if status != 0:
            raise Refused(status, self.c.descend_status_string(status).decode())

    def version(self):
        return self.c.descend_version_string().decode()

    def active_isa(self):
        return self.c.descend_isa_active().decode()

    def isas(self):
        """The variants that can run here, slowest first."""
        names = [self.c.descend_isa_name(index) for index in range(self.c.descend_isa_count())]
        return [name.decode() for name in names if self.c.descend_isa_supported(name)]

    def force_isa(self, name):
        """None: the best that can run here."""
        self.check(self.c.descend_isa_force(None if name is None else name.encode()))

    def config(self, optimizer, **options):
        """The defaults, and over them torch's options."""
        if optimizer not in self.optimizers:
            raise Error(f"this library has no {optimizer}")
        config = Config(self, optimizer)
        config.set_options(**options)
        return config


@functools.lru_cache(maxsize=None)
def default():
    """The library that find_library finds, loaded once."""
    return Library()
