"""``handbone export``: turn a config and its checkpoint into a file for other runtimes."""

import argparse

from handbone.errors import counted

from .arguments import add_allow_pickle, add_config_options, add_precision

FORMATS = ('onnx', 'openvino')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Write a trained model as a file for ONNX Runtime or OpenVINO.'
    parser.add_argument('config', help='configuration file')
    parser.add_argument(
        'checkpoint',
        help='checkpoint file, the work dir of a training, or an ensemble of `handbone find-best` '
        'whose members have the same input',
    )
    parser.add_argument('--out', required=True, metavar='FILE', help='file to write, .onnx or .xml')
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
    add_precision(parser, ('fp32', 'fp16', 'int8'), 'default: fp32; int8 needs --calibration')
    parser.add_argument(
        '--calibration', metavar='DIR', help='some dozens of training images, for int8'
    )
    parser.add_argument(
        '--thresholds',
        metavar='FILE',
        help='thresholds to decide by, as `handbone tune-thresholds` writes them',
    )
    add_config_options(parser)
    add_allow_pickle(parser)


def run(args: argparse.Namespace) -> None:
    """Export.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.exporting import export
    from handbone.configuration.config_file import read_config_file

    cfg = read_config_file(args.config, args.cfg_options or ())
    kind = args.format or ('openvino' if args.out.endswith('.xml') else 'onnx')
    written = export(
        cfg,
        args.checkpoint,
        args.out,
        tuple(args.size) if args.size else None,
        args.precision or 'fp32',
        args.calibration,
        kind,
        args.thresholds,
    )
    print(
        f'{args.out}: {counted(len(written.classes), "class")}, {written.precision}, '
        f'{written.model_hash}'
    )
