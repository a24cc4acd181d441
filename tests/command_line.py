"""The command line as tests call it, in this process or in another."""

import subprocess
import sys

from eventsnn import cli

SIMULATE = ["simulate", "cuba", "--neurons", "500", "--seconds", "0.2"]


def run(*arguments):
    """Exit code of a command, its parser's exits included."""
    try:
        return cli.main([str(a) for a in arguments])
    except SystemExit as exit_:
        return exit_.code


def refused(capsys, *arguments):
    """The one line that a refused command leaves on standard error."""
    code = run(*arguments)

    out, err = capsys.readouterr()
    assert code != 0
    assert out == ""
    assert err.endswith("\n") and err.count("\n") == 1, err
    assert "Traceback" not in err and err.startswith("eventsnn")
    return err


def python(*arguments, **options):
    return subprocess.run([sys.executable, "-W", "error", *map(str, arguments)],
                          capture_output=True, text=True, timeout=120, **options)
