"""Models and spikes of other programs, to and from ours."""

from eventsnn.interop.matrices import read_matrix
from eventsnn.interop.neo import from_neo, to_neo
from eventsnn.interop.norse import load_norse
from eventsnn.interop.nwb import read_nwb, write_nwb
from eventsnn.interop.sonata import (
    Edges, Nodes, from_sonata, read_sonata_edges, read_sonata_network, read_sonata_nodes,
    write_sonata_edges, write_sonata_network, write_sonata_nodes,
)
from eventsnn.interop.spikes import kind_of, open_spikes
from eventsnn.interop.tables import write_csv, write_npz
from eventsnn.interop.units import Units, of_recording

__all__ = ["Edges", "Nodes", "Units", "from_neo", "from_sonata", "kind_of", "load_norse",
           "of_recording", "open_spikes", "read_matrix", "read_nwb", "read_sonata_edges",
           "read_sonata_network", "read_sonata_nodes", "to_neo", "write_csv", "write_npz",
           "write_nwb", "write_sonata_edges", "write_sonata_network", "write_sonata_nodes"]
