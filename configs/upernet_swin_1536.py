# UPerNet on Swin-T at 1536 x 1536: every setting is that of the four files below.
_base_ = [
    '_base_/models/upernet_swin.py',
    '_base_/datasets/xray_hand_bone.py',
    '_base_/schedules/adamw_poly_40k.py',
    '_base_/default_runtime.py',
]
