# Boundary loss beside BCE and Dice: a false pixel costs the more the farther from the bone it is.
_base_ = ['../demo.py']
_base_.model.decode_head.loss_decode += [dict(type='MultilabelBoundaryLoss', loss_weight=29.0)]
