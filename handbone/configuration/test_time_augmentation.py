"""Test-time augmentation of a configuration."""

from mmengine.config import Config

from handbone.errors import HandboneError

#: Steps of a test pipeline that follow on augmented views: the truth is not augmented.
AFTER_VIEWS = ('LoadPolygonAnnotations', 'PackMultilabelInputs')


def augment(cfg: Config) -> None:
    """Average the predictions over augmented views of each test image.

    The views are those of ``cfg.tta_views``: either arguments of
    :class:`handbone.models.segmentors.view.View`, one dict a view, which are made on the device one
    at a time; or lists of steps as in mmcv's ``TestTimeAug``, put into the test pipeline where the
    labels are drawn. ``cfg.tta_pipeline`` is a whole pipeline with ``TestTimeAug`` and goes before
    them. ``cfg.tta_merge`` says what is averaged, ``'probabilities'`` by default or ``'logits'``.

    Args:
        cfg: Configuration, changed in place.

    Raises:
        HandboneError: If the configuration names no views.
    """
    dataset = cfg.test_dataloader.dataset
    wrapped = dict(type='MultilabelTTAModel', module=cfg.model)
    if 'tta_merge' in cfg:
        wrapped['merge'] = cfg.tta_merge
    if 'tta_pipeline' in cfg:
        dataset.pipeline = cfg.tta_pipeline
    elif 'tta_views' in cfg and all(isinstance(view, dict) for view in cfg.tta_views):
        wrapped['views'] = cfg.tta_views
    elif 'tta_views' in cfg:
        types = [step.type for step in dataset.pipeline]
        place = min(index for index, name in enumerate(types) if name in AFTER_VIEWS)
        before, after = dataset.pipeline[:place], dataset.pipeline[place:]
        views = [*cfg.tta_views, *([step] for step in after)]
        dataset.pipeline = [*before, dict(type='TestTimeAug', transforms=views)]
    else:
        raise HandboneError(
            f'--tta: {cfg.filename} names no views; add, for flips, tta_views = '
            "[dict(), dict(flip='horizontal')]"
        )
    cfg.model = wrapped
