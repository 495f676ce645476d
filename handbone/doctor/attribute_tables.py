"""Tables of what the images of each part have: distributions, groups, and how parts differ."""

from collections import Counter

import numpy as np

from handbone.pages.overview_table import OverviewTable, Plot

from .image_values import ImageValues

#: Images of each part that a comparison takes.
FEWEST_IMAGES = 5
#: Bars of a histogram, over the range from the first to the last percentile.
BINS = 24


def distributions(values: ImageValues) -> OverviewTable:
    """Describe the numbers: percentiles and a histogram, part by part on the same axis.

    Args:
        values: What is known of the images.

    Returns:
        The table; a number that is the same in all images has no row.
    """
    rows: list[tuple[tuple[str, ...], Plot]] = []
    for name, numbers in values.numbers.items():
        known = np.isfinite(numbers)
        low, high = np.percentile(numbers[known], (1, 99))
        if np.ptp(numbers[known]) == 0:
            continue
        edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
        for split in dict.fromkeys(values.splits.tolist()):
            own = numbers[known & (values.splits == split)]
            if len(own):
                counts = np.histogram(own.clip(edges[0], edges[-1]), edges)[0]
                texts = (f'{each:.3g}' for each in np.percentile(own, (5, 50, 95)))
                shares = tuple((counts / counts.max()).round(3).tolist())
                rows.append(((name, split, str(len(own)), *texts), shares))
    columns = ('attribute', 'part', 'images', '5 %', 'median', '95 %', 'distribution')
    return OverviewTable('Attributes of the images', columns, tuple(rows))


def groups(values: ImageValues) -> OverviewTable:
    """Count the words, such as sides and sexes, part by part.

    Args:
        values: What is known of the images.

    Returns:
        The table.
    """
    rows: list[tuple[tuple[str, ...], Plot]] = []
    for name, words in values.words.items():
        for split in dict.fromkeys(values.splits.tolist()):
            own = words[values.splits == split].tolist()
            for word, count in Counter(own).most_common():
                rows.append(((name, split, word, str(count)), count / len(own)))
    columns = ('attribute', 'part', 'value', 'images', 'share of the part')
    return OverviewTable('Groups of images', columns, tuple(rows))


def differences(values: ImageValues) -> OverviewTable:
    """Compare the first part with each other one, attribute by attribute.

    Numbers differ by the largest distance of their cumulative shares (Kolmogorov and Smirnov),
    words by half the sum of the differences of their shares: both from 0, alike, to 1, disjoint.

    Args:
        values: What is known of the images.

    Returns:
        The table, the largest difference first.
    """
    from scipy.stats import ks_2samp

    splits = list(dict.fromkeys(values.splits.tolist()))
    rows: list[tuple[tuple[str, ...], float]] = []
    for other in splits[1:]:
        parts = f'{splits[0]} and {other}'
        first, second = values.splits == splits[0], values.splits == other
        for name, numbers in values.numbers.items():
            both = [numbers[part & np.isfinite(numbers)] for part in (first, second)]
            if min(map(len, both)) >= FEWEST_IMAGES:
                medians = (f'{np.median(each):.3g}' for each in both)
                rows.append(((name, parts, *medians), float(ks_2samp(*both).statistic)))
        for name, words in values.words.items():
            if min(first.sum(), second.sum()) >= FEWEST_IMAGES:
                shares = [_shares(words[part].tolist()) for part in (first, second)]
                names = shares[0] | shares[1]
                gaps = {each: shares[1].get(each, 0) - shares[0].get(each, 0) for each in names}
                most = max(sorted(gaps), key=lambda each: round(abs(gaps[each]), 9))
                texts = (f'{most} {each.get(most, 0):.0%}' for each in shares)
                rows.append(((name, parts, *texts), sum(map(abs, gaps.values())) / 2))
    rows.sort(key=lambda each: -each[1])
    columns = ('attribute', 'parts', 'median or share', 'of the other', 'difference')
    return OverviewTable('What differs between parts', columns, tuple(rows))


def _shares(words: list[str]) -> dict[str, float]:
    return {word: count / len(words) for word, count in Counter(words).items()}
