# Tversky loss: Dice in which a missed pixel (beta) costs more than a false one (alpha).
_base_ = ['../demo.py']
_base_.model.decode_head.loss_decode = [
    dict(type='MultilabelTverskyLoss', loss_weight=1.0, alpha=0.3, beta=0.7),
]
