from .errors import DatasetError
from .format_dataset import FormatDataset
from .multilabel_dataset import MultilabelDataset
from .polygons import Polygons
from .transforms import (
    LoadPolygonAnnotations,
    LoadRadiograph,
    MultilabelRandomFlip,
    PackMultilabelInputs,
    RandomAffine,
    RandomExposure,
)
from .xray_hand_bone_dataset import XRayHandBoneDataset

__all__ = [
    'DatasetError',
    'FormatDataset',
    'LoadPolygonAnnotations',
    'LoadRadiograph',
    'MultilabelDataset',
    'MultilabelRandomFlip',
    'PackMultilabelInputs',
    'Polygons',
    'RandomAffine',
    'RandomExposure',
    'XRayHandBoneDataset',
]
