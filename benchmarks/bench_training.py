"""Steps of training (forward, backward, Adam) against norse, snnTorch and SpikingJelly.

Each case and peer in a process of its own, in turn; the same inputs and first weights for all,
float32. norse computes what we do, and so has the same loss. `ms` is the median of a step,
`peak_extra_mb` what the first step adds to the memory of the process. The peers live in an
environment of their own.

    python benchmarks/bench_training.py --against norse,snntorch,spikingjelly --torch-python P
        [--only recurrent|dense|conv|linear] [--threads 1] [--json]
"""

import argparse
import json
import os
import sys

from bench_networks import PEERS, finished
from harness import row
from peers.training_cases import CASES


def measured(who, case, threads, python):
    script = [PEERS / "eventsnn_training.py"] if who == "eventsnn" else [
        PEERS / "torch_training.py", who]
    one = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                                           "MKL_NUM_THREADS")}
    return finished([sys.executable if who == "eventsnn" else python, *script, case, threads],
                    env=os.environ | one)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", default="", help="norse, snntorch, spikingjelly, with commas")
    parser.add_argument("--torch-python", default="python3", help="of the peers' environment")
    parser.add_argument("--only", choices=("recurrent", "dense", "conv", "linear"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="lines of JSON, no table")
    o = parser.parse_args()
    for case, (_, steps) in CASES.items():
        if o.only and not case.startswith(o.only):
            continue
        ours = None
        for who in ("eventsnn", *filter(None, o.against.split(","))):
            found = measured(who, case, o.threads, o.torch_python)
            ours = ours or found["ms"]
            found |= {"peer": who, "T": steps, "threads": o.threads,
                      "times_ours": round(found["ms"] / ours, 2)}
            if o.json:
                row(case, **found)
            else:
                print(f"{case:<15} {who:<13}", json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
