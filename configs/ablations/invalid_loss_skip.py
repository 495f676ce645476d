# Leave batches out whose loss or gradient is NaN, up to 20 in a row; the other configs stop there.
_base_ = ['../segformer_mit-b0_1024.py']
_base_.custom_hooks[4] = dict(type='InvalidLossHook', action='skip', max_skips=20)
