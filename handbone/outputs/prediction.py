"""One image's answer, as the writers of outputs get it."""

from dataclasses import dataclass

import numpy as np

from handbone.evaluation.logit_summary import LogitSummary
from handbone.radiographs import Radiograph


@dataclass(frozen=True)
class Prediction:
    """The labels of one radiograph.

    Attributes:
        name: Name of the image in the outputs, unique within a run, without a suffix for formats;
            may hold slashes where folders are kept.
        labels: Packed map, int32, (H, W), or (H, W, P) for more than 31 classes.
        radiograph: The image and what is known of it.
        flags: What a reader should look at, one sentence each; empty where nothing is odd.
        image_name: Name of the image in tables such as the run-length CSV: that of its file, with
            folders where two files share it. ``name`` where it is empty.
        summary: How sure the network is of each class; None if it was not asked.
    """

    name: str
    labels: np.ndarray
    radiograph: Radiograph
    flags: tuple[str, ...] = ()
    image_name: str = ''
    summary: LogitSummary | None = None
