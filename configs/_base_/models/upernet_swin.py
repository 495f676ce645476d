# UPerNet on Swin-T (Xiao et al., 2018; Liu et al., 2021), multilabel.
_base_ = [__import__('mmseg').__path__[0] + '/.mim/configs/_base_/models/upernet_swin.py']

# The pooling branch normalises 1 x 1 maps, for which BatchNorm needs at least 2 images per GPU;
# GroupNorm needs only one.
norm_cfg = dict(type='GN', num_groups=32, requires_grad=True)
# Radiographs are grey; padding on the right and at the bottom is background.
data_preprocessor = dict(
    bgr_to_rgb=False, seg_pad_val=0, size_divisor=32, test_cfg=dict(size_divisor=32)
)
checkpoint = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/swin/swin_tiny_patch4_window7_224_20220317-1cdeb081.pth'  # noqa: E501
losses = [
    dict(type='MultilabelBCELoss', loss_weight=1.0),
    dict(type='MultilabelDiceLoss', loss_weight=1.0),
]
# the auxiliary head has the weight 0.4, as in mmseg
auxiliary_losses = [
    dict(type='MultilabelBCELoss', loss_weight=0.4),
    dict(type='MultilabelDiceLoss', loss_weight=0.4),
]
model = dict(
    type='MultilabelEncoderDecoder',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='SDPASwinTransformer',
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
    ),
    decode_head=dict(
        type='MultilabelUPerHead', num_classes=29, norm_cfg=norm_cfg, loss_decode=losses
    ),
    auxiliary_head=dict(
        type='MultilabelFCNHead', num_classes=29, norm_cfg=norm_cfg, loss_decode=auxiliary_losses
    ),
)
