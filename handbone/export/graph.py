"""A segmentor as an ONNX model from values of pixels to packed labels."""

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import onnx
import torch
from google.protobuf.message import Message
from torch import nn
from torch.export import Dim

from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.quiet_loggers import quiet

from .network import exported_network
from .over_image import OverImage
from .packing_graph import CONTENT, IMAGES, append_packing
from .preprocessing import Preprocessing
from .second_look_network import ExportedSecondLook
from .sessions import EXTRA, LOGITS, SEEN

OPSET = 20
IR_VERSION = 10
#: Fields of the parts of a model that say where they come from.
NOTES = ('metadata_props', 'doc_string')
#: Largest batch and, in divisors, largest side that the graph is traced for.
MAX_BATCH, MAX_SIDE = 1024, 1024


#: Largest difference of logits that rounding may cause; 0.0025 in probability at 0.5.
TOLERANCE = 0.01


class UnsupportedModelError(HandboneError):
    """PyTorch's exporter cannot write a model."""


def to_graph(
    segmentor: nn.Module,
    preprocessing: Preprocessing,
    thresholds: Sequence[float],
    exclusive: bool = False,
) -> onnx.ModelProto:
    """Convert a segmentor to ONNX.

    The exporter of ``torch.export`` is used: it keeps the shapes symbolic, checks that the graph
    holds for every batch size, and knows attention and layer normalisation as single operations,
    while the older exporter, which records a run, freezes what Python computed from the shapes of
    the example.

    Args:
        segmentor: A multilabel segmentor in evaluation mode, on the CPU.
        preprocessing: Sizes and normalisation.
        thresholds: Probability above which a class is present, one per class.
        exclusive: Whether a pixel has at most one class.

    Returns:
        Model with the inputs ``images`` (N, 1, H, W) float32, three channels for colours,
        ``content`` (2,) and ``size`` (2,) int64, and the output ``labels`` (N, P, height, width)
        int32; that of a cascade also ``seen``, see :class:`ExportedCascade`.

    Raises:
        UnsupportedModelError: If the model uses operations or shapes that cannot be exported.
    """
    network = exported_network(segmentor, preprocessing)
    sized = any(isinstance(part, (ExportedSecondLook, OverImage)) for part in network.modules())
    if sized and preprocessing.size is None:
        raise UnsupportedModelError(
            'views that are put into the whole image are located by a fixed size'
        )
    height, width = preprocessing.padded((preprocessing.scale[1], preprocessing.scale[0]))
    dynamic = {0: Dim('batch', min=1, max=MAX_BATCH)}
    if preprocessing.size is None:
        for axis, name in ((2, 'rows'), (3, 'columns')):
            side = Dim(f'{name}_of_blocks', min=1, max=MAX_SIDE)
            dynamic[axis] = preprocessing.divisor * side if preprocessing.divisor > 1 else side
        # the traced sides have to differ, or the exporter takes them for the same dimension
        width += preprocessing.divisor
    example = (
        torch.zeros(2, 3 if preprocessing.color else 1, height, width),
        torch.tensor([height, width]),
    )
    try:
        with torch.no_grad(), _quiet():
            program = torch.onnx.export(
                network,
                example,
                dynamo=True,
                input_names=[IMAGES, CONTENT],
                output_names=_output_names(network),
                dynamic_shapes=(dynamic, None),
                opset_version=OPSET,
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        raise UnsupportedModelError(_reason(error)) from error
    assert program is not None  # dynamo=True always returns one
    model = program.model_proto
    _check_dynamic(model, sorted(dynamic))
    model.ir_version = IR_VERSION
    _forget_the_exporting_machine(model)
    _compare(model, network, preprocessing)
    limits = np.asarray(thresholds, np.float64)
    decided = network.decided if isinstance(network, ExportedSecondLook) else ()
    append_packing(model, np.log(limits / (1 - limits)), exclusive, decided)
    onnx.checker.check_model(model)
    return model


def _forget_the_exporting_machine(message: Message) -> None:
    """Remove what the exporter notes of the code: paths and stack traces, half of a small file.

    It notes them at every part of the model, also in the branches of conditions and loops.
    """
    for field in message.DESCRIPTOR.fields:
        if field.name in NOTES:
            message.ClearField(field.name)
        elif field.message_type is not None:
            value = getattr(message, field.name)
            if not isinstance(value, Message):
                for part in value:
                    _forget_the_exporting_machine(part)
            elif message.HasField(field.name):
                _forget_the_exporting_machine(value)


def _check_dynamic(model: onnx.ModelProto, axes: Sequence[int]) -> None:
    """Check that the variable axes of the images are not fixed numbers in the graph."""
    shape = next(each for each in model.graph.input if each.name == IMAGES).type.tensor_type.shape
    fixed = [axis for axis in axes if not shape.dim[axis].dim_param]
    if fixed:
        names = ('the batch', 'channels', 'the height', 'the width')
        raise UnsupportedModelError(
            f'the model computes with {" and ".join(names[axis] for axis in fixed)} in Python, so '
            'that the graph would hold for one value only'
        )


def _output_names(network: nn.Module) -> list[str]:
    return list(cast(Sequence[str], network.output_names))


def _compare(model: onnx.ModelProto, network: nn.Module, preprocessing: Preprocessing) -> None:
    """Compare graph and network on noise of a different batch size and size than the traced ones.

    A graph that keeps a number from the trace does not have to fail: its logits may be wrong.
    """
    size = preprocessing.size
    if size is None:
        size = preprocessing.padded((preprocessing.scale[1] // 2, preprocessing.scale[0] // 2))
    generator = torch.Generator().manual_seed(0)
    channels = 3 if preprocessing.color else 1
    images = 255 * torch.rand((3, channels, *size), generator=generator)
    content = torch.tensor(size) - 1
    runtime = import_extra('onnxruntime', EXTRA)
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=['CPUExecutionProvider']
    )
    inputs = {IMAGES: images.numpy(), CONTENT: content.numpy()}
    try:
        outputs = session.run(None, inputs)
    except Exception as error:  # kinds of the runtime without a common base
        raise UnsupportedModelError(f'the graph does not run: {_reason(error)}') from error
    with torch.no_grad():
        expected = network(images, content)
    expected = expected if isinstance(expected, tuple) else (expected,)
    pairs = dict(zip(_output_names(network), zip(outputs, expected, strict=True), strict=True))
    # a region that is found by chance in noise depends on the last digits of the first network
    chosen = np.ones(len(images), bool)
    for name, (found, wanted) in pairs.items():
        if not name.endswith(LOGITS) and name != SEEN:
            close = np.isclose(found, wanted, rtol=1e-3, atol=1e-3).reshape(len(images), -1)
            chosen &= close.all(axis=1)
    if not chosen.any():
        raise UnsupportedModelError('the graph finds other regions than PyTorch')
    for name, (found, wanted) in pairs.items():
        if name.endswith(LOGITS) and (
            found.shape != tuple(wanted.shape)
            or not np.allclose(found[chosen], wanted[chosen], rtol=0, atol=TOLERANCE)
        ):
            raise UnsupportedModelError(
                'the graph gives other logits than PyTorch for other batches than the traced one: '
                'the model computes sizes in Python'
            )


def _reason(error: BaseException) -> str:
    """Take the first sentence of the innermost cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f'{type(error).__name__}: {lines[0] if lines else "no reason given"}'


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's notes about its own parts from the user."""
    loggers = [logging.getLogger(name) for name in ('torch.onnx', 'onnxscript', 'onnx_ir')]
    with warnings.catch_warnings(), quiet(*loggers, level=logging.ERROR):
        warnings.simplefilter('ignore')
        yield
