"""Weight matrices of other programs' files."""

import os
import zipfile
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.errors import FormatError


def read_matrix(path: str | os.PathLike) -> Any:
    """A matrix of a file that `scipy.sparse.save_npz` or `numpy.save` wrote.

    Parameters
    ----------
    path : path
        Its ending says which: .npz or .npy. Nothing is unpickled.

    Returns
    -------
    (n, m) scipy sparse matrix, or array

    Raises
    ------
    FormatError
        If it is no such file.
    """
    from scipy import sparse

    path = check.path("path", path)
    if path.suffix.lower() not in (".npz", ".npy"):
        raise check.must(str(path), "end in .npz or .npy", path.suffix or "no ending")
    with open(path, "rb"):
        pass
    try:
        if path.suffix.lower() == ".npz":
            return sparse.load_npz(path).tocoo()
        return check.real_array("matrix", np.load(path, allow_pickle=False))
    except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, IndexError,
            NotImplementedError, zipfile.BadZipFile) as error:
        raise check.must(str(path), "be a matrix of scipy.sparse.save_npz or numpy.save",
                         f"another file ({' '.join(str(error).split())})",
                         error=FormatError) from error
