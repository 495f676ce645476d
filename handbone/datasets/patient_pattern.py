"""A regular expression that finds the patient in the name of an image."""

import re

from handbone.errors import HandboneError
from handbone.listing import normal_form


class PatientPattern:
    """Finds patients in names, where images do not lie in folders of patients.

    Args:
        pattern: Regular expression with one group, such as ``r'_(P[0-9]+)_'``.

    Attributes:
        pattern: The same.

    Raises:
        HandboneError: It is not a regular expression, or does not have one group.

    >>> PatientPattern('_(P[0-9]+)_').find('JP_SCGH_P0029_20121201_L.bmp')
    'P0029'
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        try:
            self._compiled = re.compile(pattern)
        except re.error as error:
            raise HandboneError(
                f'patient_pattern {pattern!r} is not a regular expression ({error})'
            ) from error
        if self._compiled.groups != 1:
            raise HandboneError(f'patient_pattern {pattern!r} needs exactly one group')

    def find(self, name: str) -> str | None:
        """Find the patient of an image.

        Args:
            name: Path of the image below the folder of images.

        Returns:
            The patient in the normal form of names; None if the pattern finds none.
        """
        found = self._compiled.search(name)
        return None if found is None or not found.group(1) else normal_form(found.group(1))
