# BCE and Tversky: the demo's losses, but missed pixels cost more than false ones.
_base_ = ['../demo.py']
_base_.model.decode_head.loss_decode = [
    dict(type='MultilabelBCELoss', loss_weight=29.0),
    dict(type='MultilabelTverskyLoss', loss_weight=1.0, alpha=0.3, beta=0.7),
]
