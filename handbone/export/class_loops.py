"""Loops of an ONNX graph that bring one class after the other to full size and decide on it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper

from handbone.masks import CLASSES_PER_PLANE, num_planes

from .graph_nodes import PREFIX, Nodes

REAL = TensorProto.FLOAT


class Closer(NamedTuple):
    """Names of what a closer view gives.

    Attributes:
        logits: (N, C, h, w).
        grid: Where the pixels of the labels lie between them, (N, height, width, 2), -1 to 1.
        distance: How far these are from the border of the view, in logits, (N, 1, height, width);
            below 0 outside of it.
        edges: Width of the soft edge of each class, (N, C), below 0 where the view does not decide
            it.
    """

    logits: str
    grid: str
    distance: str
    edges: str


class Classes(NamedTuple):
    """The logits of all classes and how they come to full size.

    Attributes:
        number: Number of classes C.
        logits: Name of the logits (N, C, h, w).
        upsampling: Name of the scales for ``Resize``, or of the places for ``GridSample``.
        size: Name of height and width of the labels.
        limits: Name of the thresholds on the logits (C,).
        regional: Whether ``upsampling`` holds places.
        closer: By class, the closer views that may decide it.
    """

    number: int
    logits: str
    upsampling: str
    size: str
    limits: str
    regional: bool
    closer: Mapping[int, tuple[Closer, ...]] = MappingProxyType({})

    def full_size(self, nodes: Nodes, index: str) -> tuple[str, str | None]:
        """Bring one class to full size.

        Args:
            nodes: Where nodes are added.
            index: Name of the number of the class.

        Returns:
            Names of its logits (N, 1, height, width) and of where these count, None for everywhere.
        """
        channel = nodes.add('Unsqueeze', index, nodes.constant([0]))
        low = nodes.add('Gather', self.logits, channel, axis=1)
        if not self.regional:
            full = nodes.add(
                'Resize',
                low,
                '',
                self.upsampling,
                mode='linear',
                coordinate_transformation_mode='half_pixel',
            )
            zeros, axes = nodes.constant([0, 0]), nodes.constant([2, 3])
            return nodes.add('Slice', full, zeros, self.size, axes), None
        full = nodes.add('GridSample', low, self.upsampling, padding_mode='border', align_corners=0)
        distances = nodes.add('Abs', self.upsampling)
        farthest = nodes.add('ReduceMax', distances, nodes.constant([3]), keepdims=0)
        farthest = nodes.add('Unsqueeze', farthest, nodes.constant([1]))
        return full, nodes.add('LessOrEqual', farthest, nodes.constant(1, np.float32))

    def blended(self, nodes: Nodes, index: str, views: Sequence[Closer]) -> tuple[str, str | None]:
        """Bring one class to full size and blend closer views into it.

        Args:
            nodes: Where nodes are added.
            index: Name of the number of the class.
            views: The closer views that may decide it, in their order.

        Returns:
            As :meth:`full_size`.
        """
        full, inside = self.full_size(nodes, index)
        channel = nodes.add('Unsqueeze', index, nodes.constant([0]))
        nothing = nodes.constant(0, np.float32)
        for view in views:
            low = nodes.add('Gather', view.logits, channel, axis=1)
            seen = nodes.add('GridSample', low, view.grid, padding_mode='border', align_corners=0)
            edge = nodes.add('Gather', view.edges, channel, axis=1)
            edge = nodes.add('Unsqueeze', edge, nodes.constant([2, 3]))
            width = nodes.add('Max', edge, nodes.constant(1e-6, np.float32))
            weight = nodes.add('Div', view.distance, width)
            weight = nodes.add('Clip', weight, nothing, nodes.constant(1, np.float32))
            decides = nodes.add('Cast', nodes.add('GreaterOrEqual', edge, nothing), to=REAL)
            weight = nodes.add('Mul', weight, decides)
            if inside is not None:
                # where the first stage does not show a pixel, the view alone decides
                shown = nodes.add('Greater', weight, nothing)
                outside = nodes.add('Cast', nodes.add('Not', inside), to=REAL)
                alone = nodes.add('Mul', nodes.add('Cast', shown, to=REAL), outside)
                weight = nodes.add('Max', weight, alone)
                inside = nodes.add('Or', inside, shown)
            step = nodes.add('Mul', weight, nodes.add('Sub', seen, full))
            full = nodes.add('Add', full, step)
        return full, inside


def every_class(nodes: Nodes, classes: Classes, shape: str) -> list[str]:
    """Add a loop per plane that sets the bits of the classes above their thresholds.

    Args:
        nodes: Where nodes are added.
        classes: The classes.
        shape: Name of the shape of a plane, (N, 1, height, width).

    Returns:
        Names of the planes.
    """
    blank = nodes.add('ConstantOfShape', shape, value=_integer(0))
    planes = []
    for plane in range(num_planes(classes.number)):
        first = plane * CLASSES_PER_PLANE
        count = min(classes.number - first, CLASSES_PER_PLANE)
        together: dict[tuple[Closer, ...], list[int]] = {}
        for index in range(first, first + count):
            together.setdefault(classes.closer.get(index, ()), []).append(index)
        packed = blank
        for number, (views, indices) in enumerate(together.items()):
            body = _add_bit(classes, f'{plane}.{number}' if number else f'{plane}', indices, views)
            trips, always = nodes.constant(len(indices)), nodes.constant(True, bool)
            packed = nodes.add('Loop', trips, always, packed, body=body)
        planes.append(packed)
    return planes


def best_class(nodes: Nodes, classes: Classes, shape: str) -> list[str]:
    """Add one loop that finds the largest logit, and set the bit of its class.

    Args:
        nodes: Where nodes are added.
        classes: The classes, whose thresholds are all the same.
        shape: Name of the shape of a plane, (N, 1, height, width).

    Returns:
        Names of the planes.
    """
    limit = nodes.add('Gather', classes.limits, nodes.constant(0))
    largest = nodes.add('Expand', limit, shape)
    nobody = nodes.add('ConstantOfShape', shape, value=_integer(0))
    trips, always = nodes.constant(classes.number), nodes.constant(True, bool)
    name = f'{nodes.scope}winners'
    nodes.nodes.append(
        helper.make_node(
            'Loop',
            [trips, always, largest, nobody],
            [f'{nodes.scope}largest', name],
            name=f'{nodes.scope}best_class',
            body=_keep_larger(classes),
        )
    )
    planes = []
    for plane in range(num_planes(classes.number)):
        codes = np.zeros(classes.number + 1, np.int32)  # of background and classes
        own = np.arange(classes.number) // CLASSES_PER_PLANE == plane
        codes[1:][own] = 1 << (np.flatnonzero(own) % CLASSES_PER_PLANE)
        planes.append(nodes.add('Gather', nodes.constant(codes, np.int32), name))
    return planes


def _add_bit(
    classes: Classes, name: str, indices: Sequence[int], views: Sequence[Closer]
) -> onnx.GraphProto:
    """Make the body of a loop: add the bit of one class to the packed map."""
    nodes = Nodes(f'plane_{name}.')
    turn, always, packed = (f'{nodes.scope}{name}' for name in ('turn', 'always', 'packed'))
    index = nodes.add('Gather', nodes.constant(indices), turn)
    full, inside = classes.blended(nodes, index, views)
    present = nodes.add('Greater', full, nodes.add('Gather', classes.limits, index))
    if inside is not None:
        present = nodes.add('And', present, inside)
    bits = nodes.constant(1 << (np.array(indices) % CLASSES_PER_PLANE), np.int32)
    # OpenVINO gives wrong labels for Where(present, packed + bit, packed) in a loop
    bit = nodes.add('Where', present, nodes.add('Gather', bits, turn), nodes.constant(0, np.int32))
    more = nodes.add('Add', packed, bit)
    states = {packed: (more, TensorProto.INT32)}
    return _body(nodes, f'one_class_of_plane_{name}', turn, always, states)


def _keep_larger(classes: Classes) -> onnx.GraphProto:
    """Make the body of a loop: the largest logit so far, and the number of its class, from 1."""
    nodes = Nodes('exclusive.')
    turn, always, largest, winner = (
        f'{nodes.scope}{name}' for name in ('turn', 'always', 'largest', 'winner')
    )
    full, inside = classes.full_size(nodes, turn)
    if inside is not None:
        lowest = nodes.constant(np.finfo(np.float32).min, np.float32)
        full = nodes.add('Where', inside, full, lowest)
    number = nodes.add('Add', turn, nodes.constant(1))
    number = nodes.add('Cast', number, to=TensorProto.INT32)
    better = nodes.add('Greater', full, largest)
    # numbers rise from turn to turn, so the larger one is the later one
    candidate = nodes.add('Where', better, number, nodes.constant(0, np.int32))
    states = {
        largest: (nodes.add('Max', largest, full), TensorProto.FLOAT),
        winner: (nodes.add('Max', winner, candidate), TensorProto.INT32),
    }
    return _body(nodes, 'best_class', turn, always, states)


def _body(
    nodes: Nodes, name: str, turn: str, always: str, states: Mapping[str, tuple[str, int]]
) -> onnx.GraphProto:
    """Make the graph of a loop whose states get new values."""
    value = helper.make_tensor_value_info
    onwards = nodes.add('Identity', always)
    return helper.make_graph(
        nodes.nodes,
        f'{PREFIX}{name}',
        [
            value(turn, TensorProto.INT64, []),
            value(always, TensorProto.BOOL, []),
            *(value(state, kind, None) for state, (_, kind) in states.items()),
        ],
        [
            value(onwards, TensorProto.BOOL, []),
            *(value(new, kind, None) for new, kind in states.values()),
        ],
        nodes.constants,
    )


def _integer(number: int) -> onnx.TensorProto:
    return helper.make_tensor('nothing', TensorProto.INT32, [1], [number])
