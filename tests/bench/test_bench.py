#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests descend-bench and plot_bench.py from outside: test_bench.py BINARY [unittest's arguments].

How fast anything is, is not tested here. Without Debian's libbenchmark-tools and python3-scipy, compare.py is skipped.
"""

import importlib.util
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BINARY = None
PLOT = Path(__file__).resolve().parents[2] / "tools/plots/plot_bench.py"
TABLE = Path(__file__).resolve().parents[2] / "bench/layout_table.py"
COMPARE = Path("/usr/share/benchmark/compare.py")
SHORT = "--benchmark_min_time=0.001"
PNG = b"\x89PNG\r\n\x1a\n"


def run_bench(*arguments, memory=None, timeout=None, **environment):
    limit = None
    if memory:
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, check=False,
                          preexec_fn=limit, timeout=timeout, env={**os.environ, **environment})


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def bench(self, row, *arguments, **environment):
        """The report on the rows that a regular expression selects."""
        done = run_bench(f"--benchmark_filter={row}", SHORT, "--benchmark_format=json", *arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


class Report(Case):
    def test_context(self):
        context = self.bench("^sgd/scalar/1024/1/process")["context"]
        self.assertRegex(context["commit"], r"^(unknown|[0-9a-f]{7,40}(-dirty)?)$")
        self.assertRegex(context["compiler"], r"^\w.* \d+\.\d+")
        self.assertRegex(context["descend"], r"^\d+\.\d+\.\d+$")
        self.assertRegex(context["variant"], r"^[a-z0-9]+$")
        self.assertEqual(context["page_size"], str(resource.getpagesize()))
        self.assertGreater(int(context["threads"]), 0)
        self.assertTrue(context["cpu"].strip())
        self.assertIn("caches", context)
        self.assertGreater(context["num_cpus"], 0)

    def test_variant_of_the_environment(self):
        report = self.bench("^sgd/scalar/1024/1/process", DESCEND_ISA="scalar")
        self.assertEqual(report["context"]["variant"], "scalar")

    def test_update(self):
        """Counters that follow from each other do."""
        (row,) = self.bench("^sgd.momentum/scalar/16384/1/process")["benchmarks"]
        self.assertEqual(row["name"], "sgd+momentum/scalar/16384/1/process_time/real_time")
        self.assertAlmostEqual(row["GB/s"] * row["ns/element"], 20, places=3)
        self.assertAlmostEqual(row["bytes_per_second"] / row["items_per_second"], 20, places=3)
        self.assertGreater(min(row["of_limit"], row["cycles/element"]), 0)

    def test_repetitions_in_random_order(self):
        report = self.bench("^(sgd|adam)/scalar/(1024|4096)/1/process", "--benchmark_repetitions=3",
                            "--benchmark_enable_random_interleaving=true")
        runs = [row for row in report["benchmarks"] if row["run_type"] == "iteration"]
        self.assertEqual(len(runs), 4 * 3)
        self.assertEqual({row["repetition_index"] for row in runs}, {0, 1, 2})
        middle = {row["run_name"]: row for row in report["benchmarks"] if row.get("aggregate_name") == "median"}
        for name in {row["run_name"] for row in runs}:
            own = sorted(row["ns/element"] for row in runs if row["run_name"] == name)
            self.assertAlmostEqual(middle[name]["ns/element"], own[1])

    def test_against(self):
        (row,) = self.bench("^adam/scalar-against-separate/16384/process")["benchmarks"]
        self.assertGreater(row["speedup"], 0)

    def test_separate_passes(self):
        rows = self.bench("^adam/separate/(1024|16384)/1/process")["benchmarks"]
        self.assertEqual(len(rows), 2)

    def test_layouts(self):
        rows = self.bench("^object/bf16-8(-against-(f32|converted))?/16384/1/process")["benchmarks"]
        self.assertEqual([row["bytes/element"] for row in rows], [10, 10, 10])
        self.assertGreater(rows[0]["of_limit"], 0)
        for row in rows[1:]:
            self.assertGreater(row["speedup"], 0)

    def test_ways_to_embed(self):
        for row in ("delta/16384/1", "rows/64"):
            (found,) = self.bench(f"^{row}/process")["benchmarks"]
            self.assertGreater(found["ns/element"], 0)
            self.assertGreater(found["of_step"], 0)

    def test_accumulate(self):
        rows = self.bench("^accumulate/(f32|bf16)/8/16384/1/process")["benchmarks"]
        self.assertEqual([row["bytes/element"] for row in rows], [40, 24])
        for row in rows:
            self.assertAlmostEqual(row["GB/s"] * row["ns/element"], row["bytes/element"], places=3)
            self.assertGreater(row["of_limit"], 0)

    def test_placements(self):
        (row,) = self.bench("^sgd/scalar/16384/1/placements/")["benchmarks"]
        self.assertIn("/trials:200/", row["name"])
        self.assertGreaterEqual(row["slowest_of_median"], 1)
        self.assertRegex(row["label"], r"^slowest at( \d+){2}$")
        self.assertTrue(all(int(offset) % 64 == 0 for offset in re.findall(r"\d+", row["label"])))


class Rows(Case):
    def test_help_has_the_readme_s_words(self):
        readme = (Path(__file__).resolve().parents[2] / "bench/README.md").read_text(encoding="utf-8")
        section = readme[readme.index("\n## Rows\n"):readme.index("\n## Across ranks\n")]
        shown = "".join(run_bench("--help").stdout.split())
        rows = re.findall(r"(?m)^\| (.*) \| (.*) \|$", section)[1:]  # below the table's head
        lists = re.findall(r"(?m)^- `([^`]*)`[:,] (.*(?:\n  .*)*)[;.]$", section)
        self.assertGreater(min(len(rows), len(lists)), 9)
        for words in (word for row in rows + lists for word in row):
            expected = re.sub(r"\s|`", "", words).replace("…", "...").replace('"', "'")
            self.assertIn(expected, shown)

    def test_list_takes_no_time(self):
        """Some 18,000 rows in a tenth of a second; Google Benchmark's own way takes half a minute."""
        for arguments in ((), ("--benchmark_filter=all",)):
            done = run_bench("--benchmark_list_tests", *arguments, timeout=8)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            rows = done.stdout.splitlines()
            self.assertGreater(len(rows), 5000)
            self.assertIn("adam/scalar/1024/1/process_time/real_time", rows)


class Refusals(Case):
    def assert_refused(self, done, fragment):
        self.assertEqual(done.returncode, 1, done)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertIn(fragment, lines[0])

    def test_wrong_value(self):
        """Google Benchmark says what it wanted."""
        done = run_bench("--benchmark_min_time=x", timeout=60)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"\A[^\n]*benchmark_min_time[^\n]*double[^\n]*\n"
                                      r"descend-bench: --benchmark_min_time: 'x'[^\n]* \(see descend-bench --help\)\n\Z")

    def test_wrong_format(self):
        for option in ("--benchmark_format=x", "--benchmark_out_format=x", "--benchmark_time_unit=x"):
            done = run_bench(option, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertRegex(done.stderr, r"\Adescend-bench: [^\n]*no such value \(see descend-bench --help\)\n\Z")

    def test_unknown_row(self):
        self.assert_refused(run_bench("--benchmark_filter=^nonsense$"), "^nonsense$")

    def test_wrong_variant(self):
        self.assert_refused(run_bench(DESCEND_ISA="nonsense"), "DESCEND_ISA")

    def test_too_little_memory(self):
        """A row that cannot run is skipped and says why; the others run."""
        done = run_bench("--benchmark_filter=^(sgd|adam)/scalar/(1024|67108864)/1/process", SHORT,
                         "--benchmark_format=json", memory=1 << 30, OMP_NUM_THREADS="1")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = {row["name"].split("/process")[0]: row for row in json.loads(done.stdout)["benchmarks"]}
        for optimizer in ("sgd", "adam"):
            self.assertIn("ns/element", rows[f"{optimizer}/scalar/1024/1"])
            skipped = rows[f"{optimizer}/scalar/67108864/1"]
            self.assertEqual((skipped["error_occurred"], skipped["error_message"]), (True, "out of memory"))


class Compare(Case):
    @unittest.skipUnless(COMPARE.exists() and importlib.util.find_spec("scipy"),
                         "Debian's libbenchmark-tools and python3-scipy are not both here")
    def test_reads_two_reports(self):
        files = [self.directory / "before.json", self.directory / "after.json"]
        for file in files:
            self.bench("^sgd/scalar/(1024|4096)/1/process", "--benchmark_repetitions=3",
                       "--benchmark_enable_random_interleaving=true", f"--benchmark_out={file}")
        done = subprocess.run(["/usr/bin/python3", COMPARE, "--no-color", "benchmarks", *files], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^sgd/scalar/1024/1/process_time/real_time_median +[+-]\d")


class LayoutTable(Case):
    def tables(self, rows):
        """The lines that the script prints of these rows."""
        report = self.directory / "report.json"
        context = {"cpu": "processor", "variant": "avx2", "compiler": "gcc 1"}
        report.write_text(json.dumps({"context": context, "benchmarks": rows}), encoding="utf-8")
        done = subprocess.run(["/usr/bin/python3", TABLE, report], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def test_tables(self):
        rows = []
        for elements, threads in ((1 << 14, 1), (1 << 24, 1), (1 << 24, 2)):
            for of_limit in (1.5, 1.25, 9):
                rows.append({"name": f"object/f32/{elements}/{threads}/process_time/real_time", "run_type": "iteration",
                             "bytes/element": 28, "ns/element": 0.25, "of_limit": 1.125})
                rows.append({"name": f"object/bf16-8/{elements}/{threads}/process_time/real_time", "bytes/element": 10,
                             "run_type": "iteration", "ns/element": 0.5, "of_limit": of_limit})
            rows.append({"name": f"object/bf16-8-against-f32/{elements}/{threads}/process_time/real_time",
                         "bytes/element": 10, "ns/element": 0.5, "speedup": threads / 2, "run_type": "iteration"})
        table = self.tables(rows)
        self.assertEqual(table[0], "processor, variant avx2, gcc 1:")
        self.assertEqual(table[-1], "| bf16-8 | 10 | 2.00 | 2.00 | 1.00 | 1.50 | 1.50 | 1.50 | 0.500 | 56 |")
        for elements, speedup in ((1 << 24, 3), (1 << 14, 5), (1 << 14, 1), (1 << 14, 2)):
            rows.append({"name": f"object/bf16-8-against-converted/{elements}/1/process_time/real_time",
                         "bytes/element": 10, "ns/element": 9, "speedup": speedup, "run_type": "iteration"})
        both = self.tables(rows)
        self.assertEqual(both[:len(table)], table)
        self.assertEqual(both[-3:], ["| layout | 16 Ki | 16 Mi |", "|---|--:|--:|", "| bf16-8 | 2.0 | 3.0 |"])


class Plot(Case):
    def plot(self, *arguments):
        return subprocess.run(["/usr/bin/python3", PLOT, *arguments], capture_output=True, text=True, check=False)

    def test_picture_and_table(self):
        bench, png, one, markdown = (self.directory / name
                                     for name in ("bench.json", "bench.png", "one.png", "bench.md"))
        variant = self.bench("^sgd/scalar/1024/1/process")["context"]["variant"]
        loops = "naive-gcc-(O3|fast)"
        context = self.bench(f"^adam/({variant}/(1024|16384)/[0-9]+|{variant}-against-{loops}/16384)/process",
                             f"--benchmark_out={bench}")["context"]
        torch = self.directory / "torch.json"
        torch.write_text(json.dumps({"context": {"torch": "1.2.3"}, "rows": [
            {"optimizer": "adam", "n": 16384, "threads": 1, "for-loop": {"ns_per_element": 5, "ratio": 8.125},
             "foreach": {"ns_per_element": 6, "ratio": 9}}]}), encoding="utf-8")
        for options, ratio in (((), "–"), (("--torch", torch, "--one", one), "8.12")):
            done = self.plot(*options, bench, png, markdown)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(png.read_bytes()[: len(PNG)], PNG)
            lines = markdown.read_text(encoding="utf-8").splitlines()
            for fragment in (context["cpu"], f"{context['num_cpus']} cores", context["compiler"], variant):
                self.assertIn(fragment, lines[0])
            self.assertRegex(lines[-1], rf"^\| Adam \| 16 Ki \|( (\d+\.\d+|–) \|){{5}} {ratio} \|$")
        self.assertEqual(one.read_bytes()[: len(PNG)], PNG)

    def test_refused(self):
        other, empty = self.directory / "other.json", self.directory / "empty.json"
        other.write_text('{"context": {}, "benchmarks": [{"name": "x"}]}', encoding="utf-8")
        empty.write_text("", encoding="utf-8")
        for file in (self.directory / "none.json", empty, other):
            done = self.plot(file, self.directory / "bench.png", self.directory / "bench.md")
            self.assertEqual(done.returncode, 1)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(str(file), done.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
