"""A command whose reader has gone away, as with `| head`, ends without a word."""

import os
import sys
from collections.abc import Callable

READER_GONE = 141  # 128 + SIGPIPE, as a shell tells of it


def run_command(main: Callable[[], int]) -> int:
    """The exit status of `main`."""
    try:
        try:
            return main()
        finally:
            sys.stdout.flush()  # here, where the failure can still be met
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what the interpreter flushes at its end
        return READER_GONE
