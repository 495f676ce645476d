_base_ = [
    '_base_/models/segformer_mit-b2.py',
    '_base_/datasets/xray_hand_bone.py',
    '_base_/schedules/adamw_poly_40k.py',
    '_base_/default_runtime.py',
]
