# Deep supervision: losses at 1/8 and 1/16 of the image too, with half and a quarter of the weight.
_base_ = ['../demo.py']
head = _base_.model.decode_head
coarse = dict(type='MultilabelCoarseHead', num_classes=29, loss_decode=head.loss_decode)
auxiliary_head = [
    dict(coarse, in_index=level, in_channels=width, weight=0.5**level)
    for level, width in ((1, 96), (2, 128))
]
model = dict(backbone=dict(outputs=3), auxiliary_head=auxiliary_head)
