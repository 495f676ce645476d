# SegFormer mit-b3: twice the channels of b0 and 28 blocks instead of 8, at 1536 x 1536.
_base_ = [
    '_base_/models/segformer_mit-b0.py',
    '_base_/datasets/xray_hand_bone.py',
    '_base_/schedules/adamw_poly_40k.py',
    '_base_/default_runtime.py',
]
checkpoint = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b3_20220624-13b1141c.pth'  # noqa: E501
model = dict(
    backbone=dict(
        embed_dims=64,
        num_heads=[1, 2, 5, 8],
        num_layers=[3, 4, 18, 3],
        init_cfg=dict(checkpoint=checkpoint),
    ),
    decode_head=dict(in_channels=[64, 128, 320, 512]),
)
