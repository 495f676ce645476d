_base_ = [
    '../_base_/models/upernet_swin.py',
    '../_base_/datasets/ram_h1200.py',
    '../_base_/schedules/adamw_poly_40k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(with_cp=True),  # recomputing blocks takes time but saves memory
    decode_head=dict(num_classes=30),
    auxiliary_head=dict(num_classes=30),
)
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16')
train_dataloader = dict(batch_size=1)
