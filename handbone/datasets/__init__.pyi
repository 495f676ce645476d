from .errors import DatasetError
from .format_dataset import FormatDataset
from .multilabel_dataset import MultilabelDataset
from .polygons import Polygons
from .section_dataset import SectionDataset, SectionTiles
from .transforms import (
    LoadPolygonAnnotations,
    LoadRadiograph,
    LoadSection,
    LoadTile,
    MultilabelRandomFlip,
    PackMultilabelInputs,
    RandomAffine,
    RandomExposure,
    TileMosaic,
)
from .xray_hand_bone_dataset import XRayHandBoneDataset

__all__ = [
    'DatasetError',
    'FormatDataset',
    'LoadPolygonAnnotations',
    'LoadRadiograph',
    'LoadSection',
    'LoadTile',
    'MultilabelDataset',
    'MultilabelRandomFlip',
    'PackMultilabelInputs',
    'Polygons',
    'RandomAffine',
    'RandomExposure',
    'SectionDataset',
    'SectionTiles',
    'TileMosaic',
    'XRayHandBoneDataset',
]
