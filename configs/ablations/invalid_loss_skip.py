# Skip batches whose loss or gradient is NaN, up to 20 in a row; the other configs stop.
_base_ = ['../segformer_mit-b0_1024.py']
default_hooks = dict(invalid_loss=dict(action='skip', max_skips=20))
