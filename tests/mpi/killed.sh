#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# killed.sh COMMAND...: the command, a job in which a rank is killed, has to fail within a minute.
set -u
timeout 60 "$@"
status=$?
if ((status == 0 || status == 124)); then
    echo "killed.sh: the job ended with $status" >&2
    exit 1
fi
echo "the job ended with $status: passed"
