# Blocks recompute their inner feature maps in the backward pass: less memory, more time.
_base_ = ['../upernet_swin-t_1536.py']
model = dict(backbone=dict(with_cp=True))
