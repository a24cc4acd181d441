r"""Receptive fields of scale-space theory: Gaussian kernels, their derivatives, their scales.

A kernel is sampled at a square grid of points :math:`(X, Y)` from -domain to domain (columns are
X, rows are Y) and has sum 1:

.. math::
    k \propto e^{-\frac12 d^T C^{-1} d}, \qquad
    C = s \, R(\theta) \begin{pmatrix} r^2 & 0 \\ 0 & r^{-2} \end{pmatrix} R(\theta)^T, \qquad
    d = (X - x, Y - y)

with scale :math:`s`, angle :math:`\theta`, ratio :math:`r` and centre :math:`(x, y)`. Then it is
derived `dx` times along the angle and `dy` times across it, by differences between neighbouring
points (central, one-sided at the edges), each time multiplied by :math:`s`.

A kernel is given by a row ``(scale, angle, ratio, x, y, dx, dy)``. Rows and kernels are float64.

References
----------
.. [1] Lindeberg, "Normative theory of visual receptive fields", Heliyon 7, e05897 (2021).
.. [2] Lindeberg, "Time-causal and time-recursive spatio-temporal receptive fields", Journal of
   Mathematical Imaging and Vision 55, 50 (2016).
"""

from typing import Any

import numpy as np

from eventsnn.core import check

GENERATING = ("scale", "angle", "ratio", "x", "y")  # what a Gaussian is made of
COLUMNS = (*GENERATING, "dx", "dy")
POSITIVE = ("scale", "ratio")


def spatial_receptive_fields(parameters: Any, size: int, domain: float = 8.0) -> np.ndarray:
    """Kernels (n, size, size) of parameters (n, 7).

    Parameters
    ----------
    parameters : (n, 7) array
        Rows (scale, angle, ratio, x, y, dx, dy); the angle in radians, the rest in the units of the
        grid. `spatial_parameters` makes them.
    size : int
        Points a side; at least 2 for kernels that are derived.
    domain : float
        Half the length of a side.

    Examples
    --------
    >>> spatial_receptive_fields([[1.0, 0.0, 1.0, 0.0, 0.0, 0, 0]], 3, domain=1.0).round(3)
    array([[[0.075, 0.124, 0.075],
            [0.124, 0.204, 0.124],
            [0.075, 0.124, 0.075]]])
    """
    rows, domain = check_parameters(parameters, size), check.number("domain", domain, above=0.0)
    return np.array([_chain(row, kernel, _differences(size))[-1][1]
                     for row, kernel in zip(rows, _gaussians(rows, size, domain)[0], strict=True)])


def spatial_receptive_fields_vjp(parameters: Any, size: int, domain: float,
                                 kernels_bar: np.ndarray) -> np.ndarray:
    """Transpose of `spatial_receptive_fields`: (n, size, size) to (n, 7); none for dx and dy."""
    rows, difference = check_parameters(parameters, size), _differences(size)
    k, q, along, across = _gaussians(rows, size, domain)
    bar, k_bar = np.zeros(rows.shape), np.empty(k.shape)
    for row, row_bar, kernel, b, out in zip(rows, bar, k, kernels_bar, k_bar, strict=True):
        chain = _chain(row, kernel, difference)
        for (_, before), (angle, _) in zip(chain[-2::-1], chain[:0:-1], strict=True):
            # next = s (cos gx + sin gy)
            gx, gy, cos, sin = before @ difference.T, difference @ before, *_direction(angle)
            row_bar[0] += (b * (cos * gx + sin * gy)).sum()
            row_bar[1] += row[0] * (b * (cos * gy - sin * gx)).sum()
            b = row[0] * (cos * (b @ difference) + sin * (difference.T @ b))
        out[:] = b

    # k = exp(q) / sum(exp(q)),  q = -(along^2 / r^2 + r^2 across^2) / (2 s)
    q_bar = k * (k_bar - (k * k_bar).sum(axis=(1, 2), keepdims=True))
    s, angle, r = rows.T[:3, :, None, None]
    cos, sin = _direction(angle)
    along_bar, across_bar = -along / (r**2 * s), -(r**2) * across / s  # of q
    for j, slope in enumerate((
            -q / s,
            along_bar * across - across_bar * along,  # along' = across,  across' = -along
            along**2 / (r**3 * s) - r * across**2 / s,
            -along_bar * cos + across_bar * sin,
            -along_bar * sin - across_bar * cos)):
        bar[:, j] += (q_bar * slope).sum(axis=(1, 2))
    return bar


def _gaussians(rows: np.ndarray, size: int, domain: float) -> tuple[np.ndarray, ...]:
    """Kernels of sum 1 before they are derived, their exponents, and coordinates in their axes."""
    s, angle, r, x, y = rows.T[:5, :, None, None]
    grid = np.linspace(-domain, domain, size)
    cos, sin = _direction(angle)
    dx, dy = grid[None, None, :] - x, grid[None, :, None] - y
    along, across = cos * dx + sin * dy, cos * dy - sin * dx
    q = -(along**2 / r**2 + r**2 * across**2) / (2 * s)
    k = np.exp(q - q.max(axis=(1, 2), keepdims=True))  # a narrow one does not vanish between points
    return k / k.sum(axis=(1, 2), keepdims=True), q, along, across


def _chain(row: np.ndarray, kernel: np.ndarray, difference: np.ndarray) -> list[tuple]:
    """A kernel and its derivatives one after the other, each with the angle of its derivation."""
    along, across = int(row[5]), int(row[6])
    chain: list[tuple] = [(None, kernel)]
    for angle in [row[1]] * along + [row[1] + np.pi / 2] * across:
        cos, sin = _direction(angle)
        before = chain[-1][1]
        slope = cos * (before @ difference.T) + sin * (difference @ before)
        chain.append((angle, row[0] * slope))
    return chain


def _direction(angle: Any) -> tuple[Any, Any]:
    return np.cos(angle), np.sin(angle)


def _differences(size: int) -> np.ndarray:
    """The matrix of `np.gradient`."""
    return np.asarray(np.gradient(np.eye(size), axis=0)) if size > 1 else np.zeros((1, 1))


def check_parameters(parameters: Any, size: int) -> np.ndarray:
    """Parameters of kernels of a size, checked, as float64 (n, 7)."""
    rows = check.real_array("parameters", parameters).astype(np.float64)
    if rows.ndim != 2 or rows.shape[1] != len(COLUMNS) or len(rows) == 0:
        raise check.must("parameters", f"have shape (n, 7), rows of ({', '.join(COLUMNS)})",
                         rows.shape)
    check.finite("parameters", rows)
    for name in POSITIVE:
        _positive(name, rows[:, COLUMNS.index(name)])
    _orders(rows[:, 5:])
    check.integer("size", size, least=2 if rows[:, 5:].any() else 1)
    return rows


def _positive(name: str, values: np.ndarray) -> None:
    if not (values > 0).all():
        raise check.must(name, "be positive", f"{values.min():g}")


def _orders(orders: np.ndarray) -> None:
    if (orders < 0).any() or (orders % 1).any():
        raise check.must("derivatives", "be whole numbers of at least 0", orders.tolist())


def combinations(scales: Any, angles: Any, ratios: Any, derivatives: Any, x: Any = (0.0,),
                 y: Any = (0.0,), include_replicas: bool = False
                 ) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Which of the values each row of `spatial_parameters` is made of.

    Returns
    -------
    values : dict
        Name of a column -> the values given for it.
    index : (n, 5) array
        Of each row and column, the place in the values.
    orders : (n, 2) array
        Of each row, dx and dy.
    """
    values = {}
    for name, given in zip(GENERATING, (scales, angles, ratios, x, y), strict=True):
        values[name] = array = check.real_array(name, given).astype(np.float64)
        if array.ndim != 1 or len(array) == 0:
            raise check.must(name, "be a list of values", f"shape {array.shape}")
        check.finite(name, array)
        if name in POSITIVE:
            _positive(name, array)
    if np.ndim(derivatives) == 0:
        n = check.integer("derivatives", derivatives, least=0)
        # (n, n) is of higher order than n
        derivatives = [(i, j) for i in range(n + 1) for j in range(n + 1)][:-1] or [(0, 0)]
    orders = check.real_array("derivatives", derivatives)
    if orders.ndim != 2 or orders.shape[1] != 2 or len(orders) == 0:
        raise check.must("derivatives", "be a number or pairs (dx, dy)", f"shape {orders.shape}")
    _orders(orders)

    round_ = (values["ratio"] == 1) & (not include_replicas)
    places = {name: np.arange(len(array)) for name, array in values.items()}
    index = np.concatenate([
        _product(*(places | {"ratio": places["ratio"][~round_]}).values()),
        _product(*(places | {"ratio": places["ratio"][round_], "angle": places["angle"][:1]}
                   ).values())])
    return values, np.repeat(index, len(orders), axis=0), np.tile(orders, (len(index), 1))


def _product(*lists: np.ndarray) -> np.ndarray:
    """Cartesian product as rows; the last list runs fastest."""
    return np.stack(np.meshgrid(*lists, indexing="ij"), axis=-1).reshape(-1, len(lists))


def spatial_parameters(scales: Any, angles: Any, ratios: Any, derivatives: Any, x: Any = (0.0,),
                       y: Any = (0.0,), include_replicas: bool = False) -> np.ndarray:
    """All combinations of the values, as rows for `spatial_receptive_fields`.

    Parameters
    ----------
    scales, angles, ratios, x, y : 1-d arrays
    derivatives : int or list of pairs
        Pairs (dx, dy); a number n stands for all pairs of 0 to n but (n, n).
    include_replicas : bool
        By default ratio 1 is combined with the first angle alone, as in norse: the Gaussian is
        round. Its derivatives are not; include the replicas to have them at all angles.

    Returns
    -------
    (n, 7) array
        Those of ratio 1 are last; the derivatives run fastest.

    Examples
    --------
    >>> spatial_parameters([1.0], [0.0, 0.5], [0.8, 1.0], 0)
    array([[1. , 0. , 0.8, 0. , 0. , 0. , 0. ],
           [1. , 0.5, 0.8, 0. , 0. , 0. , 0. ],
           [1. , 0. , 1. , 0. , 0. , 0. , 0. ]])
    """
    values, index, orders = combinations(scales, angles, ratios, derivatives, x, y,
                                         include_replicas)
    return np.column_stack([values[name][index[:, j]] for j, name in enumerate(GENERATING)]
                           + [orders])


def spatio_temporal_parameters(scales: Any, angles: Any, ratios: Any, derivatives: Any,
                               temporal_scales: Any, include_replicas: bool = False, *,
                               x: Any = (0.0,), y: Any = (0.0,)) -> np.ndarray:
    """Rows of `spatial_parameters`, each with every temporal scale as an eighth column.

    Examples
    --------
    >>> spatio_temporal_parameters([2.0], [0.0], [0.5], 0, [1.0, 1.5])[:, [0, 2, 7]]
    array([[2. , 0.5, 1. ],
           [2. , 0.5, 1.5]])
    """
    rows = spatial_parameters(scales, angles, ratios, derivatives, x, y, include_replicas)
    times = check.real_array("temporal_scales", temporal_scales)
    if times.ndim != 1:
        raise check.must("temporal_scales", "be a list of values", f"shape {times.shape}")
    return np.column_stack([np.repeat(rows, len(times), axis=0), np.tile(times, len(rows))])


def temporal_scale_distribution(n_scales: int, min_scale: float = 1.0,
                                max_scale: float | None = None,
                                c: float | None = 1.41421) -> np.ndarray:
    r"""Temporal scales that grow by a factor, :math:`\sqrt{c^{2(k - K)} \tau_\mathrm{max}}` [2]_.

    Parameters
    ----------
    n_scales : int
        How many, K.
    min_scale : float
        Square of the smallest scale, if `max_scale` is not given; then tau_max is
        :math:`c^{2(K - 1)}` times it. Of one scale alone, always.
    max_scale : float, optional
        tau_max. The factor then follows from ``min_scale / max_scale``, and the scales run down, as
        in norse: from ``max_scale / sqrt(min_scale)`` to ``sqrt(max_scale)``.
    c : float
        Factor from scale to scale, above 1; without a part if there is a `max_scale`.

    Returns
    -------
    (n_scales,) array

    Examples
    --------
    >>> temporal_scale_distribution(3).round(3)
    array([1.   , 1.414, 2.   ])
    """
    n = check.integer("n_scales", n_scales, least=1)
    low = check.number("min_scale", min_scale, above=0.0)
    if max_scale is None:
        factor = check.number("c", c, above=1.0)
        high = factor**(2 * (n - 1)) * low
    else:
        high = check.number("max_scale", max_scale, above=0.0)
        if n == 1:
            high, factor = low, 1.0
        else:
            factor = (low / high)**(1 / (2 * (n - 1)))
    return np.sqrt(factor**(2.0 * (np.arange(1, n + 1) - n)) * high)
