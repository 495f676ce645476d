# Dice alone: the score itself, but its gradient is small if a class is missed entirely.
_base_ = ['../demo.py']
_base_.model.decode_head.loss_decode = [
    dict(type='MultilabelDiceLoss', loss_weight=1.0),
]
