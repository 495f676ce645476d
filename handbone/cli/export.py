"""Turn a config and its checkpoint into a file that ONNX Runtime and OpenVINO run."""

import argparse

from mmengine.config import DictAction

from handbone.apis.exporting import export
from handbone.checkpoints import unpickling
from handbone.cli.user_errors import user_errors_in_one_line
from handbone.configuration.config_file import read_config_file

FORMATS = ('onnx', 'openvino')


PRECISIONS = ('fp32', 'fp16', 'int8')


@user_errors_in_one_line()
def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/export.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(
        description='Write a trained model as a file for ONNX Runtime or OpenVINO'
    )
    parser.add_argument('config', help='configuration file')
    parser.add_argument('checkpoint', help='checkpoint file, or the work dir of a training')
    parser.add_argument('--out', required=True, help='file to write, .onnx or .xml')
    parser.add_argument(
        '--format', choices=FORMATS, help='default: openvino for .xml, onnx otherwise'
    )
    parser.add_argument(
        '--size',
        nargs=2,
        type=int,
        metavar=('HEIGHT', 'WIDTH'),
        help="size of the network's input (default: that of the test pipeline)",
    )
    parser.add_argument('--precision', choices=PRECISIONS, default='fp32')
    parser.add_argument(
        '--calibration', metavar='FOLDER', help='some dozens of training images, for int8'
    )
    parser.add_argument('--thresholds', metavar='FILE', help='JSON with a threshold by class name')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='settings to override, as key=value'
    )
    parser.add_argument(
        '--allow-pickle',
        action='store_true',
        help='read a checkpoint that holds Python objects: it can run any code, so you must trust '
        'who made it',
    )
    args = parser.parse_args(arguments)
    cfg = read_config_file(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    kind = args.format or ('openvino' if args.out.endswith('.xml') else 'onnx')
    with unpickling(args.allow_pickle):
        written = export(
            cfg,
            args.checkpoint,
            args.out,
            tuple(args.size) if args.size else None,
            args.precision,
            args.calibration,
            kind,
            args.thresholds,
        )
    print(f'{args.out}: {len(written.classes)} classes, {written.precision}, {written.model_hash}')
