"""Curves over the iterations of a training, as a drawing within the page."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 640, 220
#: Space for the numbers at the axes, in the units of the drawing.
LEFT, BOTTOM, TOP = 48, 24, 10


def curve_html(title: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Draw lines into one pair of axes.

    Args:
        title: What they show, for the caption.
        lines: Places and values of each line by its name, places rising.

    Returns:
        HTML of a figure; empty if no line has two points.
    """
    lines = {name: points for name, points in lines.items() if len(points) > 1}
    if not lines:
        return ''
    places = [place for points in lines.values() for place, _ in points]
    values = [value for points in lines.values() for _, value in points]
    low, high = min(values), max(values)
    high = high if high > low else low + 1
    first, last = min(places), max(places)

    def at(place: float, value: float) -> str:
        x = LEFT + (WIDTH - LEFT - 8) * (place - first) / (last - first)
        y = TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)
        return f'{x:.1f},{y:.1f}'

    drawn = ''.join(
        f'<polyline class="line{number % 4}" points="{" ".join(at(*each) for each in points)}">'
        f'<title>{escape(name)}</title></polyline>'
        for number, (name, points) in enumerate(lines.items())
    )
    marks = ''.join(
        f'<text x="{LEFT - 6}" y="{y}" text-anchor="end">{value:.3g}</text>'
        for value, y in ((high, TOP + 4), (low, HEIGHT - BOTTOM))
    )
    marks += ''.join(
        f'<text x="{x}" y="{HEIGHT - 6}" text-anchor="{anchor}">{place:g}</text>'
        for place, x, anchor in ((first, LEFT, 'start'), (last, WIDTH - 8, 'end'))
    )
    frame = f'<path class="axes" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - 8}"/>'
    names = ''.join(
        f'<span><i class="line{number % 4}"></i>{escape(name)}</span>'
        for number, name in enumerate(lines)
    )
    return (
        f'<figure class="curve"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{frame}{drawn}{marks}</svg>'
        f'<figcaption>{escape(title)}: {names}</figcaption></figure>'
    )
