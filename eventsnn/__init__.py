"""Spiking neural networks on NumPy, Numba and HDF5: simulate, train, analyse."""

__version__ = "0.1.0"
