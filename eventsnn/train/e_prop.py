r"""e-prop: gradients of recurrent spiking networks forward in time, in memory that does not grow.

Back-propagation through time of a loss :math:`E` gives, for the weight from :math:`i` to
:math:`j`, :math:`\sum_t \frac{dE}{dz_j^t} e_{ji}^t`, with the eligibility trace :math:`e_{ji}^t`,
which is known at step :math:`t` [1]_. e-prop takes of :math:`dE / dz_j^t` what is known on line as
well: the way through the read-out,

.. math::
    \frac{dE}{dW_{ji}} \approx \sum_t L_j^t \, \bar e_{ji}^t, \qquad
    L_j^t = \sum_k B_{kj} \frac{\partial E}{\partial y_k^t}

where :math:`\bar e` is the trace filtered as the read-out :math:`y` filters spikes, and :math:`B`
are the read-out's weights, or random ones.

**What is left out** is each way from a spike to the loss through another spike's input:
:math:`z_j^t` through a recurrent weight, an autapse among them, into the input of any neuron at
:math:`t + 1` or later. What is kept, exactly: all ways within a neuron, from state to state over
any number of steps (potential, current, adaptation, refractoriness; the reset and the jump of a
threshold if the layer's `stop_reset` is False), and from each spike through the read-out to the
losses of all later steps. So the gradients of read-out weights are exact; those of the others are
where recurrent weights are zero and the feedback is symmetric.

References
----------
.. [1] Bellec, Scherr, Subramoney, Hajek, Salaj, Legenstein, Maass, "A solution to the learning
   dilemma for recurrent networks of spiking neurons", Nat. Commun. 11, 3625 (2020).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eventsnn.core import check, random
from eventsnn.core.device import to
from eventsnn.layers.base import rng
from eventsnn.spikes import Events, to_raster
from eventsnn.train import step
from eventsnn.train.online import LOSSES, Online, parts
from eventsnn.train.penalties import Rate, Weight


@dataclass(frozen=True, slots=True)
class EProp:
    """Trains a chain of recurrent neurons, `Linear` and `LI` or `LIBox`, by e-prop.

    ``train.fit(model, ..., online=EProp())`` takes its gradients in place of those of backward, for
    any optimiser; `begin` learns step by step. Any neuron of one input channel will do. In the
    recurrent LSNN and LIF `stop_reset` is True by default: with it a threshold that adapts has no
    part in the traces, so make an LSNN with ``stop_reset=False``.

    Parameters
    ----------
    loss : str
        "cross_entropy" of the softmax of each step's output, or "mse": means over the steps that
        count, the items, and for "mse" the outputs.
    feedback : str
        "symmetric": learning signals go through the read-out's weights as they are now. "random":
        through fixed ones, normal with standard deviation ``1 / sqrt(hidden_size)``.
    seed : int
        Of the random feedback.
    start : int
        First step that counts, from 0.

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.layers import LI, LIFRecurrent, Linear, SequentialState
    >>> net = SequentialState(LIFRecurrent(3, 20, seed=1), Linear(20, 2, seed=2), LI())
    >>> x, labels = np.ones((50, 4, 3)), np.array([0, 1, 0, 1])
    >>> found = EProp(start=10).run(net, x, labels)
    >>> sorted(found.gradients)
    ['0.input_weights', '0.recurrent_weights', '1.bias', '1.weight']

    Step by step, for input that does not end:

    >>> learning = EProp(loss="mse").begin(net)
    >>> for x_t in x:
    ...     y = learning.step(x_t, target=np.zeros((4, 2)))
    >>> y.shape, learning.gradients().keys() == net.weights.keys()
    ((4, 2), True)
    """

    loss: str = "cross_entropy"
    feedback: str = "symmetric"
    seed: int = 0
    start: int = 0

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise check.unknown("loss", self.loss, LOSSES)
        if self.feedback not in ("symmetric", "random"):
            raise check.unknown("feedback", self.feedback, ("symmetric", "random"))
        random.seed(self.seed)
        check.integer("start", self.start, least=0)

    def check(self, model: Any, penalties: Sequence = ()) -> None:
        """Refuse what cannot be trained, before any work."""
        parts(model)
        for penalty in penalties:
            if not isinstance(penalty, Weight) and not (
                    isinstance(penalty, Rate) and penalty.layer == 0):
                raise check.must("penalties", "be Weight, and at most one Rate(0), for e-prop",
                                 repr(penalty))
        if sum(isinstance(penalty, Rate) for penalty in penalties) > 1:
            raise check.must("penalties", "have at most one Rate for e-prop", "more")

    def begin(self, model: Any, penalties: Sequence = ()) -> Online:
        """A batch to learn from step by step, `Online`, from rest and with traces of zero."""
        self.check(model, penalties)
        recurrent, linear, _ = parts(model)
        feedback = None
        if self.feedback == "random":
            feedback = rng(self.seed).standard_normal(linear.weight.shape) / np.sqrt(
                recurrent.hidden_size)
        rate = next((p for p in penalties if isinstance(p, Rate)), None)
        return Online(model, self.loss, feedback, rate)

    def run(self, model: Any, x: Any, labels: Any, penalties: Sequence = ()) -> step.Outcome:
        """Loss and gradients of a batch.

        Parameters
        ----------
        model : SequentialState
            See the class.
        x : (T, B, input_size) array or Events
        labels : (B,) classes, or for "mse" a (B, T, n_out) array
            One row an item.
        penalties : sequence of Rate, Weight
            A `Rate` must be of layer 0; its gradient takes the eligibility traces.

        Returns
        -------
        Outcome
            Loss and number of right ones, by the mean softmax of the steps that count, summed over
            the items; gradients of the mean loss.
        """
        x = x if isinstance(x, Events) else check.real_array("x", x)
        labels = np.asarray(labels)
        n_steps, classes = len(x), self.loss == "cross_entropy"
        if n_steps <= self.start:
            raise check.must("start", f"be below the {n_steps} steps of x", self.start)
        if not classes and labels.shape[1:2] != (n_steps,):
            raise check.must("labels", f"have shape (B, {n_steps}, n_out)", labels.shape)
        learning, scores = self.begin(model, penalties), None
        for t in range(n_steps):
            x_t = to_raster(x[t:t + 1])[0] if isinstance(x, Events) else x[t]
            target = None if t < self.start else labels if classes else labels[:, t]
            y = learning.step(x_t, target)
            if classes and target is not None:
                y = to(y, "cpu")
                softmax = np.exp(y - y.max(1, keepdims=True))
                softmax /= softmax.sum(1, keepdims=True)
                scores = softmax if scores is None else scores + softmax
        correct = np.nan if scores is None else np.count_nonzero(scores.argmax(1) == labels)
        value, gradients = learning.loss(), learning.gradients()
        for penalty in penalties:
            if isinstance(penalty, Weight):
                cost, bars = penalty.of_weights(model.weights)
                value += cost
                gradients |= {name: gradients[name] + bar for name, bar in bars.items()}
        return step.Outcome(value * len(labels), float(correct), gradients)
