"""The command ``handbone``: its subcommands, and how a word of the command line becomes a call."""

import argparse
import contextlib
import io
import sys
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from handbone.version import __version__

from .user_errors import user_errors_in_one_line

PROGRAM = 'handbone'


class Subcommand(NamedTuple):
    """A subcommand: ``add_arguments(parser)`` and ``run(args)`` of a module in this package.

    Attributes:
        help: What it does, for the list of subcommands.
        passes_on: Whether ``run`` takes words that the parser does not know, as ``args.rest``.
        predicting: Whether it predicts a stream of images; see :mod:`handbone.resource_errors`.
        registers: Whether it needs models and datasets, whose packages take seconds to import.
    """

    help: str
    passes_on: bool = False
    predicting: bool = False
    registers: bool = True


#: By name; its module has underscores for the hyphens.
SUBCOMMANDS = {
    'plan': Subcommand('measure a dataset and write a config for it'),
    'train': Subcommand('train a model'),
    'test': Subcommand('score a checkpoint on a dataset, or write its masks'),
    'predict': Subcommand('predict radiographs of any format', predicting=True),
    'vote': Subcommand('combine CSV files of masks by majority', registers=False),
    'evaluate': Subcommand('score a CSV of masks, and compare two of them', registers=False),
    'report': Subcommand('write scores and worst images as a page', registers=False),
    'measure': Subcommand('measure bone lengths and the cardiothoracic ratio', registers=False),
    'export': Subcommand('write a model for ONNX Runtime or OpenVINO'),
    'publish': Subcommand('write weights to share, as safetensors'),
    'soup': Subcommand('average the weights of checkpoints'),
    'join': Subcommand('put the networks of a cascade into one checkpoint'),
    'region-template': Subcommand('learn where a cascade expects each class'),
    'soft-vote': Subcommand('test the mean of several models'),
    'pseudo-label': Subcommand('label images by models, to train on', predicting=True),
    'folds': Subcommand('divide patients into folds that are alike'),
    'train-folds': Subcommand('train the folds of a cross-validation', passes_on=True),
    'test-folds': Subcommand('test a cross-validation, fold by fold and as an ensemble'),
    'find-best': Subcommand('find the best ensemble of cross-validations'),
    'tune-thresholds': Subcommand('choose the threshold of each class'),
    'learn-quality': Subcommand('learn to predict Dice without a truth', registers=False),
    'predict-archive': Subcommand('predict a whole archive into Parquet files', predicting=True),
    'archive-to-csv': Subcommand('write the masks of an archive as a CSV', registers=False),
    # it registers by itself: a variable of the environment must be set before PyTorch is imported
    'search': Subcommand('search for the best settings of a config', registers=False),
    'queue': Subcommand('train configs one after the other', passes_on=True, registers=False),
    'status': Subcommand('show what machines do, and what runs have reached', registers=False),
    'compare-runs': Subcommand('compare the settings and scores of trainings', registers=False),
    'view': Subcommand('look at images, labels and predictions in a browser', registers=False),
    'browse-dataset': Subcommand('draw what the network sees: augmented images and labels'),
    'crop-dataset': Subcommand('crop a dataset to the box around some classes'),
    'download': Subcommand('download an open dataset', registers=False),
    'convert': Subcommand('convert a labelled dataset to a different format', registers=False),
    'metadata': Subcommand('clean a table of patients', registers=False),
    'doctor': Subcommand('look for faults in a labelled dataset', registers=False),
    'make-phantom': Subcommand('write a dataset of synthetic radiographs', registers=False),
    'make-sections': Subcommand('write a dataset of synthetic tissue sections', registers=False),
    'send-tracking': Subcommand('send to MLflow what it did not get while a training ran'),
    'notify': Subcommand('send a message, or try where trainings send theirs', registers=False),
    'configs': Subcommand('list or print the configs of the package', registers=False),
    'check': Subcommand('check the installation and this machine', registers=False),
}


def main(arguments: list[str] | None = None) -> None:
    """Run the command.

    Args:
        arguments: Words of the command line after the program; ``sys.argv`` by default.

    Raises:
        SystemExit: With 1 after an error that the user can correct, and with 2 after a mistake in
            the command line.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # as standard error is: a name that the terminal cannot show ends no command
        with contextlib.suppress(OSError):  # a file that has become a pipe has no position
            sys.stdout.reconfigure(errors='backslashreplace')
    words = sys.argv[1:] if arguments is None else list(arguments)
    if not words or words[0] not in SUBCOMMANDS:
        # only this parser knows all subcommands, and it knows nothing but their names
        _overview().parse_args(words or ['--help'])
        return
    name, *rest = words
    subcommand = SUBCOMMANDS[name]
    with user_errors_in_one_line(subcommand.predicting):
        parser = subcommand_parser(name)
        args, unknown = parser.parse_known_args(rest)
        if unknown and not subcommand.passes_on:
            parser.error(f'unrecognized arguments: {" ".join(unknown)}')
        args.rest = unknown
        if subcommand.registers:
            # before anything else imports mmseg, which has much to say
            from handbone.registration import register

            register()
        with contextlib.ExitStack() as stack:
            if getattr(args, 'allow_pickle', False):
                # `handbone check` runs where no package can be imported
                from handbone.checkpoints.trust import unpickling

                stack.enter_context(unpickling(True))
            _module(name).run(args)


def subcommand_parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of a subcommand.

    Args:
        name: Key of :data:`SUBCOMMANDS`.

    Returns:
        The parser, which also writes the help.
    """
    parser = argparse.ArgumentParser(prog=f'{PROGRAM} {name}')
    _module(name).add_arguments(parser)
    return parser


def _module(name: str) -> ModuleType:
    return import_module(f'handbone.cli.{name.replace("-", "_")}')


def _overview() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        formatter_class=partial(argparse.HelpFormatter, max_help_position=24),
        description='Multilabel segmentation: one pixel, several classes.',
        epilog=f'`{PROGRAM} COMMAND --help` lists the options of a command.',
    )
    parser.add_argument('--version', action='version', version=f'{PROGRAM} {__version__}')
    commands = parser.add_subparsers(metavar='COMMAND', title='commands', required=True)
    for name, subcommand in SUBCOMMANDS.items():
        commands.add_parser(name, help=subcommand.help)
    return parser
