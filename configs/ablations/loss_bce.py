# BCE alone: every pixel counts the same, so small bones count little.
_base_ = ['../demo.py']
_base_.model.decode_head.loss_decode = [
    dict(type='MultilabelBCELoss', loss_weight=29.0),
]
