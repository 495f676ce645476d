"""Turn a config and its checkpoint into a file for ONNX Runtime or OpenVINO."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.config import Config
from torch import nn

from handbone.checkpoints import find_checkpoint, load_checkpoint_file
from handbone.checkpoints.fitting import load_weights
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.dataset_configs import dataset_metainfo, dataset_pipeline
from handbone.configuration.faults import build_model, check_number_of_classes
from handbone.configuration.prediction_settings import prediction_settings, use_published_thresholds
from handbone.ensembles.ensemble_file import is_ensemble
from handbone.errors import HandboneError
from handbone.evaluation import read_thresholds
from handbone.export import Description
from handbone.export.config_preprocessing import read_preprocessing
from handbone.export.preprocessing import Preprocessing
from handbone.extras import import_extra
from handbone.models.segmentors.second_look import SecondLook

from .ensemble_export import load_ensemble

if TYPE_CHECKING:
    import onnx


def export(
    cfg: Config,
    checkpoint: str,
    out: str | Path,
    size: tuple[int, int] | None = None,
    precision: str = 'fp32',
    calibration: str | None = None,
    kind: str = 'onnx',
    thresholds: str | None = None,
) -> Description:
    """Write a model as one file that takes grey values and gives packed labels.

    >>> export(read_config_file('configs/demo.py'), 'work_dirs/demo', 'demo.onnx')

    Args:
        cfg: Complete configuration, changed in place.
        checkpoint: Its checkpoint, or the work dir; or an ensemble of ``handbone find-best`` whose
            members have the same input.
        out: The file to write.
        size: Height and width of the network's input; the config's by default.
        precision: ``fp32``, ``fp16`` or ``int8``.
        calibration: Folder of radiographs for the calibration of ``int8``.
        kind: ``onnx`` or ``openvino``.
        thresholds: JSON file with one threshold per class; the config's by default.

    Returns:
        The description that the file holds.

    Raises:
        FileNotFoundError: If a file does not exist.
        HandboneError: If checkpoint, thresholds or classes do not fit the config, or a step or
            the model cannot be exported.
        OSError: If the file cannot be written.
        MissingExtraError: If the packages of the extra ``export`` are not installed.
    """
    for module in ('onnx', 'onnxscript', 'onnxruntime'):
        import_extra(module, 'export')
    from handbone.export.calibration import calibration_images, calibration_inputs
    from handbone.export.files import check_target, write_exported
    from handbone.export.precision import quantize, store_half

    check_target(Path(out), kind)
    if (precision == 'int8') != (calibration is not None):
        raise HandboneError('--precision int8 and --calibration FOLDER belong together: give both')
    metainfo = dataset_metainfo(cfg)
    classes = tuple(metainfo['classes'])
    segmentor: Any
    if is_ensemble(checkpoint):
        segmentor, preprocessing = load_ensemble(cfg, checkpoint, size)
    else:
        preprocessing = read_preprocessing(dataset_pipeline(cfg), cfg.model.data_preprocessor, size)
    steps = [step['type'] for step in prediction_settings(cfg).get('postprocess') or ()]
    if steps:
        raise HandboneError(
            f'test_cfg.postprocess has {", ".join(steps)}, which an exported file cannot do: '
            'predict with the checkpoint, or '
            + (
                'find an ensemble with `handbone find-best --without components`'
                if is_ensemble(checkpoint)
                else "export with --cfg-options 'model.test_cfg.postprocess=[]'"
            )
        )
    if not is_ensemble(checkpoint):
        use_published_thresholds(cfg, find_checkpoint(checkpoint))
        segmentor = load_segmentor(cfg, checkpoint, classes)
    if thresholds is not None:
        limits = list(read_thresholds(thresholds, classes))
        segmentor.check_exclusive_threshold(limits)
    else:
        limits = np.broadcast_to(segmentor.test_cfg['threshold'], len(classes)).tolist()
    images = calibration_images(calibration) if calibration is not None else []
    model, preprocessing = _graph_of(segmentor, preprocessing, limits)
    if precision == 'fp16':
        store_half(model)
    elif precision == 'int8':
        model = quantize(model, calibration_inputs(images, preprocessing))
    palette = tuple((int(red), int(green), int(blue)) for red, green, blue in metainfo['palette'])
    description = Description(
        classes,
        palette,
        tuple(limits),
        preprocessing,
        precision,
        exclusive=segmentor.exclusive,
        looks=isinstance(segmentor, SecondLook),
    )
    return write_exported(model, description, Path(out), kind)


def _graph_of(
    segmentor: Any, preprocessing: Preprocessing, thresholds: Sequence[float]
) -> tuple['onnx.ModelProto', Preprocessing]:
    """Write the graph for images of any size or, if that fails, of the config's size."""
    from handbone.export.graph import UnsupportedModelError, to_graph

    decision = thresholds, segmentor.exclusive
    if preprocessing.size is None:
        try:
            return to_graph(segmentor, preprocessing, *decision), preprocessing
        except UnsupportedModelError as error:
            preprocessing = preprocessing.with_fixed_size()
            height, width = preprocessing.size or (0, 0)
            print(
                f'The graph cannot be written for all sizes ({error}): images are padded to '
                f'{height} x {width}.',
                file=sys.stderr,
            )
    return to_graph(segmentor, preprocessing, *decision), preprocessing


def load_segmentor(cfg: Config, checkpoint: str, classes: tuple[str, ...]) -> nn.Module:
    """Build the model of a config with the weights of a checkpoint.

    Args:
        cfg: Complete configuration, changed in place.
        checkpoint: A checkpoint, or a work dir.
        classes: Names of the config's dataset.

    Returns:
        The segmentor, for evaluation on the CPU.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        HandboneError: If it does not fit.
    """
    path = find_checkpoint(checkpoint)
    content = load_checkpoint_file(path)
    drop_pretrained(cfg)  # the checkpoint has all weights
    segmentor = build_model(cfg)
    check_number_of_classes(segmentor, cfg, classes)
    load_weights(segmentor, content, path, classes)
    return segmentor.eval()
