from .class_masses import Masses, masses_of_labels, masses_of_logits
from .class_region import ClassRegion
from .crops import OVERSAMPLING, inside, sample_crops, sample_grid
from .separation import Part, separate_masks, separate_regions
from .similarity import Fit, SidedFit, fit_either_side, fit_similarity
from .template_learning import Outlined, learn_template
from .template_region import Found, TemplateRegion, view_size, whole_image

__all__ = [
    'OVERSAMPLING',
    'ClassRegion',
    'Fit',
    'Found',
    'Masses',
    'Outlined',
    'Part',
    'SidedFit',
    'TemplateRegion',
    'fit_either_side',
    'fit_similarity',
    'inside',
    'learn_template',
    'masses_of_labels',
    'masses_of_logits',
    'sample_crops',
    'sample_grid',
    'separate_masks',
    'separate_regions',
    'view_size',
    'whole_image',
]
