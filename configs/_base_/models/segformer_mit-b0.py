# SegFormer mit-b0 (Xie et al., 2021), multilabel.
_base_ = [__import__('mmseg').__path__[0] + '/.mim/configs/_base_/models/segformer_mit-b0.py']

norm_cfg = dict(type='BN', requires_grad=True)  # becomes SyncBN on several GPUs
# Radiographs are grey; padding on the right and at the bottom is background.
data_preprocessor = dict(
    bgr_to_rgb=False, seg_pad_val=0, size_divisor=32, test_cfg=dict(size_divisor=32)
)
checkpoint = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b0_20220624-7e0fe6dd.pth'  # noqa: E501
losses = [
    dict(type='MultilabelBCELoss', loss_weight=1.0),
    dict(type='MultilabelDiceLoss', loss_weight=1.0),
]
model = dict(
    type='MultilabelEncoderDecoder',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='SDPAMixVisionTransformer',
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
    ),
    decode_head=dict(
        type='MultilabelSegformerHead', num_classes=29, norm_cfg=norm_cfg, loss_decode=losses
    ),
)
