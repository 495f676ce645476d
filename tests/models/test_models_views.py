"""Views made on the device: what they show, and where their logits come back to."""

import weakref

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from scipy import ndimage

from handbone.masks import planes_last, unpack
from handbone.models.segmentors.running_mean import RunningMean
from handbone.models.segmentors.view import View

SIZE = (64, 96)
FLIPS = {'horizontal': (3,), 'vertical': (2,), 'diagonal': (2, 3)}


def smooth(channels=3, size=SIZE, seed=0):
    coarse = torch.rand(1, channels, 5, 7, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(coarse, size, mode='bicubic')


@pytest.mark.parametrize('flip', FLIPS)
def test_flips(flip):
    images = smooth()
    assert torch.equal(View(flip=flip).show(images), images.flip(FLIPS[flip]))


@pytest.mark.parametrize('angle', [-90, 90, 180, 270, 360])
def test_quarter_turns_move_pixels(angle):
    images = smooth()
    expected = np.rot90(images.numpy(), angle // 90, (2, 3))
    shown = View(angle=angle).show(images)
    np.testing.assert_array_equal(shown.numpy(), expected)
    back, seen = View(angle=angle).undo(shown, SIZE)
    assert torch.equal(back, images) and seen is None


@pytest.mark.parametrize('angle', [-20, 7, 33, 97])
def test_other_angles(angle):
    """scipy turns counter-clockwise as well, about the same centre."""
    images = smooth()
    quarters = round(angle / 90)
    turned = np.rot90(images.numpy(), quarters, (2, 3))
    rest = angle - 90 * quarters
    expected = ndimage.rotate(turned, rest, (3, 2), reshape=False, order=1, cval=-5.0)
    shown = View(angle=angle).show(images, fill=-5.0).numpy()
    # between the last pixel centre and the border scipy fills, torch interpolates
    inside = ndimage.binary_erosion(expected[0, 0] > -4.9, iterations=2)
    assert np.abs(shown - expected)[:, :, inside].max() < 1e-3
    assert inside.mean() > 0.4
    corners = shown[0, 0, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == -5.0).all()


def test_mixed_precision_does_not_move_pixels():
    """Places are computed in float32: half the numbers would round them by pixels."""
    images = smooth(size=(512, 768))
    view = View(angle=7)
    expected = view.show(images)
    back = view.undo(expected, (512, 768))[0]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert torch.equal(view.show(images), expected)
        assert torch.equal(view.undo(expected, (512, 768))[0], back)
        half = view.undo(expected.bfloat16(), (512, 768))[0]
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), back, rtol=0, atol=2**-7)


@pytest.mark.parametrize(
    'view',
    [
        View(),
        View(flip='vertical', angle=90),
        View(flip='horizontal', angle=12),
        View(angle=-100, scale=1.5),
        View(flip='diagonal', angle=5, scale=0.75),
    ],
)
def test_back_to_its_place(view):
    """What a network that means blocks of 4 x 4 says of a view comes back to where it was."""
    images = smooth()
    expected = F.avg_pool2d(images, 4)
    logits, seen = view.undo(F.avg_pool2d(view.show(images, divisor=8), 4), SIZE, (16, 24))
    assert logits.shape == expected.shape
    inner = torch.zeros(16, 24, dtype=torch.bool)
    inner[3:-3, 7:-7] = True
    if seen is not None:
        assert seen.shape == (16, 24) and 0.6 < (seen == 1).float().mean() < 1
        assert seen[inner].min() == 1 and seen.min() == pytest.approx(1e-6)
    tolerance = 0.1 if view.angle % 90 or view.scale != 1 else 1e-6
    assert (logits - expected)[..., inner].abs().max() < tolerance
    assert (logits - expected)[..., inner].std() < 0.2 * expected[..., inner].std()


def test_seen_pixels_turn_with_the_view():
    """The share of a pixel in the mean: whether the turned picture shows it."""
    view = View(flip='horizontal', angle=100)
    marked = view.show(torch.ones(1, 1, *SIZE), fill=0.0)
    assert 0.5 < (marked > 0.5).float().mean() < 1  # what it shows of the image
    _, seen = view.undo(marked, SIZE)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    x, y = columns + 0.5 - SIZE[1] / 2, rows + 0.5 - SIZE[0] / 2
    # to the place in the view: mirrored, turned by 100 degrees counter-clockwise (y points down)
    angle = np.radians(100)
    x, y = -x, y
    x, y = np.cos(angle) * x + np.sin(angle) * y, -np.sin(angle) * x + np.cos(angle) * y
    inside = (np.abs(x) < SIZE[0] / 2) & (np.abs(y) < SIZE[1] / 2)
    assert ((seen.numpy() == 1) != inside).mean() < 0.01


@pytest.mark.parametrize('scale', [0.5, 0.8, 1.25])
def test_scales(scale):
    images = smooth()
    shown = View(scale=scale).show(images, divisor=32)
    size = [max(32, round(side * scale / 32) * 32) for side in SIZE]
    assert list(shown.shape[2:]) == size
    expected = F.interpolate(images, size, mode='bilinear', antialias=True)
    torch.testing.assert_close(shown, expected)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(flip='left'), 'flip of a view'),
        (dict(angle=400), 'angle of a view'),
        (dict(scale=0), 'scale of a view'),
        (dict(rotate=3), 'is not a valid view'),
    ],
)
def test_bad_views(build_segmentor, settings, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(type='MultilabelTTAModel', module=build_segmentor(), views=[settings]))


def test_bad_merges(build_segmentor):
    for settings in (dict(merge='votes'), dict(views=[])):
        with pytest.raises(ValueError, match='merge must be|at least one view'):
            MODELS.build(dict(type='MultilabelTTAModel', module=build_segmentor(), **settings))


def test_running_mean():
    maps = [torch.randn(5, 4, 6) for _ in range(3)]
    weights = [torch.rand(4, 6) + 0.1 for _ in maps]
    for merge, to, back in (
        ('logits', lambda x: x, lambda x: x),
        ('probabilities', torch.sigmoid, torch.logit),
    ):
        mean = RunningMean(merge)
        for logits, weight in zip(maps, weights, strict=True):
            mean.add(logits, weight)
        expected = sum(to(m) * w for m, w in zip(maps, weights, strict=True)) / sum(weights)
        torch.testing.assert_close(mean.logits(), back(expected))
    sure = RunningMean()
    sure.add(torch.tensor([[-200.0, 200.0]]))
    assert sure.logits().isfinite().all()


def one_sided(inputs, metas=None):
    """Logits that depend on where something is, so that a view says something else."""
    pooled = F.avg_pool2d(inputs, 4)
    ramp = torch.linspace(-2, 2, pooled.shape[3])
    return torch.stack([pooled[:, i % 3] * 3 + (i - 2) * ramp for i in range(5)], dim=1)


@pytest.fixture
def tta(build_segmentor):
    def make(views, **settings):
        model = build_segmentor(test_cfg=dict(keep_logits=True))
        model.encode_decode = one_sided
        return MODELS.build(dict(type='MultilabelTTAModel', module=model, views=views, **settings))

    return make


def test_mean_of_views(tta, make_sample):
    """Against views that are made and undone one by one, with NumPy."""
    views = [dict(), dict(flip='horizontal'), dict(flip='vertical', angle=90), dict(angle=180)]
    images, samples = zip(*[make_sample(*SIZE, (120, 180), seed) for seed in (0, 1)], strict=True)
    for merge in ('probabilities', 'logits'):
        model = tta(views, merge=merge)
        with torch.no_grad():
            results = model.test_step(dict(inputs=list(images), data_samples=list(samples)))
        for image, result in zip(images, results, strict=True):
            x = ((image - 127.5) / 64).numpy()

            def ask(view):
                return one_sided(torch.from_numpy(view.copy())[None])[0].numpy()

            answers = [
                ask(x),
                ask(x[:, :, ::-1])[:, :, ::-1],
                np.rot90(ask(np.rot90(x[:, ::-1], 1, (1, 2))), -1, (1, 2))[:, ::-1],
                ask(x[:, ::-1, ::-1])[:, ::-1, ::-1],
            ]
            answers = torch.from_numpy(np.stack(answers))
            if merge == 'logits':
                expected = answers.mean(dim=0)
            else:
                expected = torch.logit(answers.sigmoid().mean(dim=0))
            torch.testing.assert_close(result.seg_logits.data, expected, rtol=1e-4, atol=1e-4)
            full = F.interpolate(expected[None], (120, 180), mode='bilinear')[0]
            found = torch.from_numpy(unpack(planes_last(result.pred_sem_seg.data), 5))
            assert ((found != (full > 0)) & (full.abs() > 1e-3)).sum() == 0


def test_turned_view_is_left_out_where_it_shows_nothing(tta, make_sample):
    image, sample = make_sample(*SIZE)
    with torch.no_grad():
        (plain,) = tta([dict()]).test_step(dict(inputs=[image], data_samples=[sample]))
        plain = plain.seg_logits.data.clone()
        (found,) = tta([dict(), dict(angle=30)]).test_step(
            dict(inputs=[image], data_samples=[sample])
        )
    difference = (found.seg_logits.data - plain).abs()
    assert difference[:, 0, 0].max() < 1e-3 and difference[:, -1, -1].max() < 1e-3
    assert difference[:, 8, 12].max() > 1e-3 or difference.mean() > 0.05


def test_corners_are_black(build_segmentor, make_sample):
    """A turned view is filled with what the data preprocessor makes of 0, as in training."""
    seen = []
    model = build_segmentor()
    model.encode_decode = lambda inputs, metas: seen.append(inputs) or one_sided(inputs)
    model = MODELS.build(dict(type='MultilabelTTAModel', module=model, views=[dict(angle=20)]))
    image, sample = make_sample(*SIZE)
    with torch.no_grad():
        model.test_step(dict(inputs=[image], data_samples=[sample]))
    torch.testing.assert_close(seen[0][0, :, 0, 0], torch.full((3,), -127.5 / 64))


def test_sides_of_classes(tta, make_sample):
    image, sample = make_sample(*SIZE)
    views = [dict(flip='horizontal', swap_classes=[(0, 3)])]
    with torch.no_grad():
        (found,) = tta(views).test_step(dict(inputs=[image], data_samples=[sample]))
    expected = one_sided(((image - 127.5) / 64).flip(2)[None])[0].flip(2)[[3, 1, 2, 0, 4]]
    torch.testing.assert_close(found.seg_logits.data, expected, rtol=1e-3, atol=1e-3)


def test_views_of_the_pipeline_and_of_the_device(tta, make_sample):
    """Each of the one in each way of the other."""
    image, sample = make_sample(*SIZE)
    other = image.flip(2) * 0.8
    other_sample = make_sample(*SIZE, flip=True, flip_direction='horizontal')[1]
    model = tta([dict(), dict(flip='vertical')], merge='logits')
    data = dict(inputs=[[image], [other]], data_samples=[[sample], [other_sample]])
    with torch.no_grad():
        (found,) = model.test_step(data)
    x, y = ((picture - 127.5) / 64 for picture in (image, other))
    expected = (
        one_sided(x[None])
        + one_sided(x.flip(1)[None]).flip(2)
        + one_sided(y[None]).flip(3)
        + one_sided(y.flip(1)[None]).flip(2, 3)
    )[0] / 4
    torch.testing.assert_close(found.seg_logits.data, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('number', [3, 12])
def test_memory_does_not_grow_with_the_views(build_segmentor, make_sample, number):
    """When a view goes through, nothing is left of those before but their sum."""
    alive, most = weakref.WeakSet(), []

    def watched(inputs, metas):
        most.append(len(alive))
        logits = one_sided(inputs)
        alive.add(logits)
        alive.add(inputs)
        return logits

    model = build_segmentor()
    model.encode_decode = watched
    views = [dict(angle=3 * index, scale=1 + index / 10) for index in range(number)]
    model = MODELS.build(dict(type='MultilabelTTAModel', module=model, views=views))
    image, sample = make_sample(*SIZE)
    with torch.no_grad():
        model.test_step(dict(inputs=[image], data_samples=[sample]))
    assert len(most) == number
    assert max(most) <= 2  # the batch itself, which the first view shows, and its logits
