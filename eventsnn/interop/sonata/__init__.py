"""SONATA networks: nodes and edges as files that the tools of the field exchange.

========================================  ========================================================
``/nodes/<population>``                   ``node_type_id, node_id, node_group_id,
                                          node_group_index`` (n,)
``/nodes/<population>/0``                 a column an attribute: ``model_type, model_template``
                                          (``eventsnn:LIFParameters``), ``x, y, z``
``/nodes/<population>/0/dynamics_params`` a column a parameter of the model, in its unit (rates in
                                          1/s), but ``t_ref``, ms, for ``rho_reset``; and
                                          ``<variable>_init``, where neurons do not start at rest
``/edges/<population>``                   ``source_node_id, target_node_id`` (m,), which say whose
                                          nodes they count, ``edge_type_id, edge_group_id,
                                          edge_group_index``; sorted by target, then source
``/edges/<population>/0``                 ``syn_weight`` as the model takes it, ``delay`` in ms,
                                          ``channel`` where the target has several
``/edges/<population>/indices``           which edges start and end at a node
========================================  ========================================================

Strings are columns of numbers, which ``@library`` beside them spells out. Beside the files lie
tables of types, for tools that want them, and two configurations in JSON.

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
