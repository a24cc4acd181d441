"""Steps of training by norse, snnTorch or SpikingJelly: ``torch_training.py PEER CASE THREADS``.

norse has the very model of ours. The others' recurrent and leaky neurons have no synaptic current:
they do less, and their losses are others.
"""

import sys

import torch
from training_cases import make
from training_clock import measure

ALPHA, DT = 100.0, 1e-3


def weight(module, values, name="weight"):
    with torch.no_grad():
        getattr(module, name).copy_(torch.from_numpy(values))
    return module


def lin(values):
    return weight(torch.nn.Linear(*values.shape[::-1], bias=False), values)


def conv(values):
    return weight(torch.nn.Conv2d(values.shape[1], values.shape[0], 5, bias=False), values)


class Norse(torch.nn.Module):
    def __init__(self, name, w):
        super().__init__()
        import norse.torch as norse

        p = norse.LIFParameters(method="super", alpha=torch.as_tensor(ALPHA))
        if name.startswith("recurrent"):
            first = norse.LIFRecurrent(700, 256, p)
            weight(first, w["input"], "input_weights")
            weight(first, w["recurrent"], "recurrent_weights")
            layers = [first, lin(w["output"]), norse.LI()]
        elif name.startswith("dense"):
            layers = [lin(w["input"]), norse.LIF(p), lin(w["output"]), norse.LI()]
        elif name == "conv":
            layers = [norse.Lift(conv(w["first"])), norse.LIF(p), norse.Lift(torch.nn.MaxPool2d(2)),
                      norse.Lift(conv(w["second"])), norse.LIF(p),
                      norse.Lift(torch.nn.MaxPool2d(2)), torch.nn.Flatten(2), lin(w["output"]),
                      norse.LI()]
        else:
            layers = [lin(w["input"]), norse.LIF(p)]
        self.net = norse.SequentialState(*layers)

    def forward(self, x):
        return self.net(x)[0]


class Stepped(torch.nn.Module):
    """A network that is called step by step, as these two libraries' tutorials do."""

    def __init__(self, name, w, neuron, recurrent, readout):
        super().__init__()
        self.name, self.recurrent = name, None
        if name.startswith("recurrent"):
            self.first, self.second = lin(w["input"]), lin(w["output"])
            self.recurrent, self.back = recurrent(), lin(w["recurrent"])
            self.readout = readout()
        elif name.startswith("dense"):
            self.first, self.second = lin(w["input"]), lin(w["output"])
            self.neuron, self.readout = neuron(), readout()
        elif name == "conv":
            self.maps = torch.nn.ModuleList([conv(w["first"]), conv(w["second"]), lin(w["output"])])
            self.neurons, self.readout = torch.nn.ModuleList([neuron(), neuron()]), readout()
        else:
            self.first, self.neuron = lin(w["input"]), neuron()

    def forward(self, x):
        pool, outs, z = torch.nn.functional.max_pool2d, [], None
        for x_t in x.unbind(0):
            if self.recurrent is not None:
                current = self.first(x_t) + (0 if z is None else self.back(z))
                z = self.recurrent(current)
                outs.append(self.readout(self.second(z)))
            elif self.name.startswith("dense"):
                outs.append(self.readout(self.second(self.neuron(self.first(x_t)))))
            elif self.name == "conv":
                y = pool(self.neurons[0](self.maps[0](x_t)), 2)
                y = pool(self.neurons[1](self.maps[1](y)), 2)
                outs.append(self.readout(self.maps[2](y.flatten(1))))
            else:
                outs.append(self.neuron(self.first(x_t)))
        return torch.stack(outs)


class Integrator(torch.nn.Module):
    """A leaky integrator for read-out."""

    def __init__(self):
        super().__init__()
        self.v = None

    def forward(self, x):
        self.v = 0.1 * x if self.v is None else self.v + 0.1 * (x - self.v)
        return self.v


def snntorch(name, w):
    import snntorch as snn

    class Keeps(torch.nn.Module):
        """A Leaky that keeps its membrane from step to step, and gives spikes or potentials."""

        def __init__(self, spikes):
            super().__init__()
            self.cell = snn.Leaky(beta=0.9, spike_grad=snn.surrogate.fast_sigmoid(ALPHA),
                                  reset_mechanism="subtract" if spikes else "none")
            self.spikes, self.mem = spikes, None

        def forward(self, x):
            z, self.mem = self.cell(x, self.cell.init_leaky() if self.mem is None else self.mem)
            return z if self.spikes else self.mem

    net = Stepped(name, w, lambda: Keeps(True), lambda: Keeps(True), lambda: Keeps(False))

    def reset():
        for module in net.modules():
            if isinstance(module, Keeps):
                module.mem = None
    return net, reset


def spikingjelly(name, w):
    from spikingjelly.activation_based import functional, neuron, surrogate

    def spiking():
        return neuron.LIFNode(tau=10.0, surrogate_function=surrogate.ATan(), detach_reset=False)

    net = Stepped(name, w, spiking, spiking, Integrator)

    def reset():
        functional.reset_net(net)
        for module in net.modules():
            if isinstance(module, Integrator):
                module.v = None
    return net, reset


def main():
    peer, name, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(threads)
    case, _ = make(name)
    if peer == "norse":
        net, reset = Norse(name, case.weights), lambda: None
    else:
        net, reset = {"snntorch": snntorch, "spikingjelly": spikingjelly}[peer](name, case.weights)
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    x, y = torch.from_numpy(case.x.copy()), torch.from_numpy(case.y)

    def step():
        reset()
        adam.zero_grad()
        out = net(x)
        scores = out.sum(0) if name.startswith("linear") else out.max(0).values
        loss = torch.nn.functional.cross_entropy(scores, y)
        loss.backward()
        adam.step()
        return loss.item()

    measure(step)


if __name__ == "__main__":
    main()
