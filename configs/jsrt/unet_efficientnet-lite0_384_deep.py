# unet_efficientnet-lite0_384 with deep supervision at 1/4 and 1/8 of the image.
_base_ = ['unet_efficientnet-lite0_384.py']
coarse = dict(
    type='MultilabelCoarseHead', num_classes=5, loss_decode=_base_.model.decode_head.loss_decode
)
auxiliary_head = [
    dict(coarse, in_index=level, in_channels=width, weight=0.5**level)
    for level, width in ((1, 64), (2, 128))
]
model = dict(neck=dict(outputs=3), auxiliary_head=auxiliary_head)
