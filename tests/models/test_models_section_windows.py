"""Sections that are read window by window against the same network on the whole image."""

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmseg.registry import MODELS, TRANSFORMS

from handbone.errors import HandboneError
from handbone.masks import logits_to_packed
from handbone.sections import Section
from handbone.sections.area_average import area_average

cv2 = pytest.importorskip('cv2')
tifffile = pytest.importorskip('tifffile')

SLIDE = dict(mode='slide', crop_size=(64, 64), stride=(32, 32))


@pytest.fixture(scope='module')
def section(tmp_path_factory):
    def write(height, width, seed=0):
        path = tmp_path_factory.mktemp('sections') / 'section.tif'
        random = np.random.default_rng(seed)
        coarse = random.integers(0, 256, (9, 11, 3)).astype(np.float32)
        image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        image = image.clip(0, 255).astype(np.uint8)
        tifffile.imwrite(path, image, photometric='rgb', tile=(64, 64))
        return path

    return write


def loaded(path, reduce):
    packed = TRANSFORMS.build(dict(type='PackMultilabelInputs'))
    loading = TRANSFORMS.build(dict(type='LoadSection', reduce=reduce, overview=50))
    return packed(loading(dict(img_path=str(path))))


def whole(model, path, reduce, window=64):
    """Labels of the whole section at once; the network is that of blocks of 4 x 4 pixels."""
    image = tifffile.imread(path)
    reduced = area_average(image, reduce)[..., ::-1].astype(np.float32)
    frame = [max(window, -(-side // 4) * 4) for side in reduced.shape[:2]]
    normalised = np.zeros((*frame, 3), np.float32)
    normalised[: reduced.shape[0], : reduced.shape[1]] = (reduced - 127.5) / 64
    inputs = torch.from_numpy(normalised.transpose(2, 0, 1))[None]
    with torch.no_grad():
        (logits,) = model.encode_decode(inputs, [])
    content = [side / reduce / 4 for side in image.shape[:2]]
    return logits_to_packed(logits, image.shape[:2], content=content)


def predicted(model, *items):
    with torch.no_grad():
        samples = model.test_step(pseudo_collate(list(items)))
    return [sample.pred_sem_seg.data for sample in samples]


@pytest.mark.parametrize('reduce', [1, 2, 3])
@pytest.mark.parametrize('size', [(403, 510), (301, 260), (90, 400)])
def test_windows_give_the_labels_of_the_whole(build_segmentor, section, size, reduce):
    model = build_segmentor(test_cfg=SLIDE)
    path = section(*size)
    (found,) = predicted(model, loaded(path, reduce))
    expected = whole(model, path, reduce)
    assert found.shape == (1, *size)
    assert (found != expected).float().mean() < 1e-4
    assert all(((found >> c) & 1).float().mean() > 0.02 for c in range(2))


def test_sections_of_one_batch(build_segmentor, section):
    """Their overviews may have the same shape though they have not."""
    model = build_segmentor(test_cfg=SLIDE)
    paths = section(200, 300, 1), section(201, 301, 2), section(400, 600, 3)
    together = predicted(model, *(loaded(path, 2) for path in paths))
    for path, found in zip(paths, together, strict=True):
        assert (found != whole(model, path, 2)).float().mean() < 1e-4


def test_views_of_each_window(build_segmentor, section):
    """The network is the same on flipped windows, so the mean of views is that of one."""
    model = build_segmentor(test_cfg=SLIDE)
    tta = MODELS.build(
        dict(type='MultilabelTTAModel', module=model, views=[dict(), dict(flip='vertical')])
    )
    path = section(203, 310)
    (found,) = predicted(tta.eval(), loaded(path, 2))
    assert (found != whole(model, path, 2)).float().mean() < 1e-3


@pytest.mark.parametrize('windows', [1, 3])
def test_a_summary_of_views_has_no_agreement(build_segmentor, section, monkeypatch, windows):
    """It ended with an error where several windows went through the network at once."""
    said = []
    place = 'handbone.models.segmentors.multilabel_tta.print_log'
    monkeypatch.setattr(place, lambda text, **_: said.append(text))
    model = build_segmentor(test_cfg=dict(SLIDE, window_batch=windows, summarise={}))
    views = [dict(), dict(flip='vertical')]
    tta = MODELS.build(dict(type='MultilabelTTAModel', module=model, views=views)).eval()
    item = loaded(section(203, 310), 2)
    for _ in range(2):
        with torch.no_grad():
            (sample,) = tta.test_step(pseudo_collate([item]))
        assert np.isnan(sample.logit_summary.agreement).all()
        assert np.isfinite(sample.logit_summary.confidence).any()
    assert len(said) == 1 and 'is not told of sections' in said[0]


def test_only_windows_are_read(build_segmentor, section, monkeypatch):
    model = build_segmentor(test_cfg=SLIDE)
    item = loaded(section(600, 900), 2)
    read, largest = Section.read, []
    monkeypatch.setattr(
        Section,
        'read',
        lambda self, *box: largest.append(box[2] * box[3]) or read(self, *box),
    )
    predicted(model, item)
    assert max(largest) == 64 * 64


@pytest.mark.parametrize(
    ('test_cfg', 'message'),
    [
        (dict(mode='whole'), 'sections are predicted window by window: set model.test_cfg'),
        (
            dict(SLIDE, postprocess=[dict(type='DenseCRF')]),
            'DenseCRF needs the whole image, which is not read of a section',
        ),
    ],
)
def test_settings_that_sections_do_not_allow(build_segmentor, section, test_cfg, message):
    if 'postprocess' in test_cfg:
        pytest.importorskip('pydensecrf')
    model = build_segmentor(test_cfg=test_cfg)
    with pytest.raises(HandboneError, match=message):
        predicted(model, loaded(section(200, 300), 2))
