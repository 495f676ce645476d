from .errors import DatasetError
from .format_dataset import FormatDataset
from .multilabel_dataset import MultilabelDataset
from .polygons import Polygons
from .section_dataset import SectionDataset, SectionTiles
from .transforms import (
    CopyPaste,
    GridDropout,
    LoadPolygonAnnotations,
    LoadRadiograph,
    LoadSection,
    LoadTile,
    MultilabelAlbu,
    MultilabelRandomCutOut,
    MultilabelRandomFlip,
    MultilabelRandomRotFlip,
    PackMultilabelInputs,
    RandomAffine,
    RandomBend,
    RandomCLAHE,
    RandomElastic,
    RandomExposure,
    RandomGamma,
    RandomSharpness,
    TileMosaic,
)
from .xray_hand_bone_dataset import XRayHandBoneDataset

__all__ = [
    'CopyPaste',
    'DatasetError',
    'FormatDataset',
    'GridDropout',
    'LoadPolygonAnnotations',
    'LoadRadiograph',
    'LoadSection',
    'LoadTile',
    'MultilabelAlbu',
    'MultilabelDataset',
    'MultilabelRandomCutOut',
    'MultilabelRandomFlip',
    'MultilabelRandomRotFlip',
    'PackMultilabelInputs',
    'Polygons',
    'RandomAffine',
    'RandomBend',
    'RandomCLAHE',
    'RandomElastic',
    'RandomExposure',
    'RandomGamma',
    'RandomSharpness',
    'SectionDataset',
    'SectionTiles',
    'TileMosaic',
    'XRayHandBoneDataset',
]
