"""What the examples of training reach: mean and spread over seeds, and what it takes.

Each example and seed runs in a process of its own, and calls the example's own `main`; no figure is
chosen: the last epoch counts, on data that training did not see. A row is kept for each run in a
file of JSON lines, so that what was broken off goes on, and the table is made of all rows: delete
those that a change of an example has made old.

    python benchmarks/bench_accuracy.py [--only digits,randman] [--seeds 5]
        [--rows benchmarks/results/accuracy.jsonl] [--output benchmarks/results/accuracy.md]
"""

import argparse
import importlib
import inspect
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

RESULTS = pathlib.Path(__file__).parent / "results"
EXAMPLES = {  # in the order of the table: what was learned; a name may be followed by options
    "digits": "MNIST, 8,000 images, 800 hidden neurons",
    "digits_conv": "MNIST, 8,000 images, convolutions",
    "yin_yang": "Yin-Yang, published sets, 150 hidden neurons",
    "randman": "Randman, 2 classes, 100 hidden neurons",
    "store_recall": "store-recall, 12 symbols of 200 ms",
    "sequential_digits": "MNIST a pixel a step, 8,000 images, half of 100 neurons adapt",
    "sequential_digits adaptive=0": "the same with LIF neurons",
    "receptive_fields": "receptive fields by STDP, MNIST, unsupervised",
}
HEAD = """Made by `python benchmarks/bench_accuracy.py`, which runs `eventsnn.examples` with several
seeds. Figures are of test data, after the last epoch. Seconds are those of the processor, an
{machine}, on one thread, with all that starting and compiling take.

"""


def one(example, seed):
    """Run an example in this process: its figures, and the seconds of the processor."""
    module, *given = example.split()
    main = importlib.import_module(f"eventsnn.examples.{module}").main
    options = {name: p.default for name, p in inspect.signature(main).parameters.items()
               if type(p.default) is int and name != "seed"}
    for option in given:
        name, number = option.split("=")
        options[name] = int(number)
    began = time.process_time()
    figures = main(seed=seed, picture=None, **options)
    return {"example": example, "seed": seed, "figures": figures, "options": options,
            "cpu_s": time.process_time() - began}


def measured(example, seed):
    """The same in a process of its own, with one thread."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    found = subprocess.run([sys.executable, __file__, "--one", example, str(seed)],
                           capture_output=True, text=True, check=True, env=os.environ | threads)
    return json.loads(found.stdout.splitlines()[-1])


def kept(path):
    """The rows of a file, by example and seed."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {(r["example"], r["seed"]): r for r in map(json.loads, lines)}


def table(rows):
    """The rows as Markdown."""
    yield "| example | task | figure | mean, % | standard deviation | seeds | epochs | s |"
    yield "|---" * 8 + "|"
    for example, task in EXAMPLES.items():
        mine = [r for r in rows if r["example"] == example]
        for name in mine[0]["figures"] if mine else ():
            values = [100 * r["figures"][name] for r in mine]
            spread = f"{statistics.stdev(values):.2f}" if len(values) > 1 else ""
            seconds = statistics.mean(r["cpu_s"] for r in mine)
            yield (f"| `{example}` | {task} | {name} | {statistics.mean(values):.2f} | "
                   f"{spread} | {len(values)} | {mine[0]['options'].get('epochs', 1)} | "
                   f"{seconds:.0f} |")


def machine():
    """Name of the processor."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "?")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(EXAMPLES), help="examples, with commas")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=pathlib.Path, default=RESULTS / "accuracy.jsonl")
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS / "accuracy.md")
    parser.add_argument("--one", nargs=2, metavar=("EXAMPLE", "SEED"), help=argparse.SUPPRESS)
    o = parser.parse_args()
    if o.one:
        print(json.dumps(one(o.one[0], int(o.one[1]))))
        return
    rows = kept(o.rows)
    for example in o.only.split(","):
        for seed in range(o.seeds):
            if (example, seed) not in rows:
                rows[example, seed] = found = measured(example, seed)
                print(json.dumps(found), flush=True)
                o.rows.write_text("".join(json.dumps(rows[k]) + "\n" for k in sorted(rows)))
    o.output.write_text(HEAD.format(machine=machine()) + "\n".join(table(rows.values())) + "\n")


if __name__ == "__main__":
    main()
