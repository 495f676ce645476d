"""An ensemble as one network for export."""

from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from handbone.configuration.dataset_configs import dataset_classes, dataset_pipeline
from handbone.configuration.known_settings import name_of
from handbone.configuration.prediction_settings import prediction_settings
from handbone.ensembles import check_same_classes
from handbone.ensembles.ensemble_file import EnsembleMember, read_ensemble
from handbone.ensembles.members import build_member, check_same_decision, decided_by
from handbone.ensembles.trained_config import member_config
from handbone.errors import HandboneError
from handbone.export.averaged_network import AveragedNetwork, AveragedPart
from handbone.export.config_preprocessing import read_preprocessing
from handbone.export.preprocessing import Preprocessing
from handbone.models.segmentors.multilabel_tta import make_view


def load_ensemble(
    cfg: Config, path: str | Path, size: tuple[int, int] | None = None
) -> tuple[AveragedNetwork, Preprocessing]:
    """Build the members of an ensemble as one network.

    Args:
        cfg: A config with the classes of the ensemble, changed in place: it gets the steps of the
            ensemble.
        path: File of the ensemble.
        size: Height and width of the input; those of the members by default.

    Returns:
        The network, for evaluation on the CPU, and what happens to an image before it.

    Raises:
        FileNotFoundError: If the file does not exist.
        HandboneError: If the ensemble is not valid, or one graph cannot do what it does.
    """
    ensemble = read_ensemble(path)
    check_same_classes(str(path), ensemble.classes, name_of(cfg), dataset_classes(cfg))
    prediction_settings(cfg)['postprocess'] = [dict(step) for step in ensemble.postprocess]
    parts: list[AveragedPart] = []
    first: Preprocessing | None = None
    for member, share in zip(ensemble.members, ensemble.shares, strict=True):
        own = member_config(member.checkpoint, prediction=member.prediction)
        init_default_scope(own.get('default_scope', 'mmseg'))
        preprocessing = read_preprocessing(dataset_pipeline(own), own.model.data_preprocessor, size)
        first = first or preprocessing
        if preprocessing != first:
            raise _refused(
                path, f'{member.checkpoint} takes another input than {parts[0].name}', member
            )
        segmentor = build_member(own.model, member.checkpoint).eval()
        if parts:
            decided = decided_by(parts[0].segmentor)
            check_same_decision(segmentor, decided, member.checkpoint, parts[0].name)
        views = [make_view(view) for view in member.views]
        if any(view.angle or view.scale != 1 for view in views):
            raise _refused(path, f'{member.checkpoint} has turned or scaled views', member)
        parts.append(AveragedPart(member.checkpoint, segmentor, share, views))
    assert first is not None, 'an ensemble has members'
    averaged = AveragedNetwork(parts, ensemble.merge, first)
    averaged.test_cfg['threshold'] = list(ensemble.thresholds)
    return averaged.eval(), first


def _refused(path: str | Path, fault: str, member: EnsembleMember) -> HandboneError:
    return HandboneError(
        f'{path} cannot be one graph: {fault}. Members of the same input, with no views but '
        'flips, can be averaged in a graph (`handbone find-best --without views,windows`). Export '
        'single checkpoints, such as `handbone export '
        f'CONFIG {member.checkpoint}`, or predict with the ensemble file itself'
    )
