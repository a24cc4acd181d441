"""Examples, one short script each."""
