# SegFormer mit-b2 (Xie et al., 2021), multilabel.
_base_ = ['segformer_mit-b0.py']

checkpoint = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b2_20220624-66e8bf70.pth'  # noqa: E501
model = dict(
    backbone=dict(
        embed_dims=64,
        num_heads=[1, 2, 5, 8],
        num_layers=[3, 4, 6, 3],
        init_cfg=dict(checkpoint=checkpoint),
    ),
    decode_head=dict(in_channels=[64, 128, 320, 512]),
)
