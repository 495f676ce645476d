"""Multilabel decode heads."""

from mmseg.models import decode_heads

from .coarse_head import MultilabelCoarseHead
from .ddr_head import MultilabelDDRHead
from .enc_head import MultilabelEncHead
from .knet_head import MultilabelIterativeDecodeHead
from .multilabel_head import MultilabelDecodeHead, make_multilabel
from .multilabel_output import MultilabelOutput
from .pid_head import MultilabelPIDHead
from .pixel_shuffle_head import MultilabelPixelShuffleHead
from .segformer_head import MultilabelSegformerHead
from .segmenter_head import MultilabelSegmenterMaskTransformerHead
from .stdc_head import MultilabelSTDCHead
from .uper_head import MultilabelUPerHead

#: Decode heads of mmseg that need no change but the base class to become multilabel.
CONVERTED = (
    'ANNHead',
    'APCHead',
    'ASPPHead',
    'CCHead',
    'DAHead',
    'DepthwiseSeparableASPPHead',
    'DepthwiseSeparableFCNHead',
    'DMHead',
    'DNLHead',
    'DPTHead',
    'EMAHead',
    'FCNHead',
    'FPNHead',
    'GCHead',
    'ISAHead',
    'LightHamHead',
    'LRASPPHead',
    'NLHead',
    'OCRHead',
    'PSAHead',
    'PSPHead',
    'SETRMLAHead',
    'SETRUPHead',
)

#: Decode heads of mmseg whose counterparts fuse a pyramid in less time and memory.
FUSED = ('SegformerHead', 'UPerHead')

#: Decode heads of mmseg that read labels in their own way, which their counterparts replace.
ADAPTED = (
    'DDRHead',
    'EncHead',
    'IterativeDecodeHead',
    'PIDHead',
    'SegmenterMaskTransformerHead',
    'STDCHead',
)

#: Decode heads of mmseg without a counterpart, and why.
NOT_MULTILABEL = {
    'Mask2FormerHead': 'classifies masks, and matches them with masks of one class each',
    'MaskFormerHead': 'classifies masks, and matches them with masks of one class each',
    'PointHead': 'refines the points where the two best classes are close: one class per pixel',
    'SideAdapterCLIPHead': 'classifies masks by the names of the classes',
    'VPDDepthHead': 'predicts depth',
}

globals().update(
    {f'Multilabel{name}': make_multilabel(getattr(decode_heads, name)) for name in CONVERTED}
)

__all__ = [
    'MultilabelCoarseHead',
    'MultilabelDDRHead',
    'MultilabelDecodeHead',
    'MultilabelEncHead',
    'MultilabelIterativeDecodeHead',
    'MultilabelOutput',
    'MultilabelPIDHead',
    'MultilabelPixelShuffleHead',
    'MultilabelSTDCHead',
    'MultilabelSegformerHead',
    'MultilabelSegmenterMaskTransformerHead',
    'MultilabelUPerHead',
    'make_multilabel',
    *(f'Multilabel{name}' for name in CONVERTED),
]
