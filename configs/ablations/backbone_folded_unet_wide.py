# The demo's network with twice the channels: four times the weights.
_base_ = ['../demo.py']
model = dict(backbone=dict(channels=(128, 192, 256, 384, 512)), decode_head=dict(in_channels=128))
