# Focal loss: BCE with more weight on wrong pixels; a larger gamma increases it.
_base_ = ['../demo.py']
_base_.model.decode_head.loss_decode = [
    dict(type='MultilabelFocalLoss', loss_weight=29.0, gamma=2.0),
]
