"""SONATA networks: nodes and edges as files that the tools of the field exchange.

References
----------
.. [1] Dai et al., "The SONATA data format for efficient description of large-scale network models",
   PLoS Comput. Biol. 16, e1007696 (2020).
"""

from eventsnn.interop.sonata.edge_files import read_sonata_edges, write_sonata_edges
from eventsnn.interop.sonata.edges import Edges
from eventsnn.interop.sonata.network_in import from_sonata, read_sonata_network
from eventsnn.interop.sonata.network_out import write_sonata_network
from eventsnn.interop.sonata.nodes import Nodes, read_sonata_nodes, write_sonata_nodes

__all__ = ["Edges", "Nodes", "from_sonata", "read_sonata_edges", "read_sonata_network",
           "read_sonata_nodes", "write_sonata_edges", "write_sonata_network", "write_sonata_nodes"]
