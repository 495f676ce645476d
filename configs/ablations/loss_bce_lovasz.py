# Lovász hinge in place of Dice: the intersection over union itself, at the cost of sorting.
_base_ = ['../demo.py']
_base_.model.decode_head.loss_decode[1] = dict(type='MultilabelLovaszLoss', per_image=True)
