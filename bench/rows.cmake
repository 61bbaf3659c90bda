# SPDX-License-Identifier: MIT
# cmake -DREADME=FILE -DOUTPUT=FILE -P rows.cmake: writes a header with what the sections "Rows" and "Counters" of the
# README say, for --help. Each line of a table or of a list becomes a term with its text, all else paragraphs.
file(READ ${README} text)
string(REGEX REPLACE ".*\n## Rows\n+\\|[^\n]*\n\\|---[^\n]*" "" text "${text}")
string(REGEX REPLACE "\n## Across ranks\n.*" "" text "${text}")
string(REPLACE "…" "..." text "${text}")
string(REPLACE "\"" "'" text "${text}")
string(REGEX REPLACE "\\[([^]]*)\\]\\([^)]*\\)" "\\1" text "${text}") # of a link, its text
string(REGEX REPLACE "\n +" " " text "${text}")                       # a line of a list that goes on in the next
string(REGEX REPLACE "\n(\\| |- `)" "\n\n\\1" text "${text}")
string(REGEX REPLACE "\n\n+" "@" text "${text}")
string(REPLACE "\n" " " text "${text}")
string(REGEX REPLACE "@\\| ([^|@]*) \\| ([^|@]*) \\|" "@{\"\\1\", \"\\2\"}," text "${text}")
string(REGEX REPLACE "@- `([^`]*)`[,:]? ([^@]*)" "@{\"\\1\", \"\\2\"}," text "${text}")
string(REGEX REPLACE "[;.]\"}," "\"}," text "${text}")
string(REGEX REPLACE "@([^{@][^@]*)" "@{0, \"\\1\"}," text "${text}")
string(REPLACE "{0, \"## Counters\"}," "};@static const struct help_item counters[] = {" text "${text}")
string(REPLACE "@" "\n" text "${text}")
string(REPLACE "`" "" text "${text}")
file(WRITE ${OUTPUT} "static const struct help_item rows[] = {${text}\n};\n")
