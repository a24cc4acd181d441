"""Kernels as the plain Python that they are written in."""


def plain(kernel):
    """A kernel as plain Python; what is no kernel as it is (nothing is compiled with JIT off)."""
    return getattr(kernel, "py_func", kernel)
