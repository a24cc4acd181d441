"""What the Brian2 scripts share: C++ standalone, built once and run once."""

from brian2 import Network, device, prefs, second, seed, set_device
from common import Clock


def standalone(p):
    """Before anything is made."""
    set_device("cpp_standalone", build_on_run=False)
    prefs.devices.cpp_standalone.openmp_threads = 0 if p["threads"] == 1 else p["threads"]
    seed(p["seed"] + 1)


def build_and_run(p, *objects):
    """Run a network of `objects`; returns the times taken."""
    clock = Clock()
    Network(*objects).run(p["seconds"] * second)
    device.build(compile=True, run=False, debug=False)
    compile_s = clock.lap()
    device.run(device.project_dir, with_output=False, run_args=[])
    total = clock.lap()
    sim = device._last_run_time  # of the loop; what else the program does is building
    return {"compile_s": compile_s, "build_s": total - sim, "sim_s": sim}


def pause(p, period):
    """The refractory period that has Brian2 hold the potential for `period`, s.

    Brian2 counts the step of the spike as part of it, NEST and eventsnn count from its end.
    """
    return (period + p["dt"]) * second


def spikes(monitors):
    """What the monitors hold: times in s, ids."""
    return {name: (m.t / second, m.i[:]) for name, m in monitors.items()}
