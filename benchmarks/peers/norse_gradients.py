"""Gradients of norse's neurons for each of its threshold functions, in float64.

``python norse_gradients.py GOLDEN OUT.h5``, with a Python that has norse 1.1.0. Inputs, parameters
and cotangents are those of some cases in the folder GOLDEN. What comes out must be what is there,
and so must the gradients for the function that a case has there; those for the others are written.
"""

import pathlib
import sys
import typing

import h5py
import norse
import numpy as np
import torch
from norse.torch.functional import (
    coba_lif, iaf, izhikevich, lif, lif_adex, lif_adex_refrac, lif_box, lif_ex, lif_mc,
    lif_mc_refrac, lif_refrac, lsnn,
)

CASES = {"feed_forward": "ff_random_b", "recurrent": "rec_random_b"}
METHODS = ("super", "heavi_erfc", "tanh", "triangle", "circ")
RELEASED_ALPHA = 1.0  # what "super" has in 1.1.0, whatever it is told; later it does as told
LIF, ADEX = lif.LIFParameters, lif_adex.LIFAdExParameters
# Family -> class of the parameters; of both forms, the class of the state and the step.
FAMILIES = {
    "lif": (LIF, lif.LIFFeedForwardState, lif.lif_feed_forward_step, lif.LIFState, lif.lif_step),
    "lif_ex": (lif_ex.LIFExParameters, lif_ex.LIFExFeedForwardState,
               lif_ex.lif_ex_feed_forward_step, lif_ex.LIFExState, lif_ex.lif_ex_step),
    "lif_adex": (ADEX, lif_adex.LIFAdExFeedForwardState, lif_adex.lif_adex_feed_forward_step,
                 lif_adex.LIFAdExState, lif_adex.lif_adex_step),
    "lif_refrac": (lif_refrac.LIFRefracParameters, lif_refrac.LIFRefracFeedForwardState,
                   lif_refrac.lif_refrac_feed_forward_step, lif_refrac.LIFRefracState,
                   lif_refrac.lif_refrac_step),
    "lif_adex_refrac": (
        lif_adex_refrac.LIFAdExRefracParameters, lif_adex_refrac.LIFAdExRefracFeedForwardState,
        lif_adex_refrac.lif_adex_refrac_feed_forward_step, lif_adex_refrac.LIFAdExRefracState,
        lif_adex_refrac.lif_adex_refrac_step),
    "lif_box": (lif_box.LIFBoxParameters, lif_box.LIFBoxFeedForwardState,
                lif_box.lif_box_feed_forward_step, None, None),
    "lif_mc": (LIF, lif.LIFFeedForwardState, lif_mc.lif_mc_feed_forward_step, lif.LIFState,
               lif_mc.lif_mc_step),
    "lif_mc_refrac": (
        lif_refrac.LIFRefracParameters, lif_refrac.LIFRefracFeedForwardState,
        lif_mc_refrac.lif_mc_refrac_feed_forward_step, lif_refrac.LIFRefracState,
        lif_mc_refrac.lif_mc_refrac_step),
    "lsnn": (lsnn.LSNNParameters, lsnn.LSNNFeedForwardState, lsnn.lsnn_feed_forward_step,
             lsnn.LSNNState, lsnn.lsnn_step),
    "ada_lif": (lsnn.LSNNParameters, None, None, lsnn.LSNNState, lsnn.ada_lif_step),
    "iaf": (iaf.IAFParameters, iaf.IAFFeedForwardState, iaf.iaf_feed_forward_step, iaf.IAFState,
            iaf.iaf_step),
    "coba_lif": (coba_lif.CobaLIFParameters, coba_lif.CobaLIFFeedForwardState,
                 coba_lif.coba_lif_feed_forward_step, coba_lif.CobaLIFState,
                 coba_lif.coba_lif_step),
    "izhikevich": (izhikevich.IzhikevichParameters, izhikevich.IzhikevichState,
                   izhikevich.izhikevich_feed_forward_step, izhikevich.IzhikevichRecurrentState,
                   izhikevich.izhikevich_recurrent_step),
}


def nested(cls, values):
    """An object of a norse class, from tensors by name; classes within it are filled likewise."""
    kinds = typing.get_type_hints(cls)
    return cls(**{name: nested(kinds[name], values) if hasattr(kinds[name], "_fields")
                  else values[name] for name in cls._fields if name in values
                  or hasattr(kinds[name], "_fields")})


def flat(value):
    """The tensors of such an object, by name."""
    found = {}
    for name, part in value._asdict().items():
        found |= flat(part) if hasattr(part, "_fields") else {name: part}
    return found


def read(group):
    """Arrays and numbers of a group, by name."""
    found = {}
    for name, data in group.items():
        if name == "scalars":
            found |= {n: np.float64(data[()][n]) for n in data.dtype.names}
        else:
            found[name] = np.asarray(data[()], np.float64)
    return found


def gradients(family, case, method):
    """What comes out of a case, and all gradients of the linear functional of its cotangents."""
    parameters, *forms = FAMILIES[family]
    state_class, step = forms[2:] if case.attrs["kind"] == "recurrent" else forms[:2]

    def tensors(part):
        return {n: torch.tensor(v, dtype=torch.float64, requires_grad=True)
                for n, v in read(case[part]).items()}

    inputs, p = tensors("inputs"), tensors("params")
    alpha = p.pop("alpha").detach()
    state = nested(state_class, {n.removeprefix("initial_"): v for n, v in inputs.items()})
    extra = [inputs[n] for n in ("input_weights", "recurrent_weights", "g_coupling") if n in inputs]
    made = nested(parameters, p | {"method": method, "alpha": alpha})
    outs, states = [], []
    for x in inputs["input"]:
        out, state = step(x, state, *extra, p=made, dt=float(case.attrs["dt"]))
        outs.append(out)
        states.append(flat(state))
    found = {"out": torch.stack(outs)} | {
        f"state_{name}": torch.stack([s[name] for s in states]) for name in states[0]
        if f"state_{name}" in case["outputs"]}
    bars = {n: torch.tensor(v) for n, v in read(case["cotangents"]).items()}
    loss = (bars["out"] * found["out"]).sum()
    for name, bar in bars.items():
        if name != "out":
            loss = loss + (bar * states[-1][name.removeprefix("final_")]).sum()
    loss.backward()
    leaves = inputs | {f"param_{n}": v for n, v in p.items()}
    return ({n: v.detach().numpy() for n, v in found.items()},
            {n: np.zeros(v.shape) if v.grad is None else v.grad.numpy()
             for n, v in leaves.items()})


def compared(what, found, expected, tolerance):
    """Assert that arrays agree to a share of the largest entry."""
    for name, value in expected.items():
        error = np.abs(found[name] - value).max() / (np.abs(value).max() or 1.0)
        assert error < tolerance, (what, name, error)


def main(golden, out):
    """Write the gradients."""
    with h5py.File(out, "w", libver="latest") as new:  # of less overhead
        new.attrs["norse"], new.attrs["torch"] = norse.__version__, str(torch.__version__)
        for family in FAMILIES:
            with h5py.File(golden / f"{family}.h5") as file:
                for name in CASES.values():
                    if name not in file:
                        continue
                    case = file[name]
                    for method in METHODS:
                        outputs, grads = gradients(family, case, method)
                        expected = read(case["outputs"])
                        expected.pop("loss", None)
                        compared((family, name), outputs, expected, 1e-12)
                        if method == case.attrs["method"]:
                            compared((family, name), grads, read(case["grads"]), 1e-11)
                            continue
                        group = new.create_group(f"{family}/{name}/{method}")
                        if method == "super":
                            group.attrs["alpha"] = RELEASED_ALPHA
                        for of in read(case["grads"]):
                            group[of] = grads[of]


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)  # of the constants in norse's derivatives
    main(*map(pathlib.Path, sys.argv[1:]))
