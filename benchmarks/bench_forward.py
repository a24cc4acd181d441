"""A layer of LIF neurons over a dense sequence, against norse's and against copying the input.

T = 1000, batch 32, 1,024 neurons, float32 in and out, one thread; each in turn, medians. The copy
is a loop ``out[i] = x[i]`` compiled in the same way, into an array that is there already; "kernel"
is our loop with its arrays there already; "layer" is the public class, which makes its output, as
norse's does. norse comes with the extra `bench`.

    python benchmarks/bench_forward.py [--steps 1000] [--batch 32] [--neurons 1024]
"""

import argparse

import numpy as np

from harness import compare, row

from eventsnn.core.jit import kernel
from eventsnn.engine import cpu, run
from eventsnn.layers import LIF, Tape
from eventsnn.neurons import LIFParameters, LIFState
from eventsnn.surrogates import SuperSpike, prepare


@kernel
def copy(x, out):
    """The least that a layer can do."""
    for i in range(np.uint64(x.shape[0])):
        out[i] = x[i]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("steps", 1000), ("batch", 32), ("neurons", 1024), ("repeats", 9)):
        parser.add_argument(f"--{name}", type=int, default=default)
    o = parser.parse_args()
    shape = (o.steps, o.batch, o.neurons)
    x = np.random.default_rng(0).random(shape, np.float32) * np.float32(0.5)
    out = np.zeros_like(x)
    lif, dtype = LIF(), np.dtype(np.float32)
    lay = run.layout(LIFParameters(), shape[1:], dtype)
    state = LIFState(*np.zeros((2, lay.n_batch, lay.n), np.float32))
    order = np.arange(0, o.steps - int(cpu.VISIT) + 1, int(cpu.VISIT), dtype=np.uint64)
    flat = (o.steps, lay.n_batch, lay.n)
    arguments = (order, x.reshape(flat), np.uint64(1), state, lay.p, np.float32(1e-3),
                 prepare(SuperSpike(), dtype), np.uint64(0), out.reshape(flat))

    def train():
        tape = Tape()
        z, _ = lif(x, tape=tape)
        lif.backward(z, tape)

    functions = {"copy": lambda: copy(x.reshape(-1), out.reshape(-1)),
                 "kernel": lambda: cpu.forward(*arguments), "layer": lambda: lif(x),
                 "layer with backward": train}
    try:
        import norse
        import torch
    except ImportError:
        print("norse is not installed: pip install '.[bench]'")
    else:
        torch.set_num_threads(1)
        x_torch, lif_torch = torch.from_numpy(x), norse.torch.LIF()
        theirs = lif_torch(x_torch)[0].detach().numpy()
        assert np.array_equal(lif(x)[0], theirs), "the spikes differ"

        def norse_forward():
            with torch.no_grad():
                lif_torch(x_torch)

        functions["norse"] = norse_forward
    median = compare(functions, o.repeats)
    row("LIF forward", shape=shape, ms={k: round(v * 1e3, 2) for k, v in median.items()},
        share_of_copy_speed=round(median["copy"] / median["kernel"], 3),
        **{f"times_{name}": round(median[name] / median["layer"], 1) for name in median
           if name == "norse"})


if __name__ == "__main__":
    main()
