_base_ = [
    '_base_/models/upernet_swin.py',
    '_base_/datasets/xray_hand_bone.py',
    '_base_/schedules/adamw_poly_40k.py',
    '_base_/default_runtime.py',
]
# pretrained on ImageNet-22k
checkpoint = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/swin/swin_large_patch4_window7_224_22k_20220412-aeecf2aa.pth'  # noqa: E501
model = dict(
    backbone=dict(
        embed_dims=192,
        depths=[2, 2, 18, 2],
        num_heads=[6, 12, 24, 48],
        init_cfg=dict(checkpoint=checkpoint),
    ),
    decode_head=dict(in_channels=[192, 384, 768, 1536]),
    auxiliary_head=dict(in_channels=768),
)
