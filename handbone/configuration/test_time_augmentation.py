"""Test-time augmentation (TTA) of a config."""

from mmengine.config import Config

from handbone.errors import HandboneError

from .dataset_configs import dataset_pipeline, with_pipeline
from .known_settings import name_of
from .mirrored_sides import check_mirrored_views

#: Steps of a test pipeline that follow the views: the reference masks are not augmented.
AFTER_VIEWS = ('LoadPolygonAnnotations', 'PackMultilabelInputs')


def use_test_time_augmentation(cfg: Config) -> None:
    """Average the predictions over augmented views of each test image.

    The views are those of ``cfg.tta_views``: either arguments of
    :class:`handbone.models.segmentors.view.View`, one dict per view, which are made on the device
    one at a time; or lists of steps as in mmcv's ``TestTimeAug``, put into the test pipeline where
    the labels are drawn. ``cfg.tta_pipeline``, a whole pipeline with ``TestTimeAug``, takes
    precedence. ``cfg.tta_merge`` says what is averaged, ``'probabilities'`` by default or
    ``'logits'``.

    Args:
        cfg: Configuration, changed in place.

    Raises:
        HandboneError: If the configuration names no views, or has no test images or no model, or a
            view is a mirror image and the classes have sides.
    """
    for name in ('model', 'test_dataloader'):
        if cfg.get(name) is None:
            raise HandboneError(f'--tta: {name_of(cfg)} has no {name}')
    loader = cfg.test_dataloader
    wrapped = dict(type='MultilabelTTAModel', module=cfg.model)
    if 'tta_merge' in cfg:
        wrapped['merge'] = cfg.tta_merge
    check_mirrored_views(cfg)
    if cfg.get('tta_pipeline') is not None:
        loader.dataset = with_pipeline(loader.dataset, cfg.tta_pipeline)
    elif cfg.get('tta_views') is None:
        raise HandboneError(
            f'--tta: {name_of(cfg)} names no views; for flips add tta_views = '
            "[dict(), dict(flip='horizontal')]"
        )
    elif all(isinstance(view, dict) for view in cfg.tta_views):
        wrapped['views'] = cfg.tta_views
    else:
        pipeline = dataset_pipeline(cfg)
        steps = [step['type'] for step in pipeline]
        place = next((index for index, name in enumerate(steps) if name in AFTER_VIEWS), len(steps))
        before, after = pipeline[:place], pipeline[place:]
        views = [*cfg.tta_views, *([step] for step in after)]
        pipeline = [*before, dict(type='TestTimeAug', transforms=views)]
        loader.dataset = with_pipeline(loader.dataset, pipeline)
    cfg.model = wrapped
