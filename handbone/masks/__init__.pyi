from .affine import compose, inverse, scaling
from .blended_logits import (
    blend_planes,
    blended_blocks,
    blended_to_packed,
    resize_matrix,
)
from .boundaries import boundary_pixels, boundary_unknown
from .class_regions import Box, Region, class_boxes, regions
from .counts import OverlapCounts, background_counts, dice, iou, overlap_counts, precision, recall
from .decision import UpsampledBlock
from .index_map import first_class_only, index_map, joined_labels, overlapping, undecided
from .outlines import trace_outlines
from .packed import (
    CLASSES_PER_PLANE,
    IGNORE_BIT,
    class_bits,
    class_mask,
    class_target,
    empty,
    ignore_bits,
    ignore_mask,
    num_planes,
    pack,
    planes_first,
    planes_last,
    unpack,
)
from .pairs import overlapping_pairs, pair_maps, pair_pixels
from .patches import Patch, edge_weights
from .placed_logits import place_logits, placed_blocks, placed_to_packed
from .polygons import rasterize
from .rle import decode, encode, runs_to_string, string_to_runs
from .run_counts import run_overlap_counts
from .segments import run_segments
from .surfaces import surface_pixels
from .thresholds import check_thresholds, logit_thresholds
from .unknown import (
    class_code,
    classes_known,
    constant_map,
    join_unknown,
    split_unknown,
    without,
)
from .upsample import logits_to_packed, upsampled_blocks
from .warping import remap, warp

__all__ = [
    'CLASSES_PER_PLANE',
    'Box',
    'IGNORE_BIT',
    'OverlapCounts',
    'Patch',
    'Region',
    'UpsampledBlock',
    'background_counts',
    'blend_planes',
    'blended_blocks',
    'blended_to_packed',
    'boundary_pixels',
    'boundary_unknown',
    'check_thresholds',
    'class_bits',
    'class_boxes',
    'class_code',
    'class_mask',
    'class_target',
    'classes_known',
    'compose',
    'constant_map',
    'decode',
    'dice',
    'edge_weights',
    'empty',
    'encode',
    'first_class_only',
    'ignore_bits',
    'ignore_mask',
    'index_map',
    'inverse',
    'iou',
    'join_unknown',
    'joined_labels',
    'logit_thresholds',
    'logits_to_packed',
    'num_planes',
    'overlap_counts',
    'overlapping',
    'overlapping_pairs',
    'pack',
    'pair_maps',
    'pair_pixels',
    'place_logits',
    'placed_blocks',
    'placed_to_packed',
    'planes_first',
    'planes_last',
    'precision',
    'rasterize',
    'recall',
    'regions',
    'remap',
    'resize_matrix',
    'run_overlap_counts',
    'run_segments',
    'runs_to_string',
    'scaling',
    'split_unknown',
    'string_to_runs',
    'surface_pixels',
    'trace_outlines',
    'undecided',
    'unpack',
    'upsampled_blocks',
    'warp',
    'without',
]
