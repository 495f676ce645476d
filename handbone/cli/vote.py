"""``handbone vote``: combine CSV files of masks by majority."""

import argparse
import sys
from functools import partial

from handbone.errors import counted
from handbone.progress import progress_bar


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Vote on the masks of several submission files.'
    parser.add_argument('csv', nargs='+', help='CSV of image_name, class and rle')
    parser.add_argument('--out', required=True, help='the CSV to write')
    parser.add_argument(
        '--min-votes',
        help='least sum of weights for a pixel to be in a mask (default: more than half)',
    )
    parser.add_argument('--weights', help='one number per file, as 1,2,1 (default: 1 each)')
    parser.add_argument(
        '--class-weights',
        metavar='FILE',
        help='YAML or JSON of weights by class, as finger-1: [1, 2, 1]; --weights for the rest',
    )
    parser.add_argument(
        '--missing',
        choices=['empty', 'skip'],
        default='empty',
        help='a file without a row of an image and class says that the mask is empty (default), or '
        'does not vote on it: then the majority, or the part of all votes, of the others decides',
    )
    parser.add_argument(
        '--size',
        nargs=2,
        type=int,
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the images, to refuse runs that end outside',
    )


def run(args: argparse.Namespace) -> None:
    """Vote.

    Args:
        args: The parsed command line.
    """
    from handbone.submissions import vote_submissions

    voted = vote_submissions(
        args.csv,
        args.out,
        weights=args.weights.split(',') if args.weights else None,
        class_weights=args.class_weights,
        min_votes=args.min_votes,
        missing=args.missing,
        num_pixels=args.size[0] * args.size[1] if args.size else None,
        progress=partial(progress_bar, description='Voting'),
    )
    meaning = 'an empty mask' if args.missing == 'empty' else 'no vote'
    for path, rows in zip(args.csv, voted.missing_rows, strict=True):
        if rows:
            total = voted.images * len(voted.classes)
            print(
                f'warning: {path} lacks {rows} of {total} rows; each counts as {meaning} '
                '(--missing)',
                file=sys.stderr,
            )
    print(
        f'{args.out}: {counted(voted.images, "image")}, {counted(len(voted.classes), "class")}, '
        f'{counted(len(args.csv), "file")}'
    )
