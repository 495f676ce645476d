"""Whether probabilities are right: reliability, expected calibration error and temperature."""

from dataclasses import dataclass

import numpy as np

from .threshold_choice import GRID

#: Bins of the reliability diagram and of the calibration error, of equal width.
BINS = 16
#: Temperatures that are tried: a grid of logarithms that is refined around the best.
TEMPERATURES = (0.1, 10.0)
#: The last bin of probability, above 255/256, is divided into bins of this width of the logit.
TAIL_STEP, TAIL_BINS = 0.5, 32
#: Logit at which it begins.
TAIL = float(np.log(GRID[-1] / (1 - GRID[-1])))
#: Bins of a histogram, and the probability in the middle of each, for wide bins.
FINE = GRID.size - 1 + TAIL_BINS
MIDDLES = np.minimum((np.arange(FINE) + 1.5) / (GRID.size + 1), 1 - 0.5 / (GRID.size + 1))
#: A logit beyond this is as certain as this one; infinite ones have no mean.
MOST_CERTAIN = 50.0


@dataclass(frozen=True)
class Calibration:
    """How well the probabilities of each class fit the truth.

    Only pixels of a probability above 1/256 count: where the network sees nothing of a class, there
    is nothing to calibrate, and those pixels are so many that they would hide the others.

    Attributes:
        pixels: Counted pixels of each class, float64 (C,).
        missed: Share of the true pixels whose probability is not above 1/256, (C,); NaN where the
            class is absent.
        confidence: Mean probability in each of :data:`BINS` bins, (C, BINS); NaN where empty.
        frequency: Share of pixels that have the class in each bin, the same.
        shares: Share of the counted pixels in each bin, the same; 0 where empty.
        error: Expected calibration error, (C,); NaN without pixels.
        temperature: The temperature of each class that minimises the negative log-likelihood, (C,);
            that of all classes where a class is absent.
        common_temperature: The same for all classes together, each counted alike.
        calibrated_error: The error with the temperature of each class.
        likelihood: Negative log-likelihood of a pixel, (C,).
        calibrated_likelihood: The same with the temperature of each class.
    """

    pixels: np.ndarray
    missed: np.ndarray
    confidence: np.ndarray
    frequency: np.ndarray
    shares: np.ndarray
    error: np.ndarray
    temperature: np.ndarray
    common_temperature: float
    calibrated_error: np.ndarray
    likelihood: np.ndarray
    calibrated_likelihood: np.ndarray


@dataclass(frozen=True)
class ProbabilityHistogram:
    """Pixels by their probability of each class and by whether they have it.

    Attributes:
        counts: Pixels, float64 (C, 2, FINE): of those without and of those with the class, in bins
            between the probabilities 1/256, 2/256 … 255/256, and above in bins of the logit.
        logits: Sums of their logits, the same shape.
        probabilities: Sums of their probabilities, the same shape.
        missed: Pixels with the class that are in no bin, (C,).
    """

    counts: np.ndarray
    logits: np.ndarray
    probabilities: np.ndarray
    missed: np.ndarray

    @classmethod
    def empty(cls, num_classes: int) -> 'ProbabilityHistogram':
        """Make a histogram without pixels.

        Args:
            num_classes: Number of classes.

        Returns:
            The histogram.
        """
        bins = (np.zeros((num_classes, 2, FINE)) for _ in range(3))
        counts, logits, probabilities = bins
        return cls(counts, logits, probabilities, np.zeros(num_classes))

    def add(self, class_index: int, values: np.ndarray, present: np.ndarray) -> None:
        """Count pixels.

        Args:
            class_index: Their class.
            values: Logits, float (n,); those of a probability of at most 1/256 are left out.
            present: Whether the pixels have the class, (n,).
        """
        logits = np.clip(values.astype(np.float64), -MOST_CERTAIN, MOST_CERTAIN)
        probabilities = _sigmoid(logits)
        seen = probabilities > GRID[0]
        logits, probabilities = logits[seen], probabilities[seen]
        # half open from below, as a threshold has to be exceeded
        places = np.ceil(probabilities * (GRID.size + 1)).astype(np.int64) - 2
        tail = np.clip((logits - TAIL) / TAIL_STEP, 0, TAIL_BINS - 1).astype(np.int64)
        places = np.minimum(places, GRID.size - 1) + tail
        places += np.asarray(present)[seen] * FINE
        for sums, weights in (
            (self.counts, None),
            (self.logits, logits),
            (self.probabilities, probabilities),
        ):
            found = np.bincount(places, weights, minlength=2 * FINE)
            sums[class_index] += found.reshape(2, FINE)

    def finish(self, reference: np.ndarray) -> None:
        """Find how many pixels with a class are in no bin.

        Args:
            reference: Pixels with each class, counted or not, (C,).
        """
        self.missed[:] = reference - self.counts[:, 1].sum(axis=1)

    def compact(self) -> np.ndarray:
        """Put all sums into one array, float32 (C, 3 x 2 x FINE + 1)."""
        sums = (self.counts, self.logits, self.probabilities, self.missed)
        return np.concatenate(
            [each.reshape(len(each), -1) for each in sums], axis=1, dtype=np.float32
        )

    @classmethod
    def total(cls, images: np.ndarray) -> 'ProbabilityHistogram':
        """Add up histograms.

        Args:
            images: What :meth:`compact` returned for each image, (N, C, 3 x 2 x FINE + 1).

        Returns:
            The sum.
        """
        sums = images.sum(axis=0, dtype=np.float64)
        bins = sums[:, :-1].reshape(len(sums), 3, 2, FINE)
        return cls(bins[:, 0], bins[:, 1], bins[:, 2], sums[:, -1])


def calibrate(histogram: ProbabilityHistogram) -> Calibration:
    """Measure calibration and fit temperatures.

    The expected calibration error is the mean, over pixels, of the distance between the mean
    probability and the share of pixels with the class in the pixel's bin (Naeini, Cooper,
    Hauskrecht, AAAI 2015; here of each class by itself, with 16 bins). The temperature T, by which
    logits are divided, minimises the negative log-likelihood (Guo et al., ICML 2017). It is found
    from the mean logit of each fine bin, which stands for the pixels in it.

    Args:
        histogram: The pixels of the images to calibrate on.

    Returns:
        The calibration.
    """
    counts = histogram.counts
    means = _ratio(histogram.logits, counts, 0.0)
    pixels, present = counts.sum(axis=(1, 2)), counts[:, 1].sum(axis=1)
    confidence, frequency, shares = _reliability(counts, histogram.probabilities)
    both = (present > 0) & (counts[:, 0].sum(axis=1) > 0)
    weights = _ratio(counts, pixels[:, None, None], 0.0)
    common = _best_temperature(means[both], weights[both]) if both.any() else 1.0
    temperature = np.array(
        [
            _best_temperature(means[[index]], weights[[index]]) if fits else common
            for index, fits in enumerate(both)
        ]
    )
    scaled = means / temperature[:, None, None]
    calibrated = _reliability(counts, counts * _sigmoid(scaled), _sigmoid(scaled))
    return Calibration(
        pixels=pixels,
        missed=_ratio(histogram.missed, histogram.missed + present, np.nan),
        confidence=confidence,
        frequency=frequency,
        shares=shares,
        error=_error(confidence, frequency, shares),
        temperature=temperature,
        common_temperature=common,
        calibrated_error=_error(*calibrated),
        likelihood=np.where(pixels > 0, _likelihood(means, weights, 1.0), np.nan),
        calibrated_likelihood=np.where(
            pixels > 0, _likelihood(means, weights, temperature[:, None, None]), np.nan
        ),
    )


def _reliability(
    counts: np.ndarray, sums: np.ndarray, places: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Put fine bins into wide ones; returns confidence, frequency and shares, (C, BINS).

    Args:
        counts: Pixels of the fine bins, (C, 2, n).
        sums: Sums of their probabilities, the same shape.
        places: The probability that says into which wide bin a fine one goes, the same shape; by
            default that of the histogram.
    """
    if places is None:
        places = np.broadcast_to(MIDDLES, counts.shape)
    wide = np.minimum((places * BINS).astype(np.int64), BINS - 1)
    pixels, present, confident = (np.zeros((len(counts), BINS)) for _ in range(3))
    for index, of_class in enumerate(wide):
        for truth in (0, 1):
            np.add.at(pixels[index], of_class[truth], counts[index, truth])
            np.add.at(confident[index], of_class[truth], sums[index, truth])
        np.add.at(present[index], of_class[1], counts[index, 1])
    shares = _ratio(pixels, pixels.sum(axis=1, keepdims=True), 0.0)
    return _ratio(confident, pixels, np.nan), _ratio(present, pixels, np.nan), shares


def _error(confidence: np.ndarray, frequency: np.ndarray, shares: np.ndarray) -> np.ndarray:
    error = (shares * np.nan_to_num(np.abs(confidence - frequency))).sum(axis=1)
    return np.where(shares.sum(axis=1) > 0, error, np.nan)


def _best_temperature(means: np.ndarray, weights: np.ndarray) -> float:
    low, high = np.log(TEMPERATURES)
    for _ in range(6):
        tried = np.linspace(low, high, 41)
        step = tried[1] - tried[0]
        scores = [_likelihood(means, weights, np.exp(each)).sum() for each in tried]
        best = tried[int(np.argmin(scores))]
        low, high = best - step, best + step
    return float(np.exp(best))


def _likelihood(
    means: np.ndarray, weights: np.ndarray, temperature: float | np.ndarray
) -> np.ndarray:
    """Negative log-likelihood of a pixel of each class, (C,)."""
    scaled = means / temperature
    losses = np.stack([np.logaddexp(0, scaled[:, 0]), np.logaddexp(0, -scaled[:, 1])], axis=1)
    return (weights * losses).sum(axis=(1, 2))


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def _ratio(upper: np.ndarray, lower: np.ndarray, empty: float) -> np.ndarray:
    upper, lower = np.broadcast_arrays(upper, lower)
    return np.divide(upper, lower, out=np.full(upper.shape, empty), where=lower > 0)
