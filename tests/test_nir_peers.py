"""What norse and snnTorch read of our files, and what we read of theirs: the same spikes."""

import pathlib

import nir
import numpy as np
import pytest

from eventsnn.interop import from_nir, to_nir
from tests.nir_models import same_nodes
from tests.nir_peers import MODELS, inputs

FOLDER = pathlib.Path(__file__).parent / "data" / "nir"


@pytest.mark.parametrize("name", MODELS)
def test_norse__computes_the_same_from_our_file(name):
    make, shape = MODELS[name]
    expected = np.load(FOLDER / "norse_reads.npz")[name]

    out, _ = make()(inputs(name))

    assert 0.05 < expected.mean() < 0.5
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(from_nir(FOLDER / f"{name}.nir")(inputs(name))[0], expected)


@pytest.mark.parametrize("name", MODELS)
def test_file__that_norse_read_is_the_one_that_is_written_now(name):
    make, shape = MODELS[name]

    same_nodes(to_nir(from_nir(FOLDER / f"{name}.nir"), shape, dtype=np.float32),
               to_nir(make(), shape, dtype=np.float32))
    assert nir.read(FOLDER / f"{name}.nir").metadata["dt"] == 1e-3


def test_file_of_norse__runs_as_in_norse():
    expected = np.load(FOLDER / "norse_writes.npz")["out"]

    out, _ = from_nir(FOLDER / "norse.nir", dt=1e-3, batch_axes=1)(inputs("chain"))

    assert 0.05 < expected.mean() < 0.5
    np.testing.assert_array_equal(out, expected)


def test_file_of_snntorch__runs_as_in_snntorch():
    expected = np.load(FOLDER / "snntorch_writes.npz")["out"]

    model = from_nir(FOLDER / "snntorch.nir", dt=1e-4)  # the step that snnTorch takes for granted
    out, _ = model(inputs("chain")[:, 0])

    assert [type(layer).__name__ for layer in model] == [
        "Linear", "Linear", "ResistiveLIFRecurrent", "Linear", "CubaLIF"]
    assert 0.05 < expected.mean() < 0.5
    np.testing.assert_array_equal(out, expected)


def test_file_of_norse__with_a_batch_in_its_shapes_says_so():
    with pytest.raises(ValueError, match=r"^node '0': .* got shape \(1, 4\)$"):
        from_nir(FOLDER / "norse.nir", dt=1e-3)
