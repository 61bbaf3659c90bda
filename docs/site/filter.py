#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Doxygen reads instead of a file: filter.py FILE.

A header's comments become Doxygen's: the one at its top is the file's, one over declarations that follow each other
without a blank line is each one's (in a struct the next one's), one behind a declaration is that one's. In C++ each
function names the C function that it calls. In a guide, headings get the names by which links ask for them. In both,
names of the library become links.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRAILING = re.compile(r"^(.*?\S)\s*/\* (.*) \*/$")
# Lines of a header that declare nothing. Where one ends a struct or a namespace, the comment before it ends too.
NOT_DECLARED = re.compile(r'\s*($|#(?!define \w+ \d)|\}|\{$|extern "C"|(public|private):|/\* SPDX)')
MACRO = re.compile(r"#define (?!\w+ \d)")  # that is no number: for the headers themselves
SEVERAL = re.compile(r"^(\s+(?:const )?\w+(?: \w+)? )(\*?\w+(?:, \*?\w+)+);")
ROW = re.compile(r" {2,3}(\S+(?: \S+)?) {2,}(\S.*)$")


def public_names():
    """The functions of the C headers; and these with types, constants, and fields of structs as STRUCT::FIELD."""
    functions, names = set(), set()
    for header in (ROOT / "include/descend").glob("*.h"):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        functions.update(re.findall(r"\b(descend_[a-z0-9_]+)\(", text))
        names.update(re.findall(r"\b(DESCEND_[A-Z0-9_]+) = ", text))
        names.update(re.findall(r"^#define (DESCEND_[A-Z]+_[A-Z]+) \d", text, re.M))
        for fields, name in re.findall(r"^typedef (?:struct|enum)[^;{]*\{(.*?)^\} (\w+);", text, re.M | re.S):
            names.add(name)
            names.update(f"{name}::{field}" for field in re.findall(r"(\w+)(?=[,;\[])", fields))
    return functions, functions | names


FUNCTIONS, NAMES = public_names()


def link(match):
    name, field = match[1], match[2]
    if field:
        return f'@ref {name}::{field} "{name}.{field}"' if f"{name}::{field}" in NAMES else match[0]
    return f"#{name}" if name in NAMES else name


def plain(text):
    """Text of a comment, in which nothing but names has a meaning to Doxygen; code between backquotes stays."""
    parts = text.split("`")
    for i in range(0, len(parts), 2):
        escaped = re.sub(r"[*<>#@\\]|__", r"\\\g<0>", parts[i])
        escaped = re.sub(r"\bdocs/(\w+)\.md", r'@ref docs_\1 "\g<0>"', escaped)
        parts[i] = re.sub(r"\b(descend_[a-z0-9_]+|DESCEND_[A-Z0-9_]+)\b(?:\.([a-z]\w*))?", link, escaped)
    return "`".join(parts)


def text_of(block):
    """The lines of a comment without its stars."""
    first, *others = "\n".join(block).strip()[2:-2].split("\n")
    return [line for line in [first.strip(), *(re.sub(r"^\s*\* ?", "", other).rstrip() for other in others)]]


def formatted(lines):
    """A comment's lines: those that are indented by 4 are code; those by 2, rows of a table, a list."""
    out, kind = [], "text"
    for line in lines:
        row = ROW.match(line)
        now = "row" if row or (kind == "row" and line.startswith("  ")) else "code" if line.startswith("    ") or (
            kind == "code" and not line) else "text"
        if kind != now:
            out += ["@endcode"] * (kind == "code") + [""] + ["@code{.c}"] * (now == "code")
        kind = now
        if row:
            out.append(f"- <tt>{plain(row[1])}</tt>: {plain(row[2])}")
        else:
            out.append(line[4:] if kind == "code" else "  " + plain(line.strip()) if kind == "row" else plain(line))
    return out + ["@endcode"] * (kind == "code")


class Header:
    def __init__(self, text):
        self.lines, self.at, self.out = text.split("\n"), 0, []
        self.over = []  # the comment that stands over what follows
        self.enum = self.struct = False  # whether a declaration stands in one

    def take(self, ends):
        """The lines from here to the first that ends something."""
        begin = self.at
        while not ends(self.lines[self.at]):
            self.at += 1
        self.at += 1
        return self.lines[begin:self.at]

    def document(self, lines):
        self.out += ["/**", *lines, "*/"] if lines else []

    def comment(self):
        self.over = text_of(self.take(lambda line: line.endswith("*/")))
        if self.lines[self.at].startswith("#ifndef"):
            self.document(["@file", "", *formatted(self.over)])
            self.over = []

    def undescribed(self, line):
        """What to say of what has no comment: of a kind, its config; of a field, that the struct's comment has it."""
        kind = re.match(r"\s*DESCEND_(\w+) = \d+", line)
        if kind and f"descend_{kind[1].lower()}" in NAMES:
            return [f"Its config is descend_{kind[1].lower()}."]
        return ["See the description of the whole struct."] if self.struct and not kind else []

    def declaration(self):
        lines = self.take(lambda line: self.enum or line.startswith("#") or
                          TRAILING.sub(r"\1", line).endswith((";", "{")))
        scope = re.match(r"\s*(typedef|enum|union|namespace|(template <class T> )?(struct|class))\b", lines[0])
        body, text = [], list(self.over)
        if lines[-1].endswith("{") and not scope:  # a function of C++
            indent = " " * (len(lines[-1]) - len(lines[-1].lstrip()))
            body = self.take(lambda line: line == indent + "}")
            called = re.findall(r"\b(descend_[a-z0-9_]+)\(", " ".join(lines + body))
            text += next((["", f"In C: {name}."] for name in called if name in FUNCTIONS), [])
            self.over = []
        behind = TRAILING.match(lines[-1])
        if behind:
            lines[-1], text = behind[1], [behind[2]]
        constant = re.match(r"enum \{ (.*) \};$", lines[0])
        if constant:
            self.out.append("enum {")
            lines = [constant[1], "};"]
        several = SEVERAL.match(lines[-1]) if len(lines) == 1 else None
        for one in several[2].split(", ") if several else [None]:
            self.document(formatted(text or self.undescribed(lines[0])))
            self.out += [f"{several[1]}{one};"] if one else lines + body
        if self.struct or (lines[-1].endswith("{") and scope):
            self.over = []
        if lines[-1].endswith("{") and scope:
            self.enum = "enum" in lines[0]
            self.struct = "struct" in lines[0] or self.struct

    def filtered(self):
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if NOT_DECLARED.match(line):
                if not line or "}" in line:
                    self.over = []
                    self.enum, self.struct = (now and not line.startswith("}") for now in (self.enum, self.struct))
                self.out.append("" if MACRO.match(line) else line)
                self.at += 1
            elif line.lstrip().startswith("/*"):
                self.comment()
            else:
                self.declaration()
        return "\n".join(self.out)


def label(page, heading=""):
    """The name of a heading, from the one that GitHub gives it."""
    name = "mainpage" if page == "README.md" else page.replace(".md", "").replace("/", "_").lower()
    return f"{name}_{heading}" if heading else name


def heading_anchor(title):
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]|\]\([^)]*\)", "", title).lower()).replace(" ", "-")


class Guide:
    def __init__(self, path):
        self.path = path.relative_to(ROOT)
        self.text = path.read_text()

    def target(self, match):
        """A link to a guide, to a header, or to another file in the folder of the source, which the site lacks."""
        text, where = " ".join(match[1].replace("`", "").split()), match[2]  # Doxygen takes plain text of one line
        if re.match(r"https?:", where):
            return match[0]
        file, _, anchor = where.partition("#")
        page = (ROOT / self.path.parent / file).resolve().relative_to(ROOT) if file else self.path
        if not (ROOT / page).exists():
            return f"[{text}](@ref {where})"  # which Doxygen refuses
        if page.suffix == ".md":
            return f'[{text}](@ref {label(str(page), anchor)})'
        if page.parts[:2] == ("include", "descend") and page.suffix:
            return f"[{text}](@ref {page.name})"
        return match[0] if page.suffix == ".png" else f"[{text}](../../{page})"

    def heading_or_name(self, match):
        if match[3]:
            return f"<tt>#{match[3]}</tt>" if match[3] in NAMES else match[0]
        anchor = heading_anchor(match[2]) if len(match[1]) > 1 else ""
        title = match[0].replace("`", "")  # which Doxygen shows in a heading as tags
        return f"{title} {{#{label(str(self.path), anchor)}}}"

    def filtered(self):
        parts = re.split(r"(^```.*?^```$)", self.text, flags=re.M | re.S)
        for i in range(0, len(parts), 2):
            linked = re.sub(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)", self.target, parts[i])
            parts[i] = re.sub(r"^(#+) (.*)$|`((?:descend|DESCEND)_\w+)`", self.heading_or_name, linked, flags=re.M)
        return "".join(parts)


FILE = Path(sys.argv[1]).resolve()
print(Guide(FILE).filtered() if FILE.suffix == ".md" else Header(FILE.read_text()).filtered())
