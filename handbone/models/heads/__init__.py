"""Multilabel decode heads."""

from mmseg.models import decode_heads

from .multilabel_head import MultilabelDecodeHead, make_multilabel
from .pixel_shuffle_head import MultilabelPixelShuffleHead
from .segformer_head import MultilabelSegformerHead
from .uper_head import MultilabelUPerHead

#: Decode heads of mmseg that become multilabel as they are. Not among them: heads whose losses
#: read integer labels (EncHead's context, STDC's and PID's boundaries), heads that classify masks,
#: points or text (Segmenter, MaskFormer, Mask2Former, PointHead, SAN), and cascades of heads
#: (K-Net).
CONVERTED = (
    'ANNHead',
    'APCHead',
    'ASPPHead',
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
    'PSPHead',
    'SETRMLAHead',
    'SETRUPHead',
)

globals().update(
    {f'Multilabel{name}': make_multilabel(getattr(decode_heads, name)) for name in CONVERTED}
)

__all__ = [
    'MultilabelDecodeHead',
    'MultilabelPixelShuffleHead',
    'MultilabelSegformerHead',
    'MultilabelUPerHead',
    'make_multilabel',
    *(f'Multilabel{name}' for name in CONVERTED),
]
