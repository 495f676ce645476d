"""Nodes of an ONNX graph, with names that no other part of it uses."""

import itertools
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

#: Prefix of the names of all nodes and values that belong to packing.
PREFIX = 'packing.'


class Nodes:
    """Nodes of a graph and their constants, in order.

    Args:
        scope: Prefix of their names.
    """

    def __init__(self, scope: str) -> None:
        self.scope = f'{PREFIX}{scope}'
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._numbers = itertools.count()

    def constant(self, value: Any, dtype: type = np.int64) -> str:
        """Add a constant.

        Args:
            value: Number or array.
            dtype: Its type.

        Returns:
            Its name.
        """
        name = f'{self.scope}constant_{next(self._numbers)}'
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, kind: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        """Add a node with one output.

        Args:
            kind: Its operation.
            *inputs: Names of its inputs.
            out: Name of its output; made up by default.
            **attributes: Attributes of the operation.

        Returns:
            Name of its output.
        """
        name = f'{self.scope}{kind}_{next(self._numbers)}'
        out = out or f'{name}_out'
        self.nodes.append(helper.make_node(kind, inputs, [out], name=name, **attributes))
        return out
