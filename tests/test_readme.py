"""The README's examples run, and say what they should."""

import pathlib
import re

README = pathlib.Path(__file__).parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)


def run(code, capsys):
    exec(compile(code, str(README), "exec"), {"__name__": "readme"})
    return capsys.readouterr().out


def test_simulation__runs(capsys):
    out = run(EXAMPLES[0], capsys)

    rate = float(out.split()[0])
    assert 1.0 < rate < 100.0


def test_training__learns(capsys):
    out = run(EXAMPLES[1], capsys)

    assert float(out.split()[-1]) > 0.8


def test_recording__is_made_and_read(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    out = run(EXAMPLES[2], capsys)

    assert 2.0 < float(out.split()[0]) < 20.0 and out.endswith("(1000, 3)\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.h5", "run.v.h5"]


def test_exchange__is_exact(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = [code for code in EXAMPLES if "to_nir" in code]

    assert run(code, capsys) == "True ['LIFRecurrent', 'Linear', 'LIF']\n"


def test_model__is_saved_and_loaded(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = [code for code in EXAMPLES if "save_model" in code]

    assert run(code, capsys) == "True {'trained on': 'nothing yet'}\n"
    assert [p.name for p in tmp_path.iterdir()] == ["net.h5"]


def test_test_command__is_what_ci_runs():
    ci = (README.parent / ".ci" / "run").read_text()

    install, test = re.search(r"^pip install ('\S+') && (python -m pytest -n auto)$",
                              README.read_text(), flags=re.MULTILINE).groups()
    assert install in ci and f"\n{test}\n" in ci
