#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests checkpoint files from outside: test_ckpt.py DESCEND-CKPT WRITE_SAMPLE [unittest's arguments].

The reader and the writer here are made from the format's description alone, over Python's json, struct and zlib; where
Python's safetensors is installed, it has to read the same.
"""

import array
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

try:
    import safetensors
except ImportError:
    safetensors = None

CKPT = WRITE_SAMPLE = None
SIZES = {"F64": 8, "I64": 8, "F32": 4, "F16": 2, "BF16": 2, "I16": 2, "U8": 1, "I8": 1}
GOLDEN = Path(__file__).resolve().parents[1] / "checkpoint/golden.stored.safetensors"
STRANGE = "ä€😀\"\\\n\x01"


def checksum(content, digits):
    """Of the file, its own digits taken as 0."""
    at = content.index(b'"crc32":"' + digits.encode()) + len('"crc32":"')
    return f"{zlib.crc32(content[:at] + b'0' * 8 + content[at + 8:]):08x}"


def read(path):
    """{name: (dtype, shape, bytes)} and the metadata."""
    content = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    assert length <= 100_000_000 and length % 8 == 0 and content[8:9] == b"{"
    header = json.loads(content[8:8 + length].decode())
    data = content[8 + length:]
    metadata = header.pop("__metadata__", {})
    covered = 0
    tensors = {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        assert begin == covered and end - begin == math.prod(entry["shape"]) * SIZES[entry["dtype"]]
        tensors[name] = (entry["dtype"], entry["shape"], data[begin:end])
        covered = end
    assert covered == len(data)
    assert metadata["crc32"] == checksum(content, metadata["crc32"])
    return tensors, metadata


def write(path, header, data=b"", indent=None, ascii_only=True, sums=True):
    """A file with this header and the right checksum."""
    if sums:
        header = {"__metadata__": {**header.get("__metadata__", {}), "crc32": "00000000"}, **{
            name: entry for name, entry in header.items() if name != "__metadata__"}}
    text = json.dumps(header, indent=indent, ensure_ascii=ascii_only, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    content = struct.pack("<Q", len(text)) + text + data
    if sums:
        content = content.replace(b'"crc32":"00000000"', b'"crc32":"' + checksum(content, "0" * 8).encode() + b'"')
    Path(path).write_bytes(content)
    return content


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def ckpt(*arguments, **options):
    return subprocess.run([CKPT, *map(str, arguments)], stdout=options.pop("stdout", subprocess.PIPE),
                          stderr=subprocess.PIPE, text=True, encoding="utf-8", check=False, **options)


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.directory / "it.safetensors"

    def assert_sound(self):
        done = ckpt("verify", self.path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("sound", done.stdout)

    def assert_refused(self, done, *fragments, code=1):
        self.assertEqual((done.returncode, done.stdout or ""), (code, ""))
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("descend-ckpt: "), lines[0])
        for fragment in fragments:
            self.assertIn(fragment, lines[0])


class Samples(Case):
    def sample(self, n):
        subprocess.run([WRITE_SAMPLE, self.path, str(n)], check=True)
        return {
            "w": ("F32", [n], array.array("f", (i / 8 for i in range(n))).tobytes()),
            "state.w.exp_avg_sq": ("F32", [1, n], array.array("f", (-float(i) for i in range(n))).tobytes()),
            "scalar": ("U8", [], b"\xff"),
            STRANGE: ("I8", [3], b"\x01\x02\xff"),
        }

    def test_read_by_another(self):
        for n in (0, 1, 2, 7, 8190, 8191, 100_000, 1_000_001):
            with self.subTest(n=n):
                wanted = self.sample(n)
                tensors, metadata = read(self.path)
                self.assertTrue(tensors == wanted, "other tensors")  # assertEqual would show megabytes
                self.assertEqual(metadata.pop("text"), "ä\t\"\\/")
                self.assertEqual(int(metadata.pop("steps")), 2**64 - 1)
                del metadata["crc32"]
                values = [0.1, -0.0, 1.0, math.inf, -math.inf, math.nan, 5e-324, sys.float_info.max]
                self.assertEqual([repr(float.fromhex(metadata[str(i)])) for i in range(len(values))],
                                 [repr(value) for value in values])
                self.assert_sound()

    @unittest.skipIf(safetensors is None, "Python's safetensors is not installed")
    def test_read_by_safetensors(self):
        wanted = self.sample(1000)
        found = dict(safetensors.deserialize(self.path.read_bytes()))
        self.assertEqual({name: (e["dtype"], e["shape"], bytes(e["data"])) for name, e in found.items()}, wanted)


class FromPython(Case):
    HEADER = {"__metadata__": {STRANGE: "😀\u20ac"}, "b": entry("F32", [2], 3, 11), STRANGE: entry("U8", [3], 0, 3)}

    def test_sound(self):
        for indent in (None, 1):
            for ascii_only in (True, False):
                with self.subTest(indent=indent, ascii_only=ascii_only):
                    write(self.path, self.HEADER, bytes(11), indent, ascii_only)
                    self.assert_sound()
        write(self.path, {})
        self.assert_sound()

    def test_list(self):
        write(self.path, self.HEADER, bytes(11))
        done = ckpt("list", self.path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        tensors, _, metadata = done.stdout.partition("\n\n")
        rows = [line.split() for line in tensors.splitlines()]
        self.assertEqual(rows, [["name", "dtype", "storage", "bytes", "shape"],
                                ["ä€😀\"\\\\\\u000a\\u0001", "U8", "3", "[3]"],
                                ["b", "F32", "8", "[2]"],
                                ["2", "tensors,", "11", "bytes"]])
        lines = metadata.splitlines()
        self.assertEqual(lines[0], "metadata")
        self.assertRegex(lines[1], "^crc32: [0-9a-f]{8}$")
        self.assertEqual(lines[2:], ["ä€😀\"\\\\\\u000a\\u0001: 😀\u20ac"])

    def test_control_characters(self):
        name = "\x1b[31m\x7f\x9b\x80\x9f\xa0"
        write(self.path, {name: entry("U8", [], 0, 1)}, b"x")
        done = ckpt("list", self.path)
        self.assertIn("\n\\u001b[31m\\u007f\\u009b\\u0080\\u009f\xa0  ", done.stdout)

    def test_without_checksum(self):
        write(self.path, self.HEADER, bytes(11), sums=False)
        self.assert_refused(ckpt("verify", self.path), str(self.path), "no checksum")
        self.assertEqual(ckpt("list", self.path).returncode, 0)

    def test_unsound(self):
        content = write(self.path, self.HEADER, bytes(11))
        for what, changed in {"checksum": content[:-1] + b"x", "ends before": content[:-1],
                              "has bytes after its last": content + b"x", "fewer than 8 bytes": content[:7],
                              "UTF-8": content[:20] + b"\xff" + content[21:],
                              "not the JSON": content[:8] + b"[" + content[9:]}.items():
            for command in ("verify", "list"):
                with self.subTest(what=what, command=command):
                    self.path.write_bytes(changed)
                    self.assert_refused(ckpt(command, self.path), str(self.path), what)

    def test_file_that_cannot_be_opened(self):
        self.assert_refused(ckpt("verify", self.path), str(self.path), "cannot be opened", "No such file")
        self.assert_refused(ckpt("list", self.directory), "directory")

    def test_other_files(self):
        """They are called what they are: no safetensors."""
        for content in (b"", b"text\n", b"a longer text, of more than eight bytes\n", b"\x89PNG\r\n\x1a\n" + bytes(1000),
                        bytes(1000), b"\x02" + bytes(7) + b"[]", b"\x03" + bytes(7) + b"{\xff}", b"\xff" + bytes(20)):
            for command in (("list",), ("list", "--json"), ("verify",), ("widen", self.directory / "out")):
                with self.subTest(content=content[:8], command=command):
                    self.path.write_bytes(content)
                    self.assert_refused(ckpt(command[0], self.path, *command[1:]), str(self.path), "is not safetensors")

    def test_json(self):
        """Strings that no C string holds, and numbers that no double holds."""
        name, huge = "ä\0\"\\\x9f\n" + STRANGE, 2**63 + 1
        header = {"__metadata__": {name: name, "": ""}, "b": entry("BF16", [2], 3, 7), name: entry("U8", [3], 0, 3),
                  "none": entry("F32", [0, huge], 7, 7), "scalar": entry("U8", [], 7, 8)}
        write(self.path, header, bytes(8))
        done = ckpt("--json", "list", self.path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = json.loads(done.stdout)
        self.assertRegex(found["metadata"].pop("crc32"), "^[0-9a-f]{8}$")
        self.assertEqual(found["metadata"], header["__metadata__"])
        self.assertEqual([tensor["name"] for tensor in found["tensors"]], [name, "b", "none", "scalar"])
        self.assertEqual(found["tensors"][1:3], [
            {"name": "b", "dtype": "BF16", "storage": None, "bytes": 4, "shape": [2]},
            {"name": "none", "dtype": "F32", "storage": None, "bytes": 0, "shape": [0, huge]}])
        write(self.path, {})
        self.assertEqual(json.loads(ckpt("list", "--json", self.path).stdout)["tensors"], [])
        golden = json.loads(ckpt("list", "--json", GOLDEN).stdout)["tensors"]
        stored = {tensor["name"]: tensor["storage"] for tensor in golden}
        self.assertEqual((stored["w1"], stored["state.w1.exp_avg_sq"]), ("bf16_split", "ub8"))


def widened(dtype, data, storage, second):
    """The elements as float32, in bytes."""
    if dtype == "F32":
        return data
    if dtype == "BF16":
        low = struct.unpack(f"<{len(data) // 2}h", second) if storage else [0] * (len(data) // 2)
        return b"".join(struct.pack("<I", ((high << 16) + add) % 2**32)
                        for (high,), add in zip(struct.iter_unpack("<H", data), low))
    top, bits = 126 if storage == "b8" else 254, []
    for i, byte in enumerate(data):
        code, base = byte & 127 if storage == "b8" else byte, struct.unpack_from("<h", second, i // 256 * 2)[0]
        bits.append(0x7FC00000 if code > top else 0 if storage == "b8" and code == 0 else code + base << 20)
        bits[-1] |= (byte & 128) << 24 if storage == "b8" else 0
    return struct.pack(f"<{len(bits)}I", *bits)


class Widening(Case):
    def setUp(self):
        super().setUp()
        self.wide = self.directory / "wide.safetensors"

    def test_storage_is_listed(self):
        rows = [line.split() for line in ckpt("list", GOLDEN).stdout.splitlines()]
        for row in (["w1", "BF16", "bf16_split", "12", "[6]"], ["w1.low", "I16", "12", "[6]"],
                    ["state.w1.exp_avg_sq", "U8", "ub8", "6", "[6]"], ["layer.0.bä", "BF16", "6", "[3]"]):
            self.assertIn(row, rows)

    def test_every_storage(self):
        tensors, metadata = read(GOLDEN)
        wanted = {}
        for name, (dtype, shape, data) in tensors.items():
            storage = metadata.get(f"storage.{name}")
            second = tensors.get(name + (".low" if storage == "bf16_split" else ".base"), (None, None, b""))[2]
            if dtype != "I16":
                wanted[name] = ("F32", shape, widened(dtype, data, storage, second))
        for to in (self.wide, self.wide):  # over a file that is there, too
            done = ckpt("widen", GOLDEN, to)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
            found, found_metadata = read(to)
            self.assertEqual(found, wanted)
            del found_metadata["crc32"]
            self.assertEqual(found_metadata, {key: text for key, text in metadata.items()
                                              if key != "crc32" and not key.startswith("storage.")})

    def test_files_of_float32(self):
        for path in GOLDEN.parent.glob("golden.*.safetensors"):
            if path != GOLDEN:
                self.assertEqual(ckpt("widen", path, self.wide).returncode, 0)
                self.assertEqual(read(self.wide)[0], read(path)[0])

    def refuse(self, fragment, tensors, metadata):
        """Widening a file of these bytes, in which every tensor has one byte an element or two."""
        header, at = {"__metadata__": {"descend.numerics": "2", **metadata}}, 0
        for name, (dtype, shape) in tensors.items():
            size = math.prod(shape) * SIZES[dtype]
            header[name] = entry(dtype, shape, at, at + size)
            at += size
        content = write(self.path, header, bytes(at))
        for to in (self.wide, self.path):
            self.assert_refused(ckpt("widen", self.path, to), fragment)
        self.assertEqual((self.path.read_bytes(), self.wide.exists()), (content, False))

    def test_no_checkpoints(self):
        self.refuse("numerics", {}, {"descend.numerics": "3"})
        self.refuse("numerics", {}, {"descend.numerics": "0"})
        self.refuse("dtype", {"x": ("I8", [3])}, {})
        self.refuse("dtype", {"x": ("U8", [3])}, {})
        self.refuse("dtype", {"x": ("U8", [3])}, {"storage.x": "bf16_split"})
        self.refuse("dtype", {"x": ("BF16", [3])}, {"storage.x": "ub8"})
        self.refuse("dtype", {"x": ("U8", [3]), "x.base": ("F16", [1])}, {"storage.x": "ub8"})
        self.refuse("shape", {"x": ("U8", [3]), "x.base": ("I16", [3])}, {"storage.x": "ub8"})
        self.refuse("shape", {"x": ("BF16", [1, 3])}, {})
        self.refuse("not in the file", {"x": ("BF16", [3])}, {"storage.x": "bf16_split"})
        self.refuse("not in the optimizer", {"x": ("BF16", [3]), "x.low": ("I16", [3])}, {})
        write(self.path, {"x": entry("U8", [1], 0, 1)}, b"x")
        self.assert_refused(ckpt("widen", self.path, self.wide), "numerics")

    def test_damage_and_full_disks(self):
        content = GOLDEN.read_bytes()
        self.path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        self.assert_refused(ckpt("widen", self.path, self.wide), "checksum")
        self.assertFalse(self.wide.exists())
        self.assert_refused(ckpt("widen", GOLDEN, self.directory), str(self.directory), "cannot be written")
        self.assert_refused(ckpt("widen", self.wide, self.path), str(self.wide), "cannot be opened")


class Usage(Case):
    def test_wrong(self):
        for arguments in ((), ("list",), ("verify",), ("list", "a", "b"), ("widen", "a"), ("lists", "a"),
                          ("verify", "--json", "a"), ("widen", "a", "b", "c")):
            with self.subTest(arguments=arguments):
                self.assert_refused(ckpt(*arguments), "see descend-ckpt --help", code=2)

    def test_output_that_cannot_be_written(self):
        write(self.path, {"x" * 9000: entry("U8", [], 0, 1)}, b"x")
        for arguments in (("list", self.path), ("--json", "list", self.path), ("verify", self.path)):
            with self.subTest(arguments=arguments), open("/dev/full", "w", encoding="utf-8") as full:
                self.assert_refused(ckpt(*arguments, stdout=full), "standard output", "No space left")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    CKPT, WRITE_SAMPLE = map(os.path.abspath, (sys.argv.pop(1), sys.argv.pop(1)))
    unittest.main(verbosity=2)
