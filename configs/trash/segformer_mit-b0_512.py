# A multilabel head that decides for one class: the largest logit, where that is above 0.
_base_ = [
    '../_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/trash.py',
    '../_base_/schedules/adamw_poly_40k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(bgr_to_rgb=True),  # colours, as the pretrained weights know them
    decode_head=dict(num_classes=10),
    test_cfg=dict(decision='exclusive'),
)
default_hooks = dict(checkpoint=dict(save_best='mIoU'))
