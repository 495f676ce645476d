# folded_unet with twice the channels at the finest level: a third slower per iteration at 192
# pixels and half as long again at 384; for trainings of many classes with 2,000 iterations or more.
_base_ = ['folded_unet.py']
model = dict(
    backbone=dict(channels=(64, 96, 128, 192, 256)),
    decode_head=dict(in_channels=64),
)
