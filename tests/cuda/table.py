"""The README's table of kernels, made by running them.

    PYTHONPATH=. python -m tests.cuda.table [--write]

A kernel is *simulated* if the work of this file launched it in Numba's simulator with results as on
the CPU, *compiled* with the most registers that any of its forms takes on sm_90, and *interpreted*
if its PTX was executed with results as on the CPU.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

README = pathlib.Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- kernels -->\n", "<!-- end of kernels -->\n"
MODELS = ("LIFParameters", "CobaLIFParameters", "LSNNParameters")


def works():
    """Pieces of work, by name: each gives arrays for a device."""
    import eventsnn
    from eventsnn import encode, layers, spikes, train
    from eventsnn.core.dispatch import MODELS as KNOWN
    from eventsnn.layers import jacobian
    from tests.cuda import census, networks
    from tests.layers_under_test import example, normal, public

    def neurons(cls, make):
        p, state, x = census.neurons(cls)
        if make is census.recurrent:
            x, state = 5 * normal(3, census.B, 3), None
        elif not isinstance(x, tuple):
            x = x[:3]
        return lambda where: census.passes(make(p), x, state, where=where)

    def optimiser(one):
        def work(where):
            weights = eventsnn.to({"w": normal(3, 2)}, where)
            one.update(weights, eventsnn.to({"w": normal(3, 2, seed=1)}, where), one.init(weights))
            return [eventsnn.to(weights["w"], "cpu")]
        return work

    def network(make=networks.several_groups, **options):
        def work(where):
            found = networks.outcome(make, 12, where, **(options if where == "cuda" else {}))
            return census.leaves([list(pair) for pair in found[0]])
        return work

    def events(where):
        x = eventsnn.to(spikes.to_events(normal(40, 30) > 2.0), where)
        return [eventsnn.to(layers.Linear(30, 64, seed=1).to(where)(x), "cpu"),
                eventsnn.to(spikes.to_raster(x, np.float32), "cpu")]

    def derivatives(where):
        layer = layers.LIFRecurrent(3, 4, seed=1).to(where)
        found = jacobian.step(layer, eventsnn.to(20 * normal(2, 3), where), None)
        return [eventsnn.to(a, "cpu") for a in (found.by_s, found.by_x)]

    def on_line(where):
        model = layers.SequentialState(
            layers.LSNNRecurrent(3, 4, input_weights=9 * abs(normal(4, 3)), seed=1),
            layers.Linear(4, 2, seed=1), layers.LI()).to(where)
        x = eventsnn.to(20 * abs(normal(6, 2, 3)), where)
        return census.leaves(eventsnn.to(
            train.EProp().run(model, x, np.array([0, 1])).gradients, "cpu"))

    for cls in KNOWN:
        if cls.__name__ in MODELS:
            yield cls.__name__, neurons(cls, census.sequence)
            yield f"{cls.__name__}, recurrent", neurons(cls, census.recurrent)
    for cls in public():
        if not issubclass(cls, (layers.Sequence, layers.RecurrentSequence, layers.Cell,
                                layers.RecurrentCell)):
            yield cls.__name__, lambda where, cls=cls: census.passes(*example(cls), where=where)
    for one in (train.Adam(0.1), train.RMSprop(0.1, momentum=0.5)):
        yield type(one).__name__, optimiser(one)
    for make in (lambda: encode.PoissonEncoder(4, 150.0), encode.SpikeLatencyEncoder):
        yield "encoder", lambda where, make=make: [
            eventsnn.to(make()(eventsnn.to(normal(4, 3), where)), "cpu")]
    yield "events", events
    yield "jacobian", derivatives
    yield "e-prop", on_line
    yield "network", network()
    yield "network, atomic", network(delivery="atomic")
    yield "network, tiring", network(networks.tiring)
    yield "network, procedural", network(networks.drawn)
    yield "network, learning", network(networks.learning)


def same(found, expected):
    """Whether arrays are those of the CPU, to rounding."""
    from tests.tolerance import AMPLIFIED, assert_close
    try:
        for a, b in zip(found, expected, strict=True):
            never = np.isinf(b)
            np.testing.assert_array_equal(a[never], b[never])
            assert_close(np.where(never, 0, a), np.where(never, 0, b), AMPLIFIED, "an array")
    except (AssertionError, ValueError):
        return False
    return True


def ran(backend):
    """The kernels that were launched by work whose results are those of the CPU."""
    from eventsnn.core import cuda as device
    names = {}
    for name, work in works():
        before = set(backend.launched)
        device.backend = backend
        found = work("cuda")
        if same(found, work("cpu")):
            for key in set(backend.launched) - before:
                names.setdefault(key[0], name)
        else:
            print(f"{name}: other numbers", file=sys.stderr)
    return names


def simulated():
    """In a process of its own."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", "tests.cuda.table", "--simulate"],
                          env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True,
                          text=True, cwd=README.parent)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return set(json.loads(done.stdout.splitlines()[-1]))


def table():
    """The lines of the table."""
    from tests.cuda.interpreted import Interpreter
    from tests.cuda.ptx import assemble, compile_ptx
    interpreter = Interpreter(seed=1)
    interpreted, in_simulator = ran(interpreter), simulated()
    registers = {}
    for (name, types), function in interpreter.launched.items():
        used = assemble(compile_ptx(function, types)).registers
        registers[name] = max(used, registers.get(name, 0))
    yield "| kernel | simulated | compiled: registers on sm_90 | interpreted |\n"
    yield "|---|---|---|---|\n"
    for name in sorted(registers):
        short = name.removeprefix("eventsnn.").replace("._", ".")
        yield (f"| `{short}` | {'yes' if name in in_simulator else 'no'} | {registers[name]} | "
               f"{'yes' if name in interpreted else 'no'} |\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    parser.add_argument("--simulate", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.simulate:
        from tests.cuda import turns
        from tests.cuda.noted import Noted
        turns.take_turns()
        print(json.dumps(sorted(ran(Noted()))))
        return
    made = "".join(table())
    if not options.write:
        print(made)
        return
    text = README.read_text()
    head, rest = text.split(BEGIN)
    README.write_text(head + BEGIN + made + END + rest.split(END)[1])


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
