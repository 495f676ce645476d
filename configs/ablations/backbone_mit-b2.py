# A larger MiT under the same head: b2 has twice the channels and blocks of b0.
_base_ = ['../segformer_mit-b0_1024.py']
checkpoint = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b2_20220624-66e8bf70.pth'  # noqa: E501
backbone = dict(embed_dims=64, num_layers=[3, 4, 6, 3], init_cfg=dict(checkpoint=checkpoint))
model = dict(backbone=backbone, decode_head=dict(in_channels=[64, 128, 320, 512]))
