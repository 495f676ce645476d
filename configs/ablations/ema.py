# Validate and save an exponential moving average of the weights, over about 1 / momentum steps.
# BatchNorm's statistics are averaged with them.
_base_ = ['../demo.py']
default_hooks = dict(ema=dict(type='EMAHook', momentum=0.01, update_buffers=True))
