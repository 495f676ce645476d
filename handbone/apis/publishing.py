"""Turn a checkpoint of a training into a file to share."""

import argparse
import uuid
from pathlib import Path

from handbone.engine.checkpoints import (
    find_checkpoint,
    load_checkpoint_file,
    unpickling,
    write_published,
)
from handbone.engine.checkpoints.config_text import ConfigTextError, parse_config_text
from handbone.engine.checkpoints.published import SUFFIX
from handbone.evaluation import read_thresholds

from .user_errors import user_errors_in_one_line


def publish(checkpoint: str, out: str | None = None, thresholds: str | None = None) -> Path:
    """Write the weights of a checkpoint and what is needed to use them as safetensors.

    Args:
        checkpoint: A checkpoint of a training.
        out: The file to write, ending in ``.safetensors``. By default it stands beside the
            checkpoint and has the first eight digits of its hash in its name.
        thresholds: A file of ``tools/tune_thresholds.py``, in place of the thresholds of a
            published checkpoint or else of the config.

    Returns:
        The file that was written.

    Raises:
        FileNotFoundError: If there is no such file of thresholds.
        ValueError: If the checkpoint does not tell its classes or its config, or the thresholds are
            of other classes.
    """
    content = load_checkpoint_file(checkpoint)
    meta = content.get('meta') or {}
    dataset_meta = meta.get('dataset_meta') or {}
    text = meta.get('config_text')
    if not dataset_meta.get('classes') or not text:
        raise ValueError(
            f'{checkpoint} does not tell its classes and its config, so it cannot be published; '
            'give a checkpoint that tools/train.py wrote'
        )
    if out is not None and Path(out).suffix != SUFFIX:
        raise ValueError(f'{out}: the file to write must end in {SUFFIX}')
    beside = Path(checkpoint).with_suffix('')
    # under a name of its own until the hash is known: other files of the model may lie there
    path = Path(out) if out else beside.with_name(f'.{beside.name}-{uuid.uuid4().hex}{SUFFIX}')
    classes = list(dataset_meta['classes'])
    configured = configured_thresholds(text)  # also checks the text
    decided = meta.get('thresholds') or configured
    if thresholds is not None:
        decided = list(read_thresholds(thresholds, classes))
    digest = write_published(
        path,
        content['state_dict'],
        classes,
        [list(color) for color in dataset_meta.get('palette', [])],
        decided,
        text,
    )
    return path if out else path.replace(beside.with_name(f'{beside.name}-{digest[:8]}{SUFFIX}'))


def configured_thresholds(text: str) -> float | list[float]:
    """Read the thresholds from the text of a config, without evaluating it.

    Args:
        text: The config as mmengine writes it.

    Returns:
        ``model.test_cfg.threshold``, 0.5 where it is not set.

    Raises:
        ValueError: If the text is not a config of literals.
    """
    try:
        model = parse_config_text(text).get('model') or {}
    except ConfigTextError as error:
        raise ValueError(f'the config in the checkpoint cannot be read: {error}') from error
    return (model.get('test_cfg') or {}).get('threshold', 0.5)


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
