# Asymmetric unified focal loss: no focusing where a bone is, little weight where it clearly is not.
_base_ = ['../demo.py']
asymmetric = dict(gamma_positive=0.0, gamma_negative=2.0, margin=0.0, alpha=0.6)
tversky = dict(alpha=0.4, beta=0.6, gamma=0.8)
_base_.model.decode_head.loss_decode = [
    dict(type='MultilabelAsymmetricLoss', loss_weight=29.0, **asymmetric),
    dict(type='MultilabelTverskyLoss', loss_weight=1.0, **tversky),
]
