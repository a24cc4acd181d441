"""The command line: a thin shell over the library, a file a command.

Results go to standard output, progress to standard error. An error is one line on standard error;
the exit code is then 1, or 2 for unusable arguments. A command's file imports what it works with
when it runs, so that help and errors come at once.
"""

from eventsnn.cli.entry import main, parser

__all__ = ["main", "parser"]
