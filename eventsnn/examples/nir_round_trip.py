"""A recurrent network through a NIR file and back: the same spikes, bit for bit.

Run ``python -m eventsnn.examples.nir_round_trip``; needs the extra `interop`.
"""

import pathlib
import tempfile

import numpy as np

from eventsnn.interop import from_nir, to_nir
from eventsnn.layers import LIF, LIFRecurrent, Linear, SequentialState
from eventsnn.neurons import LIFParameters
from eventsnn.plot import raster

DT = 1e-3  # s


def main(seconds: float = 1.0, picture: str | None = "nir_round_trip.png", seed: int = 1) -> None:
    """Run a network before and after, print how it differs, and draw both to `picture`."""
    import nir

    rng = np.random.default_rng(seed)
    model = SequentialState(
        LIFRecurrent(20, 60, LIFParameters(tau_mem_inv=rng.uniform(50, 200, 60)), seed=seed,
                     recurrent_weights=0.1 * rng.normal(size=(60, 60))),
        Linear(60, 40, bias=False, weight=0.4 * rng.normal(size=(40, 60))), LIF())

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "network.nir")
        nir.write(path, to_nir(model))
        again, n_nodes = from_nir(path), len(nir.read(path).nodes)

    x = rng.random((round(seconds / DT), 20)) < 0.3
    before, _ = model(x)
    after, _ = again(x)
    print(f"{n_nodes} nodes, {int(before.sum())} spikes, largest difference "
          f"{np.abs(after - before).max():g}")
    if picture:
        spikes = {name: np.nonzero(out) for name, out in (("before", before), ("after", after))}
        raster({name: ((steps * DT, ids), 40) for name, (steps, ids) in spikes.items()}, picture,
               t_stop=seconds, overwrite=True)


if __name__ == "__main__":
    main()
