"""Smaller weights and whole-number arithmetic for exported graphs."""

import math
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from handbone.extras import import_extra

from .graph_nodes import PREFIX
from .packing_graph import LIMITS
from .sessions import EXTRA, LOGITS, LOOK, PLACE

PRECISIONS = ('fp32', 'fp16', 'int8')
#: Tensors with fewer values take little space.
SMALL = 256
#: Operations with weights.
WEIGHTED = ('Conv', 'MatMul', 'Gemm')


def store_half(model: onnx.ModelProto) -> None:
    """Store weights as 16-bit numbers.

    CPUs compute in 32 bits, so the weights are widened when the file is opened: the file takes half
    the space, and the speed does not change. The last weights of each network stay as they are: at
    the border of a mask, logits are near their threshold.

    Args:
        model: Changed in place.
    """
    graph = model.graph
    kept = {name for node in _last_of_networks(model) for name in node.input}
    casts = []
    for index, tensor in enumerate(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or tensor.name.startswith((PREFIX, LIMITS)):
            continue
        if tensor.name in kept:
            continue
        values = numpy_helper.to_array(tensor)
        if not _is_matrix(tensor) or np.abs(values).max() > np.finfo(np.float16).max:
            continue
        narrow = f'{tensor.name}.half'
        casts.append(
            helper.make_node(
                'Cast', [narrow], [tensor.name], f'{narrow}.cast', to=TensorProto.FLOAT
            )
        )
        graph.initializer[index].CopyFrom(
            numpy_helper.from_array(values.astype(np.float16), narrow)
        )
    nodes = [*casts, *graph.node]
    graph.ClearField('node')
    graph.node.extend(nodes)


def quantize(
    model: onnx.ModelProto, calibration: Iterable[dict[str, np.ndarray]]
) -> onnx.ModelProto:
    """Compute convolutions and matrix products with weights in 8 bits.

    Static quantisation: the ranges of the activations are those of the calibration images. The last
    operation with weights of each network, which makes its logits, stays in 32 bits, since
    thresholds act on its result, and regions are located by it. Weights take 7 bits, because the
    sums of AVX2 overflow with 8.

    Args:
        model: The graph with packing.
        calibration: Inputs of the graph by name, one image each.

    Returns:
        A new model, with ``QuantizeLinear`` and ``DequantizeLinear`` around what is quantised.
    """
    quantization = import_extra('onnxruntime.quantization', EXTRA)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / 'source.onnx', Path(folder) / 'target.onnx'
        onnx.save(model, source)
        quantization.quantize_static(
            source,
            target,
            _reader(quantization, calibration),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=list(WEIGHTED),
            nodes_to_quantize=_quantized(model),
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        return onnx.load(target)


def _quantized(model: onnx.ModelProto) -> list[str]:
    """List the operations with weights to quantise: all but the last one of each network."""
    last = [node.name for node in _last_of_networks(model)]
    return [node.name for node in _weighted(model) if node.name not in last]


def _weighted(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """List the operations with weights."""
    weights = {tensor.name for tensor in model.graph.initializer if _is_matrix(tensor)}
    return [
        node for node in model.graph.node if node.op_type in WEIGHTED and node.input[1] in weights
    ]


def _last_of_networks(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """List the operation with weights of each network after which there is no further one."""
    makers = {name: node for node in model.graph.node for name in node.output}
    weighted = {node.name for node in _weighted(model)}
    last, seen = {}, set()
    waiting = [name for name in makers if name in (LOGITS, PLACE) or LOOK.fullmatch(name)]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in makers:
            continue
        seen.add(name)
        node = makers[name]
        if node.name in weighted:
            last[node.name] = node
        else:
            waiting.extend(node.input)
    return list(last.values())


def _is_matrix(tensor: onnx.TensorProto) -> bool:
    """Tell weights from what takes little space: scales, biases, and coordinates of regions."""
    size = math.prod(tensor.dims)
    return size >= SMALL and max(tensor.dims) < size


def _reader(quantization: Any, calibration: Iterable[dict[str, np.ndarray]]) -> object:
    class Reader(quantization.CalibrationDataReader):
        """Gives the images to the quantiser one by one."""

        def __init__(self) -> None:
            self.images: Iterator[dict[str, np.ndarray]] = iter(calibration)

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.images, None)

    return Reader()
