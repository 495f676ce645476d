"""The base class of the multilabel losses on packed labels."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn

from handbone.errors import HandboneError

from .class_by_class import class_by_class_loss
from .class_pixels import ClassPixels
from .class_sums import SumName


class PackedLoss(nn.Module, ABC):
    """A loss that is a mean over classes and reads its target from packed labels.

    A subclass defines :meth:`class_losses`, which computes the values and gradients of a few
    classes. Gradients are written out because several losses can then share one sigmoid and one
    pass over the pixels, and no full-size tensor has to be kept. If the losses are functions of the
    sums that the GPU kernels compute, the subclass also defines :meth:`losses_of_sums`.

    Args:
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor per class, or ``None`` for equal weights. The loss is the mean over
            classes of ``class_weight[c] * loss[c]``.
        loss_name: Key in the log; mmseg adds entries whose name contains ``loss``.
    """

    #: Whether :meth:`class_losses` talks to the other processes of a distributed training.
    over_processes = False
    #: Whether the loss depends on where pixels lie, not only on their logits and labels.
    reads_places = False
    #: Exponents of the :class:`Surprise` that :meth:`losses_of_sums` reads.
    exponents: tuple[float, ...] = ()

    def __init__(
        self,
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        loss_name: str = 'loss_multilabel',
    ) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.class_weight = None if class_weight is None else tuple(class_weight)
        self._loss_name = loss_name

    @property
    def loss_name(self) -> str:
        """Key of this loss in the log."""
        return self._loss_name

    @abstractmethod
    def class_losses(self, pixels: ClassPixels) -> tuple[Tensor, Tensor]:
        """Compute the loss of each of K classes.

        Args:
            pixels: Prediction and reference.

        Returns:
            The losses, ``(K,)``, and the gradient of each with respect to its logits,
            ``(N, K, H, W)``.
        """

    def losses_of_sums(self, sums: dict[SumName, Tensor]) -> tuple[Tensor, dict[SumName, Tensor]]:
        """Compute the loss of all classes from sums over their pixels.

        Args:
            sums: By name, ``(N, C)`` float64 each.

        Returns:
            The losses, ``(C,)``, and their derivatives with respect to the sums that depend on the
            logits, each of a shape that broadcasts to ``(N, C)``.

        Raises:
            NotImplementedError: If the loss is not a function of these sums.
        """
        raise NotImplementedError(f'{type(self).__name__} is not a function of sums over pixels')

    @classmethod
    def reads_sums(cls) -> bool:
        """Tell whether :meth:`losses_of_sums` computes what :meth:`class_losses` does.

        A subclass that overrides only the latter does not define how to compute it from sums.
        """
        for each in cls.__mro__:
            if 'losses_of_sums' in vars(each):
                return each is not PackedLoss
            if 'class_losses' in vars(each):
                return False
        return False

    def forward(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        **_: object,
    ) -> Tensor:
        """Compute the loss as mmseg's heads call it.

        Args:
            logits: ``(N, C, h, w)`` floating point.
            target: ``(N, H, W)`` or ``(N, P, H, W)`` int32 packed labels.
            weight: Not supported: pixel weights come from mmseg's samplers, which read integer
                labels.
            ignore_index: Not used: packed labels mark ignored pixels by bit 31.

        Returns:
            A scalar.

        Raises:
            HandboneError: If ``weight`` is given or the labels do not fit the logits.
        """
        if weight is not None:
            raise HandboneError(
                f'{type(self).__name__} takes no pixel weights; remove `sampler` from the head'
            )
        return class_by_class_loss(logits, target, [self])[0]
