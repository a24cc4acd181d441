"""Options of the test suite."""

import pathlib


def pytest_addoption(parser):
    parser.addoption("--golden", type=pathlib.Path,
                     default=pathlib.Path(__file__).parent / "data" / "golden",
                     help="folder of reference data that tests/test_golden.py runs over")


def pytest_generate_tests(metafunc):
    if "golden_case" not in metafunc.fixturenames:
        return
    import h5py

    folder, cases = metafunc.config.getoption("golden"), []
    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path) as file:
            cases += [(path, name) for name in file]
    if not cases:  # a wrong folder must not pass for a suite without failures
        raise ValueError(f"--golden must be a folder with .h5 files of cases, got {folder}")
    metafunc.parametrize("golden_case", cases, ids=[f"{p.stem}/{name}" for p, name in cases])
