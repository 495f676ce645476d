"""The end of an exported graph: logits to one integer per pixel, as ONNX nodes.

A ``Loop`` handles one class after the other, so that only one of them is at full size at any time:
without a loop, the runtimes upsample all classes before they pack the first.
"""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from handbone.errors import HandboneError

from .class_loops import Classes, Closer, best_class, every_class
from .graph_nodes import PREFIX, Nodes
from .sessions import FOUND, LABELS, LOGITS, LOOK, PLACE, SEEN, look_name

LIMITS = 'logit_thresholds'
IMAGES, CONTENT, SIZE = 'images', 'content', 'size'


def append_packing(
    model: onnx.ModelProto,
    limits: np.ndarray,
    exclusive: bool = False,
    decided: Sequence[Sequence[Sequence[int]]] = (),
) -> None:
    """Extend a model that ends in logits so that it ends in packed labels.

    The labels are those of one bilinear upsampling of the logits of the content, without its
    padding, to ``size``, or, if the model has the output ``place``, of one bilinear interpolation
    at the places that it gives. The views of a second look are blended in, class by class, as
    :func:`handbone.masks.blended_to_packed` does. The labels are an int32 map (N, P, H, W). An
    input is added: ``size``, int64 (2,), height and width of the labels. Of the outputs, ``seen``
    stays.

    Args:
        model: Model with the inputs ``images`` (N, 1, H, W) and ``content`` (2,) and the output
            ``logits`` (N, C, h, w); changed in place.
        limits: Threshold on the logits of each class, (C,).
        exclusive: Give each pixel at most one class, as
            :func:`handbone.masks.logits_to_packed` does; not together with a second look.
        decided: Of a second look, the classes that each region of each group decides.
    """
    graph = model.graph
    graph.input.append(helper.make_tensor_value_info(SIZE, TensorProto.INT64, [2]))
    graph.initializer.append(numpy_helper.from_array(limits.astype(np.float32), LIMITS))
    nodes = Nodes('')
    regional = any(each.name == PLACE for each in graph.output)
    if regional:
        cropped, upsampling = LOGITS, _grid_of_logits(nodes, LOGITS, PLACE)
    else:
        cropped, upsampling = _content_of_logits(nodes)
    batch = nodes.add('Shape', LOGITS, start=0, end=1)
    shape = nodes.add('Concat', batch, nodes.constant([1]), SIZE, axis=0)
    closer: dict[int, tuple[Closer, ...]] = {}
    for look, regions in enumerate(decided):
        for region, indices in enumerate(regions):
            view = _closer_view(nodes, look, region)
            closer |= {index: (*closer.get(index, ()), view) for index in indices}
    classes = Classes(len(limits), cropped, upsampling, SIZE, LIMITS, regional, closer)
    planes = (best_class if exclusive else every_class)(nodes, classes, shape)
    nodes.add('Concat', *planes, out=LABELS, axis=1)
    graph.node.extend(nodes.nodes)
    graph.initializer.extend(nodes.constants)
    seen = [deepcopy(each) for each in graph.output if each.name == SEEN]
    sides = [graph.output[0].type.tensor_type.shape.dim[0].dim_param or 'batch', len(planes)]
    del graph.output[:]
    graph.output.append(
        helper.make_tensor_value_info(LABELS, TensorProto.INT32, [*sides, 'rows', 'columns'])
    )
    graph.output.extend(seen)


def _content_of_logits(nodes: Nodes) -> tuple[str, str]:
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


def _closer_view(nodes: Nodes, look: int, region: int) -> Closer:
    """Take one region of a second look, and compute how far pixels are from its border."""
    logits, place, edges = (
        nodes.add('Gather', look_name(look, part), nodes.constant(region), axis=1)
        for part in ('logits', 'place', 'edges')
    )
    grid = _grid_of_logits(nodes, logits, place)
    # from the middle, 0, to the border, 1
    from_border = nodes.add('Sub', nodes.constant(1, np.float32), nodes.add('Abs', grid))
    sides = nodes.add('Shape', logits, start=2, end=4)
    across = nodes.add('Gather', sides, nodes.constant([1, 0]), axis=0)
    halves = nodes.add('Cast', across, to=TensorProto.FLOAT)
    halves = nodes.add('Mul', halves, nodes.constant(0.5, np.float32))
    inside = nodes.add('Mul', from_border, halves)
    distance = nodes.add('ReduceMin', inside, nodes.constant([3]), keepdims=0)
    distance = nodes.add('Unsqueeze', distance, nodes.constant([1]))
    return Closer(logits, grid, distance, edges)


def _grid_of_logits(nodes: Nodes, logits: str, matrices: str) -> str:
    """Compute where the pixels of the labels lie between the logits of a view.

    Args:
        nodes: Where nodes are added.
        logits: Name of the logits (N, C, h, w).
        matrices: Name of their places (N, 2, 3) in the images.

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
    sides = nodes.add('Shape', logits, start=2, end=4)
    places = []
    for axis in (0, 1):
        row = part(matrices, axis, 1)
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


def without_packing(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove the packing, so that an exported model ends in its logits again.

    Args:
        model: A model that :func:`append_packing` was applied to; changed in place.

    Returns:
        The model with the inputs ``images`` and ``content`` and the output ``logits``, that of a
        cascade also with ``place``, ``found`` and ``seen``, and that of a second look with what its
        views give.

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
    kinds = {LOGITS: TensorProto.FLOAT, PLACE: TensorProto.FLOAT}
    kinds |= {FOUND: TensorProto.BOOL, SEEN: TensorProto.BOOL}
    kinds |= {name: TensorProto.FLOAT for name in sorted(outputs) if LOOK.fullmatch(name)}
    for name, kind in kinds.items():
        if name in outputs:
            graph.output.append(helper.make_tensor_value_info(name, kind, None))
    return model
