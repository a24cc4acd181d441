"""NIR [1]_: models of eventsnn as graphs that other tools read, and the graphs of others as models.

Needs the extra `interop`. `conventions` tells what a graph means in steps of `dt`.

References
----------
.. [1] Pedersen et al., "Neuromorphic intermediate representation", Nature Communications 15, 8122
   (2024); https://neuroir.org.
"""

from eventsnn.interop.nir.reading import from_nir
from eventsnn.interop.nir.writing import to_nir

__all__ = ["from_nir", "to_nir"]
