# Keep the checkpoint that is best on the carpal bones, beside the one with the best mean Dice.
_base_ = ['../upernet_swin-t_1536.py']
default_hooks = dict(checkpoint=dict(save_best=['mDice', 'Dice/carpals'], rule='greater'))
