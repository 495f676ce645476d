"""How many wrists of phantoms are called bent or upright as they were drawn.

    python -m benchmarks.studies.wrist_bend --images 600

The angle is measured from the labels, as ``handbone folds`` and ``handbone doctor`` do it, and
compared with the one that the hand was drawn with: at least 15 degrees, or at most 8. Nothing is
drawn into images.
"""

import argparse

from rich.console import Console
from rich.table import Table

from handbone.bones import CLASSES
from handbone.datasets.polygons import pack_polygons
from handbone.datasets.wrist_bend import BENT, wrist_bend
from handbone.phantom import PRESETS
from handbone.phantom.generator import compose


def called(images: int, seed: int, size: int) -> list[tuple[bool, bool]]:
    """Measure the wrists of test phantoms of the preset ``shift``.

    Args:
        images: Number of phantoms.
        seed: Seed of the dataset.
        size: Side of an image in pixels.

    Returns:
        Of each, whether its wrist was drawn bent, and whether it is called so.
    """
    settings = PRESETS['shift'].test
    found = []
    for index in range(images):
        scene = compose(seed, index, settings, size)
        indices = [CLASSES.index(name) for name, _ in scene.polygons]
        polygons = pack_polygons(indices, [points for _, points in scene.polygons])
        drawn_bent = abs(scene.pose.bend) >= settings.bend[0]
        found.append((drawn_bent, abs(wrist_bend(polygons, CLASSES)) > BENT))
    return found


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=600)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--size', type=int, default=2048)
    args = parser.parse_args()
    found = called(args.images, args.seed, args.size)
    table = Table('drawn', 'phantoms', 'called so')
    for word, bent in (('bent', True), ('upright', False)):
        own = [answer == bent for drawn, answer in found if drawn == bent]
        table.add_row(word, str(len(own)), str(sum(own)))
    right = sum(drawn == answer for drawn, answer in found)
    table.add_row('all', str(len(found)), str(right))
    Console().print(table)


if __name__ == '__main__':
    main()
