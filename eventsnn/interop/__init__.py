"""Models and spikes of other programs, to and from ours."""

from eventsnn.interop.neo import from_neo, to_neo
from eventsnn.interop.norse import load_norse
from eventsnn.interop.nwb import read_nwb, write_nwb
from eventsnn.interop.sonata import (
    Edges, Nodes, from_sonata, read_sonata_edges, read_sonata_network, read_sonata_nodes,
    write_sonata_edges, write_sonata_network, write_sonata_nodes,
)
from eventsnn.interop.tables import write_csv, write_npz
from eventsnn.interop.units import Units, of_recording

__all__ = ["Edges", "Nodes", "Units", "from_neo", "from_sonata", "load_norse", "of_recording",
           "read_nwb", "read_sonata_edges", "read_sonata_network", "read_sonata_nodes", "to_neo",
           "write_csv", "write_npz", "write_nwb", "write_sonata_edges", "write_sonata_network",
           "write_sonata_nodes"]
