"""Every file of ``in_simulator`` passes there, and what does not pass is reported."""

import textwrap

import pytest

from tests.cuda import simulated

FILES = sorted(simulated.FOLDER.glob("test_*.py"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_simulator__passes(path):
    simulated.run(path)


@pytest.mark.parametrize("body, reported", [
    ("def test_wrong():\n    assert 2 + 2 == 5", "assert (2 + 2) == 5"),
    ("import pytest\ndef test_skipped():\n    pytest.skip('not here')", "1 skipped"),
    ("x = 1", "no tests ran"),
    ("import no_such_module", "no_such_module"),
], ids=["wrong", "skipped", "none", "broken"])
def test_simulated_run__reports_what_does_not_pass(tmp_path, body, reported):
    path = tmp_path / "test_planted.py"
    path.write_text(textwrap.dedent(body))

    with pytest.raises(pytest.fail.Exception, match=r"test_planted\.py in the simulator") as caught:
        simulated.run(path, f"--rootdir={tmp_path}", "-c", "/dev/null")

    assert reported in str(caught.value)
