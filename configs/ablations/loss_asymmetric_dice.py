# Asymmetric loss, which leaves out pixels that are clearly without the bone, beside Dice.
_base_ = ['../demo.py']
_base_.model.decode_head.loss_decode[0] = dict(
    type='MultilabelAsymmetricLoss', gamma_negative=2.0, margin=0.05, loss_weight=29.0
)
