"""An object of six overlapping parts, drawn anywhere, and a segmentor that reads it off the image.

Each class has its own channel, so a network that says what it sees makes no mistakes of its own.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from handbone.masks import compose, rasterize, unpack
from handbone.models.segmentors.multilabel_segmentor import PackedPrediction

#: Centre, half width and half height of each part, in an object of about 2 x 2.
PARTS = (
    (-0.6, 0.1, 0.18, 0.4),
    (-0.2, -0.5, 0.15, 0.5),
    (0.3, -0.6, 0.2, 0.35),
    (0.5, 0.0, 0.3, 0.2),
    (0.1, 0.3, 0.45, 0.25),
    (-0.1, 0.7, 0.25, 0.35),
)
#: What a view of 2.4 x 2.4 shows in its middle.
TEMPLATE = [((x + 1.2) / 2.4, (y + 1.2) / 2.4) for x, y, _, _ in PARTS]


def object_matrix(angle, pixels, middle, mirrored=False):
    """From coordinates of the object to pixels; ``pixels`` is the length of one unit."""
    cosine, sine = pixels * math.cos(angle), pixels * math.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    if mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    return np.column_stack([linear, middle])


def object_polygons(matrix, parts=None):
    """Pairs of class and points."""
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    polygons = []
    for index in range(len(PARTS)) if parts is None else parts:
        x, y, width, height = PARTS[index]
        corners = np.array([x, y]) + signs * [width, height]
        polygons.append((index, corners @ matrix[:, :2].T + matrix[:, 2]))
    return polygons


def object_image(polygons, size):
    """The masks as channels (C, H, W) of 0 and 255, and the packed map."""
    packed = rasterize(polygons, *size, len(PARTS))
    channels = 255 * unpack(packed, len(PARTS)).astype(np.float32)
    return torch.from_numpy(channels), packed


def sample_of(image, original=None):
    size = tuple(image.shape[1:])
    meta = dict(img_path='image.png', ori_shape=original or size, img_shape=size)
    return SegDataSample(metainfo=meta)


@MODELS.register_module()
class ChannelSegmentor(PackedPrediction, BaseSegmentor):
    """Says that a class is where its channel is bright."""

    align_corners = False

    def __init__(self, stride=1, num_classes=6, divisor=8, blind=False):
        settings = dict(type='SegDataPreProcessor', test_cfg=dict(size_divisor=divisor))
        BaseSegmentor.__init__(self, data_preprocessor=settings)
        self.stride, self.num_classes, self.blind = stride, num_classes, blind
        self.test_cfg = {}
        self.sizes = []
        self.weight = torch.nn.Parameter(torch.tensor(0.1))
        self.set_up_prediction()

    def encode_decode(self, inputs, batch_img_metas):
        self.sizes.append(tuple(inputs.shape))
        logits = (F.avg_pool2d(inputs, self.stride) - 127.5) * self.weight
        return logits - 1000 if self.blind else logits

    def extract_feat(self, inputs):
        return [inputs]

    def loss(self, inputs, data_samples):
        return {}

    def _forward(self, inputs, data_samples=None):
        return self.encode_decode(inputs, [])


def mixed_up_unless_upright(logits):
    """The logits where the object points up, and those of other classes elsewhere."""
    shares = (logits > 0) / (logits > 0).sum(dim=(2, 3), keepdim=True).clamp_min(1)
    rows = torch.arange(logits.shape[2], dtype=logits.dtype).reshape(-1, 1)
    columns = torch.arange(logits.shape[3], dtype=logits.dtype)
    y, x = ((shares * place).sum(dim=(2, 3)) for place in (rows, columns))
    # from the last part to the second one
    up, aside = y[:, 5] - y[:, 1], (x[:, 5] - x[:, 1]).abs()
    return torch.where((up > aside)[:, None, None, None], logits, logits[:, [2, 3, 5, 0, 1, 4]])


@MODELS.register_module()
class UprightSegmentor(ChannelSegmentor):
    """Knows the object only where it points up."""

    def encode_decode(self, inputs, batch_img_metas):
        return mixed_up_unless_upright(super().encode_decode(inputs, batch_img_metas))


@MODELS.register_module()
class ShortSightedSegmentor(ChannelSegmentor):
    """Does not see classes where they are few cells."""

    def __init__(self, least=8, **settings):
        super().__init__(**settings)
        self.least = least

    def encode_decode(self, inputs, batch_img_metas):
        logits = super().encode_decode(inputs, batch_img_metas)
        around = 81 * F.avg_pool2d((logits > 0).float(), 9, 1, 4)
        return torch.where(around < self.least - 0.5, -1000.0, logits)


def cascade_settings(view=(192, 192), mirror=True, blind=False, shrink=4, **settings):
    """Settings of a cascade of two such networks."""
    model = dict(
        type='RegionCascade',
        locator=dict(type='ChannelSegmentor', stride=2, blind=blind),
        network=dict(type='ChannelSegmentor'),
        region=dict(
            type='TemplateRegion', name='object', template=TEMPLATE, size=view, mirror=mirror
        ),
        shrink=shrink,
        data_preprocessor=dict(type='SegDataPreProcessor', test_cfg=dict(size_divisor=8 * shrink)),
    )
    return model | settings


def build_cascade(**settings):
    """A cascade of two such networks."""
    return MODELS.build(cascade_settings(**settings)).eval()


def grey_cascade(stride):
    """Settings of a cascade that sees grey images, small enough to be exported."""
    return cascade_settings(
        locator=dict(type='GreySegmentor', stride=2),
        network=dict(type='GreySegmentor', stride=stride),
        shrink=2,
        data_preprocessor=dict(type='SegDataPreProcessor', test_cfg=dict(size_divisor=32)),
    )


def dice_of(found, expected):
    """Dice of each class of two packed maps (H, W)."""
    found, expected = unpack(found, len(PARTS)), unpack(expected, len(PARTS))
    both = (found & expected).sum(axis=(1, 2))
    return (2 * both + 1e-4) / (found.sum(axis=(1, 2)) + expected.sum(axis=(1, 2)) + 1e-4)


def predict(model, *images, originals=None):
    """The samples of images that were predicted together."""
    originals = originals or [None] * len(images)
    samples = [sample_of(image, size) for image, size in zip(images, originals, strict=True)]
    with torch.no_grad():
        return model.test_step(dict(inputs=list(images), data_samples=samples))


def view_error(sample, matrix, view):
    """Largest distance, in pixels of the view, from where the object should be in it."""
    to_view = compose(sample.region_matrix[0], matrix)
    units = np.array([[x, y] for x, y, _, _ in PARTS])
    found = units @ to_view[:, :2].T + to_view[:, 2]
    return np.abs(found - (np.array(TEMPLATE) * view - 0.5)).max()


#: Grey value of each part in a grey image, where the last one drawn covers the others.
LEVELS = tuple(range(40, 241, 40))


def grey_image(polygons, size):
    """The parts as grey values, (H, W) uint8."""
    image = np.zeros(size, np.uint8)
    for index, points in polygons:
        drawn = rasterize([(0, points)], *size, 1)
        image[drawn != 0] = LEVELS[index]
    return image


@MODELS.register_module()
class GreySegmentor(ChannelSegmentor):
    """Says that a class is where the image has its grey value."""

    def encode_decode(self, inputs, batch_img_metas):
        grey = F.avg_pool2d(inputs[:, :1], self.stride)
        levels = torch.tensor(LEVELS, dtype=grey.dtype).reshape(1, -1, 1, 1)
        return (6 - (grey - levels).abs()) * self.weight


@MODELS.register_module()
class UprightGreySegmentor(GreySegmentor):
    """Knows the object only where it points up."""

    def encode_decode(self, inputs, batch_img_metas):
        return mixed_up_unless_upright(super().encode_decode(inputs, batch_img_metas))


#: Names of the parts, for regions.
NAMES = tuple('abcdef')


def small_part_region(classes=('b', 'c'), size=(96, 96), name='small', **settings):
    """The box around some parts."""
    region = dict(type='ClassRegion', name=name, classes=classes, class_list=NAMES, size=size)
    return region | dict(margin=0.3) | settings


def network_with_background():
    """A network for classes that exclude each other: a softmax over them and the background."""
    channels = dict(in_channels=6, channels=6, num_classes=7, in_index=0)
    return dict(
        type='MultilabelEncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor', test_cfg=dict(size_divisor=8)),
        backbone=dict(type='PoolingBackbone'),
        decode_head=dict(type='FCNHead', num_convs=0, concat_input=False, **channels),
        test_cfg=dict(decision='exclusive'),
    )


def build_second_look(first=None, looks=None, shrink=4, **settings):
    """A coarse first stage, and a network that sees two parts closely."""
    closer = [dict(network=dict(type='ChannelSegmentor'), regions=[small_part_region()])]
    model = dict(
        type='SecondLook',
        first=first or dict(type='ChannelSegmentor', stride=4),
        looks=closer if looks is None else looks,
        shrink=shrink,
        data_preprocessor=dict(type='SegDataPreProcessor', test_cfg=dict(size_divisor=8 * shrink)),
    )
    return MODELS.build(model | settings).eval()
