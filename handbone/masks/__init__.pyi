from .boundaries import boundary_pixels
from .counts import OverlapCounts, dice, iou, overlap_counts, precision, recall
from .packed import (
    CLASSES_PER_PLANE,
    IGNORE_BIT,
    class_bits,
    class_mask,
    empty,
    ignore_bits,
    ignore_mask,
    num_planes,
    pack,
    planes_first,
    planes_last,
    unpack,
)
from .polygons import rasterize, to_polygons
from .regions import Region, regions
from .rle import decode, encode, runs_to_string, string_to_runs
from .run_counts import run_overlap_counts
from .surfaces import surface_pixels
from .upsample import UpsampledBlock, logits_to_packed, upsampled_blocks
from .warp import warp

__all__ = [
    'CLASSES_PER_PLANE',
    'IGNORE_BIT',
    'OverlapCounts',
    'Region',
    'UpsampledBlock',
    'boundary_pixels',
    'class_bits',
    'class_mask',
    'decode',
    'dice',
    'empty',
    'encode',
    'ignore_bits',
    'ignore_mask',
    'iou',
    'logits_to_packed',
    'num_planes',
    'overlap_counts',
    'pack',
    'planes_first',
    'planes_last',
    'precision',
    'rasterize',
    'recall',
    'regions',
    'run_overlap_counts',
    'runs_to_string',
    'string_to_runs',
    'surface_pixels',
    'to_polygons',
    'unpack',
    'upsampled_blocks',
    'warp',
]
