# Three losses at once, in one pass over the logits.
_base_ = ['../demo.py']
_base_.model.decode_head.loss_decode = [
    dict(type='MultilabelBCELoss', loss_weight=29.0),
    dict(type='MultilabelFocalLoss', loss_weight=10.0, gamma=2.0),
    dict(type='MultilabelDiceLoss', loss_weight=1.0),
]
