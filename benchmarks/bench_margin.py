"""Backward of a recurrent layer by its margin: time, neurons visited, and what the gradients lose.

LIF neurons with SuperSpike(100), 700 inputs at 2 %, float32, two neurons in a hundred spiking at a
step. `ms` is the median process time of a whole backward pass, and `loop_ms` of its loop over time,
which the margin is for. Margins run in turn, so that a drift of the machine meets all alike.
`cosine` is that of the angle between the recurrent weights' gradient and the one without margin.

    OMP_NUM_THREADS=1 python benchmarks/bench_margin.py [--batch 32] [--steps 100] [--repeats 9]
"""

import argparse
import statistics
import time

import numpy as np
from harness import row

from eventsnn.engine import run
from eventsnn.layers import LIFRecurrent, Tape

MARGINS = (None, 1.0, 0.3, 0.1, 0.05, 0.02)
WEIGHTS = {256: (0.24, 0.06), 1024: (0.24, 0.03)}  # N -> deviations, of the input and recurrent


def network(n, batch, steps):
    rng = np.random.default_rng(0)
    scale, recurrent = WEIGHTS[n]
    layer = LIFRecurrent(700, n, input_weights=rng.normal(0, scale, (n, 700)).astype(np.float32),
                         recurrent_weights=rng.normal(0, recurrent, (n, n)).astype(np.float32),
                         autapses=True)
    x = (rng.random((steps, batch, 700), np.float32) < 0.02).astype(np.float32)
    return layer, x, rng.standard_normal((steps, batch, n), np.float32)


class Watched:
    """Adds up the process time of a function, and keeps what it was last called with."""

    def __init__(self, function):
        self.function, self.seconds, self.arguments = function, 0.0, ()

    def __call__(self, *arguments, **options):
        self.arguments, began = arguments, time.process_time()
        found = self.function(*arguments, **options)
        self.seconds = time.process_time() - began
        return found


def measured(n, batch, steps, repeats):
    layer, x, out_bar = network(n, batch, steps)
    inside = run.backward_recurrent = Watched(getattr(run.backward_recurrent, "function",
                                                      run.backward_recurrent))
    seconds, loops, found = ({margin: [] for margin in MARGINS} for _ in range(3))
    for repeat in range(repeats + 1):
        for margin in MARGINS:
            layer.margin, tape = margin, Tape(input_gradient=False)
            out, _ = layer(x, tape=tape)
            began = time.process_time()
            g = layer.backward(out_bar, tape)
            if repeat:  # the first compiles
                seconds[margin].append(time.process_time() - began)
                loops[margin].append(inside.seconds)
            else:
                drive, h, _, lay, dt, th, first, stop = inside.arguments[:8]
                share = run.reached(drive, h, lay, dt, th, first, stop)
                found[margin] = share, g.weights["recurrent_weights"].ravel().astype(float)
    whole = found[None][1]
    for margin, (share, bar) in found.items():
        length = np.linalg.norm(bar) * np.linalg.norm(whole)
        row(f"recurrent-{n}", margin=margin, spikes=round(float(out.mean()), 4),
            visited=round(share, 4), ms=round(1e3 * statistics.median(seconds[margin]), 2),
            loop_ms=round(1e3 * statistics.median(loops[margin]), 2),
            cosine=round(float(bar @ whole / length), 4) if length else 0.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=9)
    o = parser.parse_args()
    for n in WEIGHTS:
        measured(n, o.batch, o.steps, o.repeats)


if __name__ == "__main__":
    main()
