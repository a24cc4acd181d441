"""``eventsnn train`` and ``eventsnn evaluate``: networks that learn."""

import argparse
import pathlib
from typing import Any

from eventsnn.cli.options import add_json, add_work, progress
from eventsnn.cli.table import report


def add(commands: Any) -> None:
    """Add the arguments of training."""
    train = commands.add_parser("train", help="train a network", allow_abbrev=False)
    tasks = train.add_subparsers(required=True, metavar="TASK")
    digits = tasks.add_parser("digits", help="handwritten digits with a spiking hidden layer",
                              allow_abbrev=False)
    digits.add_argument("--data", type=pathlib.Path, default=pathlib.Path("data/mnist9k.h5"),
                        help="images and labels, 8,000 to train on (%(default)s)")
    digits.add_argument("--output", type=pathlib.Path, default=pathlib.Path("model.h5"),
                        help="where the trained model goes (%(default)s)")
    digits.add_argument("--epochs", type=int, default=40,
                        help="passes over the training images (%(default)s)")
    digits.add_argument("--seed", type=int, default=0,
                        help="seed of weights, order, shifts and dropout (%(default)s)")
    add_work(digits)
    digits.set_defaults(command=_digits)


def add_evaluate(commands: Any) -> None:
    """Add the arguments of evaluating."""
    evaluate = commands.add_parser("evaluate", help="accuracy of a trained model on a file",
                                   allow_abbrev=False)
    evaluate.add_argument("model", type=pathlib.Path, metavar="MODEL.h5",
                          help="what eventsnn train wrote")
    evaluate.add_argument("data", type=pathlib.Path, metavar="FILE.h5",
                          help="images and labels")
    add_json(evaluate)
    evaluate.set_defaults(command=_evaluate)


def _digits(options: argparse.Namespace) -> None:
    from eventsnn.core import check
    from eventsnn.core.files import check_new
    from eventsnn.datasets.digits import load_digits
    from eventsnn.examples import digits

    check_new(options.output, options.overwrite)
    check.integer("epochs", options.epochs, least=1)
    images, labels = load_digits(options.data)
    n = min(digits.TRAINING, len(images))
    net, history = digits.fit(images[:n], labels[:n], epochs=options.epochs, seed=options.seed,
                              progress=progress(options))
    digits.save(options.output, net, seed=options.seed, overwrite=options.overwrite)
    summary = {"epochs": len(history), "loss": history[-1].loss,
               "training_accuracy": history[-1].accuracy,
               "train_s": sum(epoch.seconds for epoch in history), "model": str(options.output)}
    if len(images) > n:
        summary |= {"images": len(images) - n,
                    "accuracy": digits.accuracy(net, images[n:], labels[n:])}
    report(summary, options)


def _evaluate(options: argparse.Namespace) -> None:
    from eventsnn.datasets.digits import load_digits
    from eventsnn.examples import digits

    net = digits.load(options.model)
    images, labels = load_digits(options.data)
    report({"images": len(images), "accuracy": digits.accuracy(net, images, labels)}, options)
