"""Write a data set of synthetic hand radiographs in the layout of the hand-bone data.

Example: python tools/make_phantom.py data/phantom --train 300 --test 60 --size 1024 --workers 2
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from handbone.phantom import PRESETS, write_dataset  # noqa: E402


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    Args:
        arguments: Words of the command line, those of the process by default.

    Returns:
        The options.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('root', help='folder of the data set')
    parser.add_argument('--train', type=int, default=300, help='training images (default: 300)')
    parser.add_argument('--test', type=int, default=60, help='test images (default: 60)')
    parser.add_argument('--size', type=int, default=2048, help='side in pixels (default: 2048)')
    parser.add_argument('--seed', type=int, default=0, help='seed (default: 0)')
    parser.add_argument('--preset', choices=sorted(PRESETS), default='default')
    parser.add_argument(
        '--no-test-truth', action='store_true', help='write no polygons of the test images'
    )
    parser.add_argument('--workers', type=int, default=1, help='processes (default: 1)')
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Write the data set.

    Args:
        arguments: Words of the command line, those of the process by default.
    """
    args = parse_args(arguments)
    try:
        written = write_dataset(
            args.root,
            args.train,
            args.test,
            seed=args.seed,
            size=args.size,
            preset=PRESETS[args.preset],
            test_truth=not args.no_test_truth,
            workers=args.workers,
            progress=True,
        )
    except (ValueError, OSError) as error:
        sys.exit(f'make_phantom: {error}')
    except KeyboardInterrupt:
        sys.exit('make_phantom: interrupted; run the same command again to go on')
    print(f'{written} images written to {args.root}')


if __name__ == '__main__':
    main()
