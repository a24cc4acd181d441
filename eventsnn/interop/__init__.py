"""Models and spikes of other programs, to and from ours."""

from typing import Any

from eventsnn.interop.matrices import read_matrix
from eventsnn.interop.neo import from_neo, to_neo
from eventsnn.interop.nir import from_nir, to_nir
from eventsnn.interop.norse import load_norse
from eventsnn.interop.nwb import read_nwb, write_nwb
from eventsnn.interop.spikes import kind_of, open_spikes
from eventsnn.interop.tables import write_csv, write_npz
from eventsnn.interop.units import Units, of_recording

__all__ = ["Edges", "Nodes", "Units", "from_neo", "from_nir", "from_sonata", "kind_of",
           "load_norse", "of_recording", "open_spikes", "read_matrix", "read_nwb",
           "read_sonata_edges", "read_sonata_network", "read_sonata_nodes", "to_neo", "to_nir",
           "write_csv", "write_npz", "write_nwb", "write_sonata_edges", "write_sonata_network",
           "write_sonata_nodes"]


def __getattr__(name: str) -> Any:
    """The names of `eventsnn.interop.sonata`, on first use: it needs h5py, which takes time."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from eventsnn.interop import sonata

    return getattr(sonata, name)
