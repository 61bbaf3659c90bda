# SPDX-License-Identifier: MIT
"""Small faults in C source: which ones a text has room for."""

import re
from typing import NamedTuple


class Edit(NamedTuple):
    """Replaces text[begin:end]."""

    begin: int
    end: int
    replacement: str

    def apply(self, text):
        return text[: self.begin] + self.replacement + text[self.end :]

    def line(self, text):
        return text.count("\n", 0, self.begin) + 1


# What is none of a program's doing: comments, the preprocessor's lines but #define, strings, characters, assertions and
# attributes of the compiler.
MASKED = re.compile(
    r"/\*.*?\*/|//[^\n]*|^[ \t]*#[ \t]*(?!define)[a-z]+(?:\\\n|[^\n])*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    r"|_Static_assert\(.*?\);|__attribute__\(\(.*?\)\)\)?",
    re.DOTALL | re.MULTILINE,
)
NUMBER = r"(?:0[xX][0-9a-fA-F.]+(?:[pP][+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[uUlLfF]*"
TOKEN = re.compile(
    rf"(?P<number>\b{NUMBER})|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<operator>>>=|<<=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||##|[-+*/%&|^]=|[-+*/%<>=!~&|^?:;,.(){}\[\]#])"
)

OPERATORS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&",
    "+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "&",
    "++": "--", "--": "++", "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "|=": "&=", "&=": "|=",
    "<<=": ">>=", ">>=": "<<=",
}  # fmt: skip
# Unary ones, which are left out.
UNARY = {"!", "~", "-"}
# Within names of vector operations, vf_add or _mm256_add_ps, where formulas and vec/ have their arithmetic.
OPERATIONS = {
    "add": "sub", "sub": "add", "mul": "add", "div": "mul", "max": "min", "abs": "sqrt", "and": "or", "or": "and",
    "andnot": "and", "fmadd": "fnmadd", "fnmadd": "fmadd", "srli": "slli", "unpacklo": "unpackhi", "adds": "subs",
    "UNORD": "ORD", "GT": "GE", "NLT": "NLE", "cmpgt": "cmpeq", "low": "high", "high": "low",
}  # fmt: skip
VECTOR = re.compile(r"(?:v[fd]|_mm(?:256|512)?(?:_mask)?|_CMP)_(?P<operation>[A-Za-z]+)|(?P<half>low|high)")
KEYWORDS = {"case", "const", "do", "else", "enum", "for", "if", "return", "sizeof", "static", "struct", "while"}


def tokens_of(text):
    visible = MASKED.sub(lambda masked: re.sub(r"[^\n]", " ", masked[0]), text)
    return list(TOKEN.finditer(visible))


def closing(tokens, at):
    """The index of the parenthesis that closes the one at `at`."""
    depth = 0
    for i in range(at, len(tokens)):
        depth += (tokens[i][0] == "(") - (tokens[i][0] == ")")
        if depth == 0:
            return i
    return len(tokens) - 1


def of_operator(text, token):
    """clang-format has put spaces around binary operators, and none behind unary ones."""
    binary = text[token.start() - 1].isspace() and text[token.end()].isspace()
    if token[0] in OPERATORS and (binary or token[0] in ("++", "--")):
        yield Edit(*token.span(), OPERATORS[token[0]])
    elif token[0] in UNARY:
        yield Edit(*token.span(), "")


def of_name(text, tokens, i):
    token = tokens[i]
    if token[0] in ("true", "false"):
        yield Edit(*token.span(), "false" if token[0] == "true" else "true")
    if token[0].startswith("DESCEND_") and i and tokens[i - 1][0] == "return" and token[0] != "DESCEND_OK":
        yield Edit(*token.span(), "DESCEND_OK")
    vector = VECTOR.match(token[0])
    group = vector and vector.lastgroup
    if group and vector[group] in OPERATIONS:
        yield Edit(
            token.start() + vector.start(group), token.start() + vector.end(group), OPERATIONS[vector[group]]
        )
    if token[0] == "if" and i + 1 < len(tokens) and tokens[i + 1][0] == "(":
        begin, end = tokens[i + 1].end(), tokens[closing(tokens, i + 1)].start()
        for never_or_always in ("0 && ", "1 || "):
            yield Edit(begin, end, f"{never_or_always}({text[begin:end]})")


def of_statement(text, tokens, i):
    """Comments out the statement that begins at i, if it is a call, an assignment or a jump."""
    if i == 0 or i + 1 >= len(tokens) or tokens[i - 1][0] not in (";", "{", "}", ")", "else"):
        return
    first, second = tokens[i][0], tokens[i + 1][0]
    jump = first in ("break", "continue") and second == ";"
    effect = tokens[i].lastgroup == "name" and first not in KEYWORDS and second in (
        "(", "[", "->", ".", "=", "+=", "-=", "*=", "/=", "|=", "&=", "++", "--")  # fmt: skip
    if not (jump or effect or (first == "*" and tokens[i - 1][0] != ")")):
        return
    depth = 0
    for token in tokens[i:]:
        depth += (token[0] in "([{") - (token[0] in ")]}")
        if depth < 0 or token[0] == "#":
            return
        if token[0] == ";" and depth == 0:
            yield Edit(tokens[i].start(), token.start(), f"/* {text[tokens[i].start() : token.start()]} */")
            return


def edits_of(text):
    """All edits of a C text, in order."""
    tokens, edits = tokens_of(text), []
    for i, token in enumerate(tokens):
        if token.lastgroup == "number":
            edits.append(Edit(*token.span(), f"({token[0]} + 1)"))
        elif token.lastgroup == "name":
            edits.extend(of_name(text, tokens, i))
        else:
            edits.extend(of_operator(text, token))
        edits.extend(of_statement(text, tokens, i))
    return edits
