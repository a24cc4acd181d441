"""Every public encoder on a device: the spikes of the CPU, bit for bit, and its gradients."""

import numpy as np
import pytest

from eventsnn import encode, to
from eventsnn.neurons import LIFParameters
from tests.cuda.nests import assert_device_gives, random_like
from tests.layers_under_test import normal

VALUES = 4 * normal(3, 4)
SPIKES = (normal(20, 3, 4) > 1).astype(np.float32) - (normal(20, 3, 4, seed=1) > 1)
ENCODERS = {
    "ConstantCurrentLIFEncoder": (lambda: encode.ConstantCurrentLIFEncoder(20), VALUES),
    "ConstantCurrentLIFEncoder, array": (lambda: encode.ConstantCurrentLIFEncoder(
        20, LIFParameters(v_th=np.array([0.5, 1.0, 1.5, 2.0]))), VALUES),
    "ConstantCurrentLIFExEncoder": (lambda: encode.ConstantCurrentLIFExEncoder(20), VALUES),
    "ConstantCurrentLIFAdExEncoder": (lambda: encode.ConstantCurrentLIFAdExEncoder(20), VALUES),
    "ConstantCurrentLIFAdExEncoder, norse": (
        lambda: encode.ConstantCurrentLIFAdExEncoder(20, norse_adaptation=True), VALUES),
    "PoissonEncoder": (lambda: encode.PoissonEncoder(30, 150.0, seed=2**40 + 3), VALUES),
    "PoissonEncoder, float64": (lambda: encode.PoissonEncoder(30), VALUES.astype(np.float64)),
    "PoissonEncoder, whole": (lambda: encode.PoissonEncoder(30), np.arange(-2, 10)),
    "PoissonEncoderStep": (lambda: encode.PoissonEncoderStep(300.0, seed=3), VALUES),
    "SignedPoissonEncoder": (lambda: encode.SignedPoissonEncoder(30, 150.0), VALUES),
    "SignedPoissonEncoderStep": (lambda: encode.SignedPoissonEncoderStep(300.0), VALUES),
    "PopulationEncoder": (lambda: encode.PopulationEncoder(5), VALUES),
    "PopulationEncoder, scales": (lambda: encode.PopulationEncoder(
        5, np.array([1.0, 2.0, 3.0, 4.0])), VALUES),
    "SpikeLatencyEncoder": (encode.SpikeLatencyEncoder, SPIKES),
    "SpikeLatencyEncoder, whole": (encode.SpikeLatencyEncoder, SPIKES.astype(np.int8)),
    "SpikeLatencyLIFEncoder": (lambda: encode.SpikeLatencyLIFEncoder(20), VALUES),
}
CLASSES = [name for name in encode.__all__ if isinstance(getattr(encode, name), type)]
ROUNDED = ("PopulationEncoder", "PopulationEncoder, scales")  # activities by an exponential


def test_walk__holds_all_that_is_public():
    assert set(CLASSES) <= set(ENCODERS)


@pytest.mark.parametrize("name", ENCODERS)
def test_encoder_on_device__gives_what_it_gives_on_the_cpu(name):
    made, x = ENCODERS[name]
    here, there = made(), made()

    for _ in range(2):  # some go on to draw
        expected = here(x)
        assert expected.any()
        assert_device_gives(there(to(x, "cuda")), expected, name, exact=name not in ROUNDED)


@pytest.mark.parametrize("name", [name for name in ENCODERS
                                  if "Constant" in name or "Population" in name])
def test_backward_on_device__is_that_on_the_cpu(name):
    made, x = ENCODERS[name]
    encoder = made()
    bar = random_like(encoder(x), np.random.default_rng(3))

    found = encoder.backward(to(x, "cuda"), to(bar, "cuda"))

    assert_device_gives(found, encoder.backward(x, bar), name)


@pytest.mark.parametrize("name", ENCODERS)
def test_encoder_on_device__refuses_what_is_not_finite(name):
    made, x = ENCODERS[name]
    x = np.array(x, np.float32)
    x[1, ...] = np.nan

    with pytest.raises(ValueError, match=r"x must be finite, got nan in \d+ of \d+ places"):
        made()(to(x, "cuda"))
