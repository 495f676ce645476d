"""How a CSV writes runs: in which order, from which number, absolute or relative starts.

What the columns of a known competition say is taken. Otherwise the numbers decide, and where two
readings fit, none is taken.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from handbone.errors import HandboneError
from handbone.masks.rle import Order

#: Names of the orders of pixels for users.
ORDERS: Mapping[str, Order] = {'rows': 'C', 'columns': 'F'}
#: Pixels by which the runs of neighbouring lines usually begin apart, at most.
NEAR = 3
#: Share of runs that must be near for an order, and times that of the other order.
CLEAR_SHARE, CLEAR_RATIO = 0.5, 2.0
#: Fewest pairs of runs that tell an order.
FEWEST_PAIRS = 20


class Convention(NamedTuple):
    """A way to write runs; None is what is not known yet.

    Attributes:
        order: 'rows' or 'columns'.
        first: Number of the first pixel, 0 or 1; for relative starts it is 0.
        relative: Whether a start counts from the end of the run before it.
    """

    order: str | None
    first: int | None
    relative: bool | None


class KnownLayout(NamedTuple):
    """The columns of a known competition, which tell how it writes runs.

    Attributes:
        name: The competition.
        columns: Columns that its file has.
        convention: How it writes runs.
    """

    name: str
    columns: frozenset[str]
    convention: Convention


UW_MADISON = KnownLayout(
    'UW-Madison', frozenset({'id', 'class', 'segmentation'}), Convention('rows', 1, False)
)
#: SIIM has relative starts from 0 and Airbus absolute ones from 1, in the same columns.
SIIM_AND_AIRBUS = KnownLayout(
    'SIIM and Airbus',
    frozenset({'ImageId', 'EncodedPixels'}),
    Convention('columns', None, None),
)
#: The first one whose columns are all there is taken.
KNOWN_LAYOUTS = (
    KnownLayout(
        'the submissions of handbone',
        frozenset({'image_name', 'class', 'rle'}),
        Convention('rows', 1, False),
    ),
    KnownLayout(
        'HuBMAP',
        frozenset({'id', 'rle', 'img_height', 'img_width'}),
        Convention('columns', 1, False),
    ),
    UW_MADISON,
    KnownLayout(
        'Severstal',
        frozenset({'ImageId', 'ClassId', 'EncodedPixels'}),
        Convention('columns', 1, False),
    ),
    SIIM_AND_AIRBUS,
)


def known_layout(columns: Collection[str]) -> KnownLayout | None:
    """Find the competition that a CSV is from.

    Args:
        columns: Names in its header.

    Returns:
        The layout, or None.
    """
    return next((each for each in KNOWN_LAYOUTS if each.columns <= set(columns)), None)


@dataclass
class RunEvidence:
    """Gathers from the runs of a file how they are written.

    Attributes:
        relative: Masks that only relative starts can explain.
        absolute: Masks that only absolute starts can explain.
        from_zero: Masks that only starts from 0 can explain.
        from_one: Masks that only starts from 1 can explain.
        minus_one: Empty masks that are written -1.
        pairs: Runs that follow another one, in images that are not square.
        near: How many of them begin near the one before, a line further, by order.
    """

    relative: int = 0
    absolute: int = 0
    from_zero: int = 0
    from_one: int = 0
    minus_one: int = 0
    pairs: int = 0
    near: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ORDERS, 0))

    def add(self, numbers: np.ndarray, size: tuple[int, int] | None) -> None:
        """Look at one mask.

        Args:
            numbers: Its numbers, start and length in turn, int64.
            size: Height and width of the image, or None if they are not known.
        """
        if len(numbers) < 2 or len(numbers) % 2:
            return
        starts, lengths = numbers[::2], numbers[1::2]
        pixels = None if size is None else size[0] * size[1]
        falling = bool((starts[1:] < (starts + lengths)[:-1]).any())
        too_long = pixels is not None and int(numbers.sum()) > pixels
        self.relative += falling
        self.absolute += too_long
        oblong = size is not None and size[0] != size[1]
        if falling:
            if size is not None and oblong:
                self._compare_orders(np.cumsum(starts + lengths) - lengths, size)
            return
        self.from_zero += bool(starts[0] == 0)
        end = int((starts + lengths)[-1])
        self.from_one += pixels is not None and end == pixels + 1
        if size is not None and oblong:
            self._compare_orders(starts, size)

    def convention(self, given: Convention, layout: KnownLayout | None) -> tuple[Convention, str]:
        """Decide how the file writes runs.

        Args:
            given: What the user said; None is to be found out.
            layout: The competition that the file is from, or None.

        Returns:
            The convention, and the reasons for what was found out; empty if nothing was.

        Raises:
            HandboneError: Two readings fit, or none. The text is a clause and a remedy without the
                file, which the caller knows.
        """
        known = layout.convention if layout else Convention(None, None, None)
        merged = Convention(
            known.order if given.order is None else given.order,
            known.first if given.first is None else given.first,
            known.relative if given.relative is None else given.relative,
        )
        reasons = []
        if layout and merged != given:
            reasons.append(f'its columns are those of {layout.name}')
        relative = merged.relative
        if relative is None:
            relative, reason = self._is_relative(layout)
            reasons.append(reason)
        first = merged.first
        if first is None:
            first, reason = (0, 'relative starts count from 0') if relative else self._first(layout)
            reasons.append(reason)
        order = merged.order
        if order is None:
            order, reason = self._order()
            reasons.append(reason)
        return Convention(order, first, relative), '; '.join(reasons)

    def _compare_orders(self, starts: np.ndarray, size: tuple[int, int]) -> None:
        steps = np.diff(starts)
        self.pairs += len(steps)
        for order, line in zip(ORDERS, reversed(size), strict=True):
            rest = steps % line
            self.near[order] += int((np.minimum(rest, line - rest) <= NEAR).sum())

    def _is_relative(self, layout: KnownLayout | None) -> tuple[bool, str]:
        if self.relative and self.absolute:
            raise HandboneError(
                f'{self.relative} masks have starts that fall and {self.absolute} are too long for '
                'relative starts, so neither absolute nor relative starts fit. Write the file again'
            )
        if self.relative:
            return True, f'starts fall in {self.relative} masks, so they are relative'
        if self.absolute:
            return False, f'{self.absolute} masks would be too long for relative starts'
        if self.minus_one and layout is SIIM_AND_AIRBUS:
            return True, f'{self.minus_one} empty masks are written -1, as in SIIM'
        raise HandboneError(
            'starts may be absolute or relative, as both readings fit. Say which: '
            '--read relative=false or relative=true'
        )

    def _first(self, layout: KnownLayout | None) -> tuple[int, str]:
        if self.from_zero and self.from_one:
            raise HandboneError(
                f'{self.from_zero} masks begin at 0 and {self.from_one} end behind the last pixel '
                'if the first is 0, so neither number fits. Write the file again'
            )
        if self.from_zero:
            return 0, f'{self.from_zero} masks begin at pixel 0'
        if self.from_one:
            return 1, f'{self.from_one} masks end at the last pixel if the first is 1'
        if layout is not None:
            return 1, f'absolute starts of {layout.name} count from 1'
        raise HandboneError(
            'the first pixel may be 0 or 1, as both readings fit. Say which: --read first=1 or '
            'first=0'
        )

    def _order(self) -> tuple[str, str]:
        if self.pairs >= FEWEST_PAIRS:
            shares = {order: near / self.pairs for order, near in self.near.items()}
            (best, share), (_, other) = sorted(shares.items(), key=lambda each: -each[1])
            if share >= CLEAR_SHARE and share >= CLEAR_RATIO * other:
                return best, (
                    f'{share:.0%} of the runs begin beside the one before if they go along '
                    f'{best}, {other:.0%} if not'
                )
        raise HandboneError(
            'runs may go along rows or columns, as both readings fit. Say which: --read '
            'order=rows or order=columns'
        )
