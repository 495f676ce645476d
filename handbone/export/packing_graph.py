"""The end of an exported graph: logits to one integer per pixel, as ONNX nodes.

A ``Loop`` handles one class after the other, so that only one of them is at full size at any time:
without a loop, the runtimes upsample all classes before they pack the first.
"""

import itertools
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from handbone.errors import HandboneError
from handbone.masks import CLASSES_PER_PLANE, num_planes

from .sessions import FOUND, PLACE

LOGITS, LABELS, LIMITS = 'logits', 'labels', 'logit_thresholds'
IMAGES, CONTENT, SIZE = 'images', 'content', 'size'
#: Prefix of the names of all nodes and values that belong to packing.
PREFIX = 'packing.'


class _Nodes:
    """Nodes of a graph and their constants, in order."""

    def __init__(self, scope: str) -> None:
        self.scope = f'{PREFIX}{scope}'
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._numbers = itertools.count()

    def constant(self, value: Any, dtype: type = np.int64) -> str:
        name = f'{self.scope}constant_{next(self._numbers)}'
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, kind: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        name = f'{self.scope}{kind}_{next(self._numbers)}'
        out = out or f'{name}_out'
        self.nodes.append(helper.make_node(kind, inputs, [out], name=name, **attributes))
        return out


def append_packing(model: onnx.ModelProto, limits: np.ndarray) -> None:
    """Extend a model that ends in logits so that it ends in packed labels.

    The labels are those of one bilinear upsampling of the logits of the content, without its
    padding, to ``size``, or, if the model has the output ``place``, of one bilinear interpolation
    at the places that it gives. They are an int32 map (N, P, H, W). An input is added: ``size``,
    int64 (2,), height and width of the labels.

    Args:
        model: Model with the inputs ``images`` (N, 1, H, W) and ``content`` (2,) and the output
            ``logits`` (N, C, h, w); changed in place.
        limits: Threshold on the logits of each class, (C,).
    """
    graph = model.graph
    graph.input.append(helper.make_tensor_value_info(SIZE, TensorProto.INT64, [2]))
    graph.initializer.append(numpy_helper.from_array(limits.astype(np.float32), LIMITS))
    nodes = _Nodes('')
    regional = any(each.name == PLACE for each in graph.output)
    if regional:
        cropped, upsampling = LOGITS, _grid_of_logits(nodes)
    else:
        cropped, upsampling = _content_of_logits(nodes)
    batch = nodes.add('Shape', LOGITS, start=0, end=1)
    one = nodes.constant([1])
    blank = nodes.add(
        'ConstantOfShape',
        nodes.add('Concat', batch, one, SIZE, axis=0),
        value=helper.make_tensor('nothing', TensorProto.INT32, [1], [0]),
    )
    planes = []
    for plane in range(num_planes(len(limits))):
        first = plane * CLASSES_PER_PLANE
        count = min(len(limits) - first, CLASSES_PER_PLANE)
        body = _one_class(plane, cropped, upsampling, first, count, regional)
        trips, always = nodes.constant(count), nodes.constant(True, bool)
        planes.append(nodes.add('Loop', trips, always, blank, body=body))
    nodes.add('Concat', *planes, out=LABELS, axis=1)
    graph.node.extend(nodes.nodes)
    graph.initializer.extend(nodes.constants)
    shape = [graph.output[0].type.tensor_type.shape.dim[0].dim_param or 'batch', len(planes)]
    del graph.output[:]
    graph.output.append(
        helper.make_tensor_value_info(LABELS, TensorProto.INT32, [*shape, 'rows', 'columns'])
    )


def _content_of_logits(nodes: _Nodes) -> tuple[str, str]:
    """Cut the padding off the logits and compute the factors of upsampling.

    Returns:
        Names of the logits, one row and one column longer than the content, and of the scales for
        ``Resize``. ``Resize`` rounds its output's size down, so the scales alone might lose a row;
        the excess of the longer logits is cut off afterwards.
    """

    def real(name: str) -> str:
        return nodes.add('Cast', name, to=TensorProto.DOUBLE)

    sides = real(nodes.add('Shape', LOGITS, start=2, end=4))
    padded = real(nodes.add('Shape', IMAGES, start=2, end=4))
    extent = nodes.add('Div', nodes.add('Mul', real(CONTENT), sides), padded)
    end = nodes.add('Cast', nodes.add('Ceil', extent), to=TensorProto.INT64)
    zeros, axes = nodes.constant([0, 0]), nodes.constant([2, 3])
    content = nodes.add('Slice', LOGITS, zeros, end, axes)
    longer = nodes.add('Pad', content, nodes.constant([0] * 6 + [1, 1]), mode='edge')
    factors = nodes.add('Cast', nodes.add('Div', real(SIZE), extent), to=TensorProto.FLOAT)
    ones = nodes.constant([1, 1], np.float32)
    return longer, nodes.add('Concat', ones, factors, axis=0)


def _grid_of_logits(nodes: _Nodes) -> str:
    """Compute where the pixels of the labels lie between the logits of a region.

    Returns:
        Name of the places (N, height, width, 2) as ``GridSample`` takes them, -1 to 1.
    """

    def real(name: str) -> str:
        return nodes.add('Cast', name, to=TensorProto.FLOAT)

    def part(name: str, index: int, axis: int) -> str:
        return nodes.add('Gather', name, nodes.constant(index), axis=axis)

    def number(value: float) -> str:
        return nodes.constant(value, np.float32)

    half, one = number(0.5), number(1)
    centres = []
    for axis, shape in ((1, [1, 1, -1]), (0, [1, -1, 1])):
        length = part(SIZE, axis, 0)
        count = nodes.add('Range', nodes.constant(0), length, nodes.constant(1))
        scale = nodes.add('Div', real(part(CONTENT, axis, 0)), real(length))
        centre = nodes.add('Mul', nodes.add('Add', real(count), half), scale)
        centre = nodes.add('Sub', centre, half)
        centres.append(nodes.add('Reshape', centre, nodes.constant(shape)))
    sides = nodes.add('Shape', LOGITS, start=2, end=4)
    places = []
    for axis in (0, 1):
        row = part(PLACE, axis, 1)
        x, y, shift = (
            nodes.add('Reshape', part(row, column, 1), nodes.constant([-1, 1, 1]))
            for column in range(3)
        )
        place = nodes.add('Add', nodes.add('Mul', x, centres[0]), nodes.add('Mul', y, centres[1]))
        place = nodes.add('Add', place, shift)
        # from pixel centres to -1 to 1 between the borders
        doubled = nodes.add('Add', nodes.add('Add', place, place), one)
        side = real(part(sides, 1 - axis, 0))
        place = nodes.add('Sub', nodes.add('Div', doubled, side), one)
        places.append(nodes.add('Unsqueeze', place, nodes.constant([3])))
    return nodes.add('Concat', *places, axis=3)


def _one_class(
    plane: int, logits: str, upsampling: str, first: int, count: int, regional: bool
) -> onnx.GraphProto:
    """Make the body of the loop: add the bit of one class to the packed map."""
    nodes = _Nodes(f'plane_{plane}.')
    turn, always, packed = (f'{nodes.scope}{name}' for name in ('turn', 'always', 'packed'))
    index = nodes.add('Add', turn, nodes.constant(first))
    channel = nodes.add('Unsqueeze', index, nodes.constant([0]))
    low = nodes.add('Gather', logits, channel, axis=1)
    limit = nodes.add('Gather', LIMITS, index)
    if regional:
        full = nodes.add('GridSample', low, upsampling, padding_mode='border', align_corners=0)
        farthest = nodes.add(
            'ReduceMax', nodes.add('Abs', upsampling), nodes.constant([3]), keepdims=0
        )
        inside = nodes.add(
            'LessOrEqual',
            nodes.add('Unsqueeze', farthest, nodes.constant([1])),
            nodes.constant(1, np.float32),
        )
        present = nodes.add('And', nodes.add('Greater', full, limit), inside)
    else:
        full = nodes.add(
            'Resize',
            low,
            '',
            upsampling,
            mode='linear',
            coordinate_transformation_mode='half_pixel',
        )
        zeros, axes = nodes.constant([0, 0]), nodes.constant([2, 3])
        full = nodes.add('Slice', full, zeros, SIZE, axes)
        present = nodes.add('Greater', full, limit)
    bits = nodes.constant(1 << np.arange(count), np.int32)
    # OpenVINO gives wrong labels for Where(present, packed + bit, packed) in a loop
    bit = nodes.add('Where', present, nodes.add('Gather', bits, turn), nodes.constant(0, np.int32))
    more = nodes.add('Add', packed, bit)
    onwards = nodes.add('Identity', always)
    value = helper.make_tensor_value_info
    return helper.make_graph(
        nodes.nodes,
        f'{PREFIX}one_class_of_plane_{plane}',
        [
            value(turn, TensorProto.INT64, []),
            value(always, TensorProto.BOOL, []),
            value(packed, TensorProto.INT32, None),
        ],
        [value(onwards, TensorProto.BOOL, []), value(more, TensorProto.INT32, None)],
        nodes.constants,
    )


def without_packing(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove the packing, so that an exported model ends in its logits again.

    Args:
        model: A model that :func:`append_packing` was applied to; changed in place.

    Returns:
        The model with the inputs ``images`` and ``content`` and the output ``logits``, that of a
        cascade also with ``place`` and ``found``.

    Raises:
        HandboneError: If the model has no logits.
    """
    graph = model.graph
    kept = [node for node in graph.node if not node.name.startswith(PREFIX)]
    if not any(LOGITS in node.output for node in kept):
        raise HandboneError('the graph has no logits; export it again')
    inputs = [each for each in graph.input if each.name != SIZE]
    constants = [
        each
        for each in graph.initializer
        if each.name != LIMITS and not each.name.startswith(PREFIX)
    ]
    for field, values in (('node', kept), ('input', inputs), ('initializer', constants)):
        graph.ClearField(field)
        getattr(graph, field).extend(values)
    del graph.output[:]
    outputs = {name for node in kept for name in node.output}
    kinds = {LOGITS: TensorProto.FLOAT, PLACE: TensorProto.FLOAT, FOUND: TensorProto.BOOL}
    for name, kind in kinds.items():
        if name in outputs:
            graph.output.append(helper.make_tensor_value_info(name, kind, None))
    return model
