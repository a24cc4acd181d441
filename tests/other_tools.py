"""Other tools' readers of SONATA, as the tests use them."""

import contextlib
import warnings


@contextlib.contextmanager
def bmtk_warnings():
    """Let pass what pandas has to say of bmtk's code.

    Here and not in setup.cfg: ``-W error`` on the command line goes before the filters there.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The inplace keyword", DeprecationWarning, "bmtk")
        yield


def bmtk_file(folder):
    """A folder of `write_sonata_network` as bmtk opens it."""
    from bmtk.utils import sonata

    with bmtk_warnings():
        return sonata.File(data_files=[str(folder / "nodes.h5"), str(folder / "edges.h5")],
                           data_type_files=[str(folder / "node_types.csv"),
                                            str(folder / "edge_types.csv")])
