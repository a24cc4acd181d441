"""Uncoupled neurons, for us and for a peer: parameters, input, and equations in Brian2's words."""

MODELS = {
    # Of LIF, potentials are in units of v_th - v_leak; of the others, mV.
    "lif": dict(
        p=dict(tau_mem_inv=50.0, v_leak=0.0, v_th=1.0, v_reset=0.0), start=dict(v=0.0),
        current=1.2, noise=2.0,
        equations="dv/dt = (v_leak - v + x) * tau_mem_inv * Hz : 1",
        threshold="v > v_th", reset="v = v_reset"),
    # Regular spiking, of Izhikevich, IEEE Trans. Neural Netw. 14, 1569 (2003), figure 2.
    "izhikevich": dict(
        p=dict(a=0.02, b=0.2, c=-65.0, d=8.0, sq=0.04, mn=5.0, bias=140.0, v_th=30.0,
               tau_inv=1000.0), start=dict(v=-65.0, u=-13.0), current=10.0, noise=20.0,
        equations="""dv/dt = (sq * v**2 + mn * v + bias - u + x) * tau_inv * Hz : 1
                     du/dt = a * (b * v - u) * tau_inv * Hz : 1""",
        threshold="v > v_th", reset="v = c; u += d"),
    # Brette, Gerstner, J. Neurophysiol. 94, 3637 (2005), table 1, over the leak conductance 30 nS.
    "adex": dict(
        p=dict(adaptation_current=4 / 30, adaptation_spike=80.5 / 30, delta_T=2.0,
               tau_ada_inv=1 / 0.144, tau_mem_inv=30 / 0.281, v_leak=-70.6, v_th=-50.4,
               v_reset=-70.6), start=dict(v=-70.6, a=0.0), current=800 / 30, noise=60.0,
        equations="""dv/dt = (v_leak - v + delta_T * exp((v - v_th) / delta_T) + x - a)
                             * tau_mem_inv * Hz : 1
                     da/dt = (adaptation_current * (v - v_leak) - a) * tau_ada_inv * Hz : 1""",
        threshold="v > v_th", reset="v = v_reset; a += adaptation_spike")}
