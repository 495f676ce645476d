"""Weights with the same settings in one group, so that an optimiser updates them together."""

from mmengine.optim import DefaultOptimWrapperConstructor
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

from handbone.errors import HandboneError


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor with one group per set of settings instead of one per weight.

    With ``paramwise_cfg`` mmengine makes hundreds of groups, and an optimiser on a GPU launches
    separate kernels for each. The weights and their settings stay the same.
    """

    def add_params(
        self,
        params: list[dict],
        module: nn.Module,
        prefix: str = '',
        is_dcn_module: int | float | None = None,
    ) -> None:
        """Collect the weights with their settings.

        Args:
            params: List that the groups are added to.
            module: The model, or a part of it.
            prefix: Name of the part.
            is_dcn_module: Whether the part belongs to a deformable convolution.
        """
        super().add_params(params, module, prefix, is_dcn_module)
        if not prefix:
            self.adjust(params, module)
            params[:] = merge_groups(params)

    def adjust(self, params: list[dict], model: nn.Module) -> None:
        """Change the settings of single weights before they are grouped; for subclasses.

        Args:
            params: One group per weight.
            model: The model.
        """


def merge_groups(groups: list[dict]) -> list[dict]:
    """Join groups whose settings are the same.

    Args:
        groups: ``params``, a list of weights, and settings.

    Returns:
        Groups in the order in which their settings first appear, weights in their original order.

    Raises:
        HandboneError: If a weight is in two groups and would be updated twice.
    """
    merged: dict[str, dict] = {}
    known: set[int] = set()
    for group in groups:
        settings = {name: value for name, value in group.items() if name != 'params'}
        found = merged.setdefault(repr(sorted(settings.items())), dict(params=[], **settings))
        found['params'].extend(group['params'])
        if not known.isdisjoint(map(id, group['params'])):
            raise HandboneError(
                'two parts of the model share a weight, which would be updated twice: set '
                'optim_wrapper.paramwise_cfg.bypass_duplicate=True'
            )
        known.update(map(id, group['params']))
    return list(merged.values())
