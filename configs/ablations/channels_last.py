# Channels-last convolutions: faster on GPUs, most of all in mixed precision.
_base_ = ['../demo.py']
model = dict(channels_last=True)
