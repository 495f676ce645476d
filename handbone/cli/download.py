"""``handbone download``: fetch an open dataset."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Download an open dataset from the Hugging Face Hub (pip install "handbone[download]"). '
        'An interrupted download continues when the command is run again.'
    )
    parser.add_argument('dataset', help='ram-h1200 or ram-w600')
    parser.add_argument('folder', type=Path, help='where it goes')


def run(args: argparse.Namespace) -> None:
    """Download.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.dataset_download import download_dataset

    dataset = download_dataset(args.dataset, args.folder)
    print(f'{args.folder}: {dataset.repository}, licence: {dataset.licence}')
    print(f'`handbone configs` lists configs/{dataset.config}, which train on it')
