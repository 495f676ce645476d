"""Where a class is expected, and how large, from all other classes of the image.

The aligned places and logarithmic areas of all classes are taken as jointly normal. Medians,
deviations and a covariance of clipped values are little moved by the faults that are looked for.
"""

from dataclasses import dataclass

import numpy as np

#: At most this share of the classes of an image is doubted, and so many are believed at least.
MOST_DOUBTED, FEWEST_BELIEVED = 0.4, 3


@dataclass(frozen=True)
class Expectation:
    """What the other classes of an image say about its classes; features are standardised.

    Attributes:
        expected: (C, 3), NaN for a class that is not modelled.
        residuals: (C, 3), feature minus expectation; NaN for a class that is not there as well.
        covariances: (C, 3, 3), of what is expected.
    """

    expected: np.ndarray
    residuals: np.ndarray
    covariances: np.ndarray


@dataclass(frozen=True)
class ShapeModel:
    """A joint normal distribution of the features of C classes.

    Attributes:
        centre: (C, 3), medians; NaN for a class that is not modelled.
        spread: (C, 3), robust standard deviations.
        covariance: (3 C, 3 C) of standardised features.
        calibration: (C, 2), by how much distances of place and size exceed those of a normal
            distribution.
    """

    centre: np.ndarray
    spread: np.ndarray
    covariance: np.ndarray
    calibration: np.ndarray

    @property
    def modelled(self) -> np.ndarray:
        """(C,) bool, the classes that the model knows."""
        return np.isfinite(self.centre).all(axis=1)

    @property
    def wandering(self) -> float:
        """Mean squared deviation of a class from its place, against that between the places."""
        places, spread = (each[self.modelled, :2] for each in (self.centre, self.spread))
        return float((spread**2).sum(axis=1).mean() / places.var(axis=0).sum())

    def standardise(self, features: np.ndarray) -> np.ndarray:
        """Bring features (…, C, 3) to medians of 0 and deviations of 1."""
        return (features - self.centre) / self.spread

    def expect(self, values: np.ndarray, known: np.ndarray) -> Expectation:
        """Compare every class with what the known other classes say.

        Args:
            values: (C, 3), standardised features.
            known: (C,) bool, classes that are there and believed; a class is not compared with
                itself.

        Returns:
            What is expected of the modelled classes.
        """
        classes = len(values)
        expected, covariances = np.full((classes, 3), np.nan), np.full((classes, 3, 3), np.nan)
        inside = np.flatnonzero(known & self.modelled)
        columns = (inside[:, None] * 3 + np.arange(3)).ravel()
        precision = np.linalg.inv(self.covariance[np.ix_(columns, columns)])
        weighted = (precision @ values[inside].ravel()).reshape(-1, 3)
        blocks = precision.reshape(len(inside), 3, len(inside), 3)
        own = np.linalg.inv(blocks[np.arange(len(inside)), :, np.arange(len(inside))])
        expected[inside] = values[inside] - np.einsum('nij,nj->ni', own, weighted)
        covariances[inside] = own
        others = np.flatnonzero(~known & self.modelled)
        if len(others):
            rows = (others[:, None] * 3 + np.arange(3)).ravel()
            cross = self.covariance[np.ix_(rows, columns)]
            expected[others] = (cross @ weighted.ravel()).reshape(-1, 3)
            rest = self.covariance[np.ix_(rows, rows)] - cross @ precision @ cross.T
            rest = rest.reshape(len(others), 3, len(others), 3)
            covariances[others] = rest[np.arange(len(others)), :, np.arange(len(others))]
        return Expectation(expected, values - expected, covariances)

    def distances(self, expectation: Expectation) -> np.ndarray:
        """Measure residuals in calibrated standard deviations.

        Args:
            expectation: Of one image.

        Returns:
            (C, 2), of the place and of the size; NaN for a class without features.
        """
        found = self.plain_distances(expectation.residuals, expectation.covariances)
        return found / self.calibration

    @staticmethod
    def plain_distances(residuals: np.ndarray, covariances: np.ndarray) -> np.ndarray:
        """Measure residuals (n, 3) in standard deviations: (n, 2) of place and size."""
        places, sizes = residuals[:, :2], residuals[:, 2]
        known = np.isfinite(covariances[:, 0, 0]) & np.isfinite(places).all(axis=1)
        found = np.full((len(residuals), 2), np.nan)
        solved = np.linalg.solve(covariances[known, :2, :2], places[known][..., None])[..., 0]
        found[known, 0] = np.sqrt(np.maximum((places[known] * solved).sum(axis=1), 0))
        found[known, 1] = np.abs(sizes[known]) / np.sqrt(covariances[known, 2, 2])
        return found

    def believed(self, values: np.ndarray, there: np.ndarray, limits: np.ndarray) -> np.ndarray:
        """Find the classes that agree with each other.

        The class that agrees least with all others is doubted first, then the one that agrees
        least with those that remain, and so on, up to :data:`MOST_DOUBTED` of the classes. Where
        more are wrong in the same way, those that are right contradict them and are doubted.

        Args:
            values: (C, 3), standardised features.
            there: (C,) bool, classes with features.
            limits: (2,), distances of place and size up to which a class agrees.

        Returns:
            (C,) bool.
        """
        believed = there & self.modelled
        doubted: list[int] = []
        count = int(believed.sum())
        most = min(int(MOST_DOUBTED * count), count - FEWEST_BELIEVED)
        while len(doubted) < most:
            distances = self._limited(values, believed, limits)
            if distances.max() <= 1:
                break
            doubted.append(int(np.flatnonzero(believed)[distances.argmax()]))
            believed[doubted[-1]] = False
        # what was doubted for the sake of another class may agree with those that remain
        for index in reversed(doubted):
            again = believed.copy()
            again[index] = True
            if self._limited(values, again, limits).max() <= 1:
                believed = again
        return believed

    def _limited(self, values: np.ndarray, known: np.ndarray, limits: np.ndarray) -> np.ndarray:
        """Larger one of both distances of each known class, in units of their limits."""
        distances = self.distances(self.expect(values, known))[known] / limits
        larger: np.ndarray = np.nan_to_num(distances).max(axis=1)
        return larger
