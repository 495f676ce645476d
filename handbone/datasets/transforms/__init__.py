"""Transforms for radiographs and packed label maps, beside those of mmcv and mmseg."""

from .crop_to_region import CropToRegion
from .load_polygon_annotations import LoadPolygonAnnotations
from .load_radiograph import LoadRadiograph
from .load_section import LoadSection, LoadTile
from .multilabel_random_flip import MultilabelRandomFlip
from .pack_multilabel_inputs import PackMultilabelInputs
from .random_affine import RandomAffine
from .random_exposure import RandomExposure
from .tile_mosaic import TileMosaic
from .upright_affine import UprightAffine

__all__ = [
    'CropToRegion',
    'LoadPolygonAnnotations',
    'LoadRadiograph',
    'LoadSection',
    'LoadTile',
    'MultilabelRandomFlip',
    'PackMultilabelInputs',
    'RandomAffine',
    'RandomExposure',
    'TileMosaic',
    'UprightAffine',
]
