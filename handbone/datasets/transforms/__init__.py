"""Transforms for radiographs and packed label maps, beside those of mmcv and mmseg."""

from .copy_paste import CopyPaste
from .crop_to_region import CropToRegion
from .grid_dropout import GridDropout
from .load_polygon_annotations import LoadPolygonAnnotations
from .load_radiograph import LoadRadiograph
from .load_section import LoadSection, LoadTile
from .multilabel_albu import MultilabelAlbu
from .multilabel_random_cut_out import MultilabelRandomCutOut
from .multilabel_random_flip import MultilabelRandomFlip
from .multilabel_random_rot_flip import MultilabelRandomRotFlip
from .pack_multilabel_inputs import PackMultilabelInputs
from .random_affine import RandomAffine
from .random_bend import RandomBend
from .random_clahe import RandomCLAHE
from .random_elastic import RandomElastic
from .random_exposure import RandomExposure
from .random_gamma import RandomGamma
from .random_sharpness import RandomSharpness
from .tile_mosaic import TileMosaic
from .upright_affine import UprightAffine

__all__ = [
    'CopyPaste',
    'CropToRegion',
    'GridDropout',
    'LoadPolygonAnnotations',
    'LoadRadiograph',
    'LoadSection',
    'LoadTile',
    'MultilabelAlbu',
    'MultilabelRandomCutOut',
    'MultilabelRandomFlip',
    'MultilabelRandomRotFlip',
    'PackMultilabelInputs',
    'RandomAffine',
    'RandomBend',
    'RandomCLAHE',
    'RandomElastic',
    'RandomExposure',
    'RandomGamma',
    'RandomSharpness',
    'TileMosaic',
    'UprightAffine',
]
