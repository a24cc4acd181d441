"""NIR files of ours that norse reads, and files of norse and snnTorch that we read.

``python -m tests.nir_peers tests/data/nir``, in an environment with nir, norse 1.1.0 and snntorch
1.0.0, writes the files and what the peers compute: see tests/data/README.md.
"""

import pathlib
import sys

import numpy as np

from eventsnn.interop import to_nir
from eventsnn.layers import CubaLIF, LIF, LIFBox, Conv2d, Linear, SequentialState, SumPool2d
from eventsnn.neurons import CubaLIFParameters, LIFBoxParameters, LIFParameters


def chain():
    """A model of what norse 1.1.0 imports right: it resets to 0, with leaks and `r` in places."""
    rng = np.random.default_rng(1)
    return SequentialState(
        Linear(4, 8, seed=1), LIF(LIFParameters(tau_mem_inv=rng.uniform(60, 120, 8), v_th=0.4)),
        Linear(8, 6, bias=False, weight=rng.normal(size=(6, 8))),
        CubaLIF(CubaLIFParameters(r=rng.uniform(0.5, 2, 6), w_in=rng.uniform(4, 9, 6), v_th=0.4)),
        Linear(6, 5, seed=3, weight=3 * rng.normal(size=(5, 6))),
        LIFBox(LIFBoxParameters(tau_mem_inv=rng.uniform(60, 120, 5), v_leak=0.2, v_th=0.5)))


def images():
    """Convolution and pooling."""
    return SequentialState(Conv2d(2, 3, 3, stride=(2, 1), padding=1, seed=4),
                           LIFBox(LIFBoxParameters(v_th=0.2)), SumPool2d(2))


MODELS = {"chain": (chain, (4,)), "images": (images, (2, 9, 7))}


def inputs(name, n_steps=200):
    """The input of a model, (n_steps, 1, ...); a batch of one, as nirtorch wants."""
    _, shape = MODELS[name]
    return np.random.default_rng(9).normal(1, 2, (n_steps, 1, *shape)).astype(np.float32)


def steps(net, x):
    """A network of torch over the steps of `x`."""
    import torch

    outs, state = [], None
    with torch.no_grad():
        for x_t in torch.from_numpy(x):
            out, state = net(x_t, state)
            outs.append(out.numpy())
    return np.stack(outs)


def write_ours(folder):
    """Our files, and what norse computes of them."""
    import nir
    import norse.torch

    results = {}
    for name, (make, shape) in MODELS.items():
        nir.write(folder / f"{name}.nir", to_nir(make(), shape, dtype=np.float32))
        results[name] = steps(norse.torch.from_nir(nir.read(folder / f"{name}.nir")), inputs(name))
    np.savez_compressed(folder / "norse_reads.npz", **results)


def write_norse(folder):
    """A file of norse, and what norse computes of the model: one step long, as its taus are off."""
    import nir
    import norse.torch as nt
    import torch

    torch.manual_seed(3)
    p = nt.LIFBoxParameters(tau_mem_inv=torch.tensor([60.0, 80.0, 100.0]),
                            v_leak=torch.full((3,), 0.1), v_th=torch.full((3,), 0.2))
    net = nt.SequentialState(torch.nn.Linear(4, 3, bias=False), nt.LIFBoxCell(p))
    # norse writes dt / tau_inv for the time constant: with a dt of 1 it is in seconds.
    nir.write(folder / "norse.nir", arrays(nt.to_nir(net, torch.zeros(1, 4), dt=1.0)))
    np.savez_compressed(folder / "norse_writes.npz", out=steps(net, inputs("chain")))


def write_snntorch(folder):
    """A file of snnTorch with a recurrent layer, and what snnTorch computes of the model."""
    import nir
    import snntorch as snn
    import torch
    from snntorch.export_nir import export_to_nir

    torch.manual_seed(2)
    options = {"init_hidden": True, "reset_mechanism": "zero", "reset_delay": False}
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 5),
        snn.RLeaky(torch.full((5,), 0.9), linear_features=5, threshold=6.0, **options),
        torch.nn.Linear(5, 3),
        snn.Synaptic(torch.full((3,), 0.8), torch.full((3,), 0.9), threshold=torch.full((3,), 4.0),
                     **options))
    nir.write(folder / "snntorch.nir", arrays(export_to_nir(net, torch.zeros(4))))
    for layer in net:
        if hasattr(layer, "reset_mem"):
            layer.reset_mem()
    with torch.no_grad():
        out = np.stack([net(x).numpy() for x in torch.from_numpy(inputs("chain")[:, 0])])
    np.savez_compressed(folder / "snntorch_writes.npz", out=out)


def arrays(graph):
    """The graph with arrays in place of tensors, which nir does not write."""
    import torch

    for node in graph.nodes.values():
        for name, value in vars(node).items():
            if isinstance(value, torch.Tensor):
                setattr(node, name, value.numpy())
        if hasattr(node, "nodes"):
            arrays(node)
    return graph


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(exist_ok=True)
    write_ours(target)
    write_norse(target)
    write_snntorch(target)
