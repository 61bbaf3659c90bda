#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests how the package in tools/python is installed and finds its library: test_package.py BINARY-DIR [unittest's
arguments].

Without numpy it exits with 77, ctest's sign for a skipped test; what needs pip, setuptools and wheel it
leaves out without them.
"""

import ctypes.util
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = None
PIP = all(map(importlib.util.find_spec, ("pip", "setuptools", "wheel")))
LEFT_OUT = shutil.ignore_patterns("build", "lib", "*.egg-info", "__pycache__")
# What a user does: the place of the library, a step, and a file.
USE = """
import descend, numpy
config = descend.config("sgd", lr=0.5)
param, optimizer = numpy.ones(3, "f4"), descend.Optimizer(config)
optimizer.add("w", param, numpy.ones(3, "f4"))
optimizer.step()
optimizer.save("it.safetensors")
optimizer.step()
optimizer.load("it.safetensors")
print(descend.default().path, param.tolist(), descend.__file__)
"""


class Package(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.site, self.prefix = self.folder / "site", self.folder / "prefix"

    def run_python(self, *arguments, **environment):
        """Outside the source tree, with what is in site alone."""
        inherited = {key: value for key, value in os.environ.items()
                     if not key.startswith(("DESCEND_", "PKG_CONFIG_", "LD_LIBRARY_PATH"))}
        return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False,
                              cwd=self.folder, env={**inherited, "PYTHONPATH": os.fspath(self.site),
                                                    "PKG_CONFIG_PATH": "", **environment})

    def used(self, **environment):
        """Where the library was found."""
        done = self.run_python("-c", USE, **environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        path, rest = done.stdout.split(" ", 1)
        self.assertEqual(rest, f"[0.5, 0.5, 0.5] {self.site}/descend/__init__.py\n")
        return Path(path)

    def refused(self, text, **environment):
        done = self.run_python("-c", "import descend; descend.default()", **environment)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done)
        self.assertRegex(done.stderr.splitlines()[-1], rf"^descend\.errors\.Error: .*{text}")

    def install(self):
        """From a copy of the folder, as setuptools writes into it."""
        copy = self.folder / "copy"
        shutil.copytree(ROOT / "tools/python", copy, ignore=LEFT_OUT)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps",
                        "--no-index", "--no-compile", "--target", self.site, copy], check=True,
                       env={**os.environ, "HOME": os.fspath(self.folder), "PIP_ROOT_USER_ACTION": "ignore"})

    def install_library(self):
        subprocess.run(["cmake", "--install", BUILD, "--prefix", self.prefix], check=True, stdout=subprocess.DEVNULL)
        (pkgconfig,) = self.prefix.glob("**/pkgconfig")
        return pkgconfig

    @unittest.skipUnless(PIP, "no python3-pip, python3-setuptools or python3-wheel")
    def test_installed(self):
        self.install()
        files = {path.relative_to(self.site / "descend").as_posix() for path in (self.site / "descend").rglob("*.py")}
        tree = {path.relative_to(ROOT / "tools/python/descend").as_posix()
                for path in (ROOT / "tools/python/descend").rglob("*.py")}
        self.assertEqual(files, tree)
        header = (ROOT / "include/descend/descend.h").read_text(encoding="utf-8")
        version = ".".join(re.findall(r"(?m)^#define DESCEND_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))
        self.assertTrue((self.site / f"descend-{version}.dist-info").is_dir(), "pyproject.toml has another version")
        pkgconfig = self.install_library()
        found = self.used(PKG_CONFIG_PATH=os.fspath(pkgconfig))
        self.assertEqual(found, pkgconfig.parent / "libdescend.so")
        self.assertEqual(self.used(DESCEND_LIBRARY=os.fspath(found.resolve())), found.resolve())
        if ctypes.util.find_library("descend") is None:
            self.refused("there is no libdescend: install libdescend, build it by ")
        self.refused("/none.so: cannot open .*DESCEND_LIBRARY", DESCEND_LIBRARY="/none.so")
        io = found.with_name("libdescend_io.so")
        io.unlink()
        done = self.run_python("-c", USE, DESCEND_LIBRARY=os.fspath(found))
        self.assertRegex(done.stderr.splitlines()[-1], r"^descend\.errors\.Error: .*libdescend_io\.so.*saving")

    def test_another_version(self):
        shutil.copytree(ROOT / "tools/python/descend", self.site / "descend", ignore=LEFT_OUT)
        source, other = self.folder / "other.c", self.folder / "libdescend.so"
        for version in ("0.2.0", "1.1.0"):
            source.write_text(f'const char *descend_version_string(void) {{ return "{version}"; }}\n', encoding="ascii")
            subprocess.run(["cc", "-shared", "-fPIC", "-o", other, source], check=True)
            self.refused(rf"libdescend\.so is descend {version}, and this package is for 0\.1$",
                         DESCEND_LIBRARY=os.fspath(other))
        source.write_text('const char *descend_version_string(void) { return "0.1.9"; }\n', encoding="ascii")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", other, source], check=True)
        self.refused("undefined symbol: descend_", DESCEND_LIBRARY=os.fspath(other))

    def test_built(self):
        shutil.copytree(ROOT / "tools/python/descend", self.site / "descend", ignore=LEFT_OUT)
        done = self.run_python("-m", "descend.build")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("is not the source tree of descend", done.stderr)
        done = self.run_python("-m", "descend.build", ROOT)
        self.assertEqual(done.returncode, 0, done)
        built = self.site / "descend/lib/libdescend.so"
        self.assertRegex(done.stdout.splitlines()[-1], rf"^{built}: descend 0\.1\.\d+$")
        self.assertEqual(self.used(), built)

    def test_in_the_source_tree(self):
        """A checkout's package takes the library that the release preset builds there."""
        tree = self.folder / "tree"
        shutil.copytree(ROOT / "tools/python/descend", tree / "tools/python/descend", ignore=LEFT_OUT)
        (tree / "include").symlink_to(ROOT / "include")
        (tree / "build").mkdir()
        (tree / "build/release").symlink_to(BUILD)
        self.site = tree / "tools/python"
        self.assertEqual(self.used(), tree / "build/release/libdescend.so")


if __name__ == "__main__":
    if importlib.util.find_spec("numpy") is None:
        print("test_package.py: skipped: no python3-numpy")
        sys.exit(77)
    BUILD = Path(sys.argv.pop(1)).resolve()
    unittest.main()
