"""What all stands on: Numba's configuration, dispatch on types, random numbers, checks, files."""
