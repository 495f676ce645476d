"""Turn a checkpoint of a training into a file to share."""

import argparse

from handbone.apis.publishing import publish
from handbone.checkpoints import find_checkpoint, unpickling
from handbone.cli.user_errors import user_errors_in_one_line


@user_errors_in_one_line()
def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/publish_model.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(description='Write weights to share, as safetensors')
    parser.add_argument('checkpoint', help='checkpoint file, or the work dir of a training')
    parser.add_argument('--out', help='file to write (default: beside the checkpoint)')
    parser.add_argument('--thresholds', help='file of tools/tune_thresholds.py to publish')
    parser.add_argument(
        '--allow-pickle',
        action='store_true',
        help='read a checkpoint that holds Python objects: it can run any code, so you must trust '
        'who made it',
    )
    args = parser.parse_args(arguments)
    with unpickling(args.allow_pickle):
        print(publish(find_checkpoint(args.checkpoint), args.out, args.thresholds))
