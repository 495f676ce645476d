"""The members of Label Studio's tasks and results."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from handbone.errors import HandboneError, shown
from handbone.listing import normal_form
from handbone.masks.label_studio_rle import read_brush

from .format_reader import Size
from .shape_outlines import ellipse_outline, turned
from .tool_shapes import BoxedMask, points_or_error


def result_labels(value: object) -> list[str]:
    """Read the labels of a result.

    Args:
        value: A list of names.

    Returns:
        The names in normal form.

    Raises:
        HandboneError: It is something else.
    """
    if not isinstance(value, list) or not value or not all(isinstance(x, str) for x in value):
        raise HandboneError(f'its labels are {shown(value)}')
    return [normal_form(label) for label in value]


def image_size(results: Sequence[Mapping[str, Any]]) -> Size | None:
    """Find the size of an image in its results.

    Args:
        results: The results.

    Returns:
        Height and width, or None.

    Raises:
        HandboneError: A side is below 1.
    """
    for result in results:
        height, width = result.get('original_height'), result.get('original_width')
        if height is not None and width is not None:
            if min(height, width) < 1:
                raise HandboneError(f'the size of the image is {width} x {height}')
            return height, width
    return None


def image_paths(data: Mapping[str, Any]) -> list[str]:
    """Find the name of the image among the data of a task.

    Args:
        data: The member ``data``.

    Returns:
        Paths without the address in front of them, the likeliest first. Those of uploads are as
        they are, and with their escapes (``%20``) decoded.

    Raises:
        HandboneError: There is none.
    """
    texts = [data.get('image'), *data.values()]
    address = next((text for text in texts if isinstance(text, str) and text), None)
    if address is None:
        raise HandboneError('the data of the task name no image')
    try:
        parts = urlsplit(address)
        local = parse_qs(parts.query, errors='surrogateescape').get('d', [''])[0]
    except ValueError as error:
        raise HandboneError(f'the address of the image is {shown(address)}') from error
    decoded = unquote(parts.path, errors='surrogateescape')
    paths = [local] if local else list(dict.fromkeys((parts.path, decoded)))
    named = [path.lstrip('/') for path in paths if PurePosixPath(path.lstrip('/')).name]
    if not named:
        raise HandboneError(f'the address of the image is {shown(address)}, which names no file')
    return named


def brush_mask(index: int, value: Mapping[str, Any], size: Size) -> BoxedMask:
    """Read a brush.

    Args:
        index: The class.
        value: The member ``value`` of its result.
        size: Height and width of the image.

    Returns:
        The mask, in a box of the size of the image.

    Raises:
        HandboneError: It is damaged or does not fit the image.
    """
    rle = value.get('rle')
    if not isinstance(rle, list):
        raise HandboneError(f'the brush has the values {shown(rle)}')
    return BoxedMask(index, 0, 0, read_brush(rle, size[0] * size[1]), size[1])


def polygon_points(kind: str, value: Mapping[str, Any], size: Size) -> np.ndarray:
    """Read the points of a polygon, the corners of a rectangle, or the outline of an ellipse.

    Args:
        kind: Type of the result.
        value: Its member ``value``, in per cent.
        size: Height and width of the image.

    Returns:
        (n, 2) float64, x and y in pixels.

    Raises:
        HandboneError: It is something else, or lies outside the image.
    """
    if kind == 'polygonlabels':
        return points_or_error(_in_pixels(value.get('points'), size), size)
    outline = _ellipse(value, size) if kind == 'ellipselabels' else _rectangle(value, size)
    return points_or_error(outline, size)


def _rectangle(value: Mapping[str, Any], size: Size) -> list[list[float]]:
    """List the corners of a rectangle in pixels, turned around the first one."""
    left, top, width, height, angle = _sides('rectangle', value, ('width', 'height'), size)
    right, bottom = left + width, top + height
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return turned(corners, angle, (left, top)) if angle else corners


def _ellipse(value: Mapping[str, Any], size: Size) -> list[list[float]]:
    """List the points of an ellipse in pixels, turned around its centre."""
    x, y, *radii, angle = _sides('ellipse', value, ('radiusX', 'radiusY'), size)
    points = ellipse_outline(x, y, *radii)
    return turned(points, angle, (x, y)) if angle else points


def _sides(
    shape: str, value: Mapping[str, Any], extent: tuple[str, str], size: Size
) -> tuple[float, float, float, float, float]:
    """Read the place and the extent of a shape, in pixels, and its angle in degrees."""
    numbers = [*(value.get(key) for key in ('x', 'y', *extent)), value.get('rotation') or 0]
    if not all(type(number) in (int, float) for number in numbers):
        raise HandboneError(f'the {shape} has the values {shown(numbers)}')
    x, y, width, height, angle = (float(number) for number in numbers if number is not None)
    down, across = size[0] / 100, size[1] / 100
    return x * across, y * down, width * across, height * down, angle


def _in_pixels(points: object, size: Size) -> object:
    """Turn per cent into pixels; what is not a list of points stays, to be refused."""
    if not isinstance(points, list):
        return points
    scale = size[1] / 100, size[0] / 100
    try:
        return [[each * factor for each, factor in zip(p, scale, strict=True)] for p in points]
    except (TypeError, ValueError):
        return points
