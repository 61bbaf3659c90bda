#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests tools/dev where it cannot do its work: test_dev.py [unittest's arguments]."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
NOBODY = 65534
# What the script itself calls, and so all that a system has on which nothing is installed.
BARE = ("awk", "bash", "cat", "dirname", "env", "grep", "ls", "mkdir", "nproc", "readlink", "sed", "tar")
# Stands for a system's program: it only notes that it was called.
STUB = '#!/bin/sh\necho "${0##*/} $*" >>"$CALLS"\n'
SUDO = '#!/bin/sh\n[ "$1" = -v ] || exec "$@"\n'


class Dev(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.directory.chmod(0o777)
        self.calls = self.directory / "calls"
        self.path = self.directory / "bin"
        self.path.mkdir()
        for program in BARE:
            (self.path / program).symlink_to(shutil.which(program))
        self.tree = self.directory / "tree"
        (self.tree / "tools").mkdir(parents=True)
        for file in ("tools/dev", "tools/packages.sh"):
            shutil.copy(SOURCE / file, self.tree / file)

    def stub(self, program, text=STUB):
        (self.path / program).write_text(text)
        (self.path / program).chmod(0o755)

    def dev(self, *arguments, user=None, script=None, cwd="/", **variables):
        """Runs the copy, where the test is root's as the given user."""
        if os.geteuid() != 0:
            user = None
        if user is not None:
            for file in (self.directory, *self.directory.rglob("*")):
                os.chown(file, user, user, follow_symlinks=False)
        environment = {"PATH": str(self.path), "CALLS": str(self.calls), **variables}
        return subprocess.run([script or self.tree / "tools/dev", *arguments], env=environment, cwd=cwd,
                              capture_output=True, text=True, user=user, check=False, timeout=60)

    def called(self):
        return self.calls.read_text() if self.calls.exists() else ""

    def assert_refused(self, done, status, *fragments):
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        for fragment in fragments:
            self.assertIn(fragment, done.stderr)

    def stub_apt(self, missing=True):
        self.stub("apt-get")
        self.stub("dpkg", "#!/bin/sh\necho amd64\n")
        self.stub("dpkg-query", "#!/bin/sh\nexit 1\n" if missing else
                  '#!/bin/sh\nfor name; do :; done; echo "installed $name:amd64"\n')

    def test_arguments_are_checked_before_anything_is_installed(self):
        self.stub_apt()
        for arguments in (["demo", "some"], ["test", "releese"], ["test", "release", "x"], ["bench", "--filter=x"],
                          ["lint", "x"], ["storage", "x"], ["mpi", "4"], ["coverage", "x"], ["cross", "arm64"],
                          ["check", "x"], ["demmo"], [], ["-B"]):
            done = self.dev(*arguments)
            self.assert_refused(done, 2, "tools/dev: ", "see tools/dev help")
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertEqual(self.called(), "")

    def test_options_of_scripts_too(self):
        """torch_parity.py itself is not run."""
        self.stub_apt()
        self.stub("sudo", SUDO)
        shutil.copy(SOURCE / "tools/parse_arguments.py", self.tree / "tools")
        (self.tree / "tools/parity").mkdir()
        script = self.tree / "tools/parity/torch_parity.py"
        script.write_text("import argparse\n"
                          "parser = argparse.ArgumentParser()\n"
                          "parser.add_argument('--seed', type=int)\n"
                          "parser.parse_args()\n"
                          "raise SystemExit(5)\n")
        for arguments in (["--sede", "1"], ["--seed", "x"]):
            self.assert_refused(self.dev("parity", *arguments), 2, "torch_parity.py: error: ")
        done = self.dev("parity", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("--seed SEED", done.stdout)
        self.assertEqual(self.called(), "")
        self.dev("parity", "--seed", "1")
        self.assertIn("apt-get", self.called())
        self.calls.unlink()
        script.write_text("import a_module_that_is_not_there\n")
        self.dev("parity", "--sede", "1")
        self.assertIn("apt-get", self.called())

    def test_help(self):
        done = self.dev("help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("usage: tools/dev", done.stdout)

    def test_it_finds_its_sources(self):
        """By a link, and where CDPATH has a folder of the same name."""
        link = self.directory / "link"
        link.symlink_to(self.tree / "tools/dev")
        (self.directory / "other/tools").mkdir(parents=True)
        for done in (self.dev("help", script=link), self.dev("help", script="tools/dev", cwd=self.tree,
                                                             CDPATH=str(self.directory / "other"))):
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("usage: tools/dev", done.stdout)

    def test_a_copy_is_beside_the_caller(self):
        for folder in ("a copy", self.directory / "another", self.tree / "build/copy"):
            done = self.dev("-B", folder, "help", cwd=self.directory)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue((self.directory / folder / "tools/packages.sh").exists())

    def test_no_copy_among_the_sources(self):
        before = sorted(self.tree.rglob("*"))
        for folder in (self.tree, "tree/tools", "tree/new/folder", "tree/../tree"):
            self.assert_refused(self.dev("-B", folder, "help", cwd=self.directory), 2, "-B", "elsewhere")
        self.assertEqual(sorted(self.tree.rglob("*")), before)

    def test_without_sudo_the_administrators_line_is_printed(self):
        self.stub_apt()
        self.assert_refused(self.dev("demo", user=NOBODY), 1, "apt-get install --no-install-recommends cmake",
                            "python3-matplotlib")
        self.assertEqual(self.called(), "")

    def test_where_sudo_refuses_too(self):
        self.stub_apt()
        self.stub("sudo", STUB + "exit 1\n")
        self.assert_refused(self.dev("demo", user=NOBODY), 1, "apt-get install --no-install-recommends cmake")
        self.assertEqual(self.called(), "sudo -v\n")

    def test_without_apt_it_names_what_it_lacks(self):
        for program in ("cmake", "gcc", "ninja"):
            self.stub(program)
        done = self.dev("demo")
        self.assert_refused(done, 1, "has no apt", "g++ ", "python3-matplotlib" if not
                            importable("matplotlib") else "libcmocka-dev")
        for present in (" cmake", " gcc", "ninja-build"):
            self.assertNotIn(present, done.stderr)

    def test_without_apt_it_knows_what_packages_are_for(self):
        """Where a package has another name than what it brings."""
        for program in ("clang", "ip", "locale", "man", "mpicc", "mpiexec", "ninja", "pkg-config"):
            self.stub(program)
        for command, packages in (("test", ("libclang-rt", "libcmocka", "libomp-", "locales", "man-db", "ninja-build")),
                                  ("mpi", ("iproute2", "libcjson", "libopenmpi", "openmpi-bin", "zlib1g"))):
            done = self.dev(command)
            self.assert_refused(done, 1, "has no apt", " cmake ")
            for present in packages:
                self.assertNotIn(present, done.stderr)

    def test_apts_failure_ends_it(self):
        """What apt says is shown, and nothing is built."""
        self.stub_apt()
        self.stub("apt-get", STUB + '[ "${*#*Status-Fd}" = "$*" ] || { echo "E: no such package" >&2; exit 100; }\n')
        self.stub("sudo", SUDO)
        self.stub("cmake")
        self.assert_refused(self.dev("demo"), 100, "MB to download", "E: no such package")
        self.assertNotIn("cmake --preset", self.called())

    def test_it_says_how_far_apt_is(self):
        self.stub_apt()
        self.stub("sudo", SUDO)
        self.stub("apt-get", '''#!/bin/sh
case "$*" in
*--print-uris*) echo "'http://x/a.deb' a.deb 500000000 SHA256:0"; echo "'http://x/b.deb' b.deb 100000000 SHA256:0" ;;
*Status-Fd*) for percent in 10.5 30 55.2 100; do echo "dlstatus:1:$percent:x"; done; echo "pmstatus:a:80:x" ;;
esac
''')
        self.stub("cmake", "#!/bin/sh\nexit 3\n")
        done = self.dev("demo")
        self.assertEqual(done.returncode, 3)
        self.assertIn("600 MB to download: about 6 min", done.stderr)
        for line in ("downloading: 25 %", "downloading: 50 %", "downloading: 100 %", "setting up: 75 %"):
            self.assertIn(line, done.stderr)

    def test_only_what_a_command_needs_is_built(self):
        self.stub_apt(missing=False)
        self.stub("cmake")
        self.dev("demo")
        self.assertIn("--target descend-train\n", self.called())

    def test_a_folder_that_cannot_be_written_to(self):
        self.stub_apt(missing=False)
        self.stub("cmake")
        shutil.copytree(SOURCE / "cmake", self.tree / "cmake")
        (self.tree / "build").mkdir()
        (self.tree / "build" / "old").touch()
        if os.geteuid() == 0:
            os.chown(self.directory, NOBODY, NOBODY)
        self.tree.chmod(0o555)
        done = self.dev("demo", user=NOBODY)
        self.assert_refused(done, 2, str(self.tree), "-B")
        work = self.directory / "work"
        self.dev("-B", "work", "demo", user=NOBODY, cwd=self.directory)  # relative to where it is typed
        self.assertTrue((work / "cmake" / "cross.cmake").exists())
        self.assertFalse((work / "build" / "old").exists())
        self.assertIn("--target descend-train\n", self.called())


def importable(module):
    done = subprocess.run(["/usr/bin/python3", "-c", f"import {module}"], capture_output=True, check=False)
    return done.returncode == 0


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
