# Focal loss and Dice: the demo's losses, but BCE with more weight on hard pixels.
_base_ = ['../demo.py']
_base_.model.decode_head.loss_decode = [
    dict(type='MultilabelFocalLoss', loss_weight=29.0, gamma=2.0),
    dict(type='MultilabelDiceLoss', loss_weight=1.0),
]
