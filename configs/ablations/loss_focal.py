# Focal loss: BCE that turns to the pixels it gets wrong, the more the larger gamma.
_base_ = ['../demo.py']
_base_.model.decode_head.loss_decode = [
    dict(type='MultilabelFocalLoss', loss_weight=29.0, gamma=2.0),
]
