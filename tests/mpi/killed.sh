#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# killed.sh COMMAND...: the command, a job whose last rank says that it is killed, has to fail within a minute.
set -u
output=$(timeout 60 "$@" 2>&1)
status=$?
if ((status == 0 || status == 124)) || ! grep -q 'the last rank is killed' <<<"$output"; then
    printf '%s\nkilled.sh: the job ended with %d\n' "$output" "$status" >&2
    exit 1
fi
echo "the job ended with $status: passed"
