"""What is planned, what it may cost and what it does cost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from .augmentation import Augmentation
from .networks import NETWORKS, Network

#: Width and height.
Size = tuple[int, int]


@dataclass(frozen=True)
class Budget:
    """What a training may take.

    Attributes:
        device: ``'cpu'`` or ``'cuda'``.
        memory: Bytes of the device.
        seconds: Time of the whole training.
        half: Half precision of the device, ``'bfloat16'`` or ``'float16'``.
    """

    device: str
    memory: int
    seconds: float
    half: str = 'bfloat16'


@dataclass(frozen=True)
class Step:
    """A training step.

    Attributes:
        network: Name of the network.
        size: Width and height of the images.
        batch: Number of images.
        precision: ``'float32'``, ``'bfloat16'`` or ``'float16'``.
        recompute: Whether blocks are computed twice to save memory.
    """

    network: str
    size: Size
    batch: int
    precision: str = 'float32'
    recompute: bool = False

    @property
    def kind(self) -> Network:
        """What is known of the network."""
        return NETWORKS[self.network]

    @property
    def half(self) -> bool:
        """Whether it is computed in half precision."""
        return self.precision != 'float32'


class StepCost(NamedTuple):
    """What a training step costs.

    Attributes:
        seconds: Its time, that of its images included.
        memory: Peak memory in bytes.
        timed: Whether the time is that of real steps; else it is estimated.
        weighed: Whether the memory is that of a real step; else it is estimated.
    """

    seconds: float
    memory: int
    timed: bool
    weighed: bool


CostOf = Callable[[Step], StepCost]


@dataclass(frozen=True)
class Plan:
    """A training.

    Attributes:
        step: Its steps.
        cost: What a step costs at full size.
        image_size: Width and height to which whole images are brought; larger than the step's if
            it has windows.
        iterations: Number of steps.
        augmentation: Ranges of the augmentation.
        folds: Number of folds; 0 if there are too few patients.
        reasons: Decision, choice and reason.
        fold_file: The CSV of folds; empty if patients are divided in their order.
    """

    step: Step
    cost: StepCost
    image_size: Size
    iterations: int
    augmentation: Augmentation
    folds: int
    reasons: tuple[tuple[str, str, str], ...]
    fold_file: str = ''

    @property
    def windows(self) -> bool:
        """Whether the network sees windows of the images."""
        return self.image_size != self.step.size
