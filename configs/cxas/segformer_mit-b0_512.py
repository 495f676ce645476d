_base_ = [
    '../_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/cxas.py',
    '../_base_/schedules/adamw_poly_40k.py',
    '../_base_/default_runtime.py',
]
model = dict(decode_head=dict(num_classes=159))
