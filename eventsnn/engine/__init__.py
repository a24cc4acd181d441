"""Time loops for any neuron."""
