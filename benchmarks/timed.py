"""Run a command from a small process: what it uses is then its own, not what its parent held.

A child's largest resident set counts from before it became another program, so a large benchmark
would be measured in place of a small command. Prints wall seconds, core seconds and KiB (macOS:
octets) to stderr once the command has ended well.
"""

from __future__ import annotations

import os
import sys
import time


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    begin = time.perf_counter()
    child = os.posix_spawn(arguments[0], arguments, os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - begin
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        sys.stderr.write(f"{seconds} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
