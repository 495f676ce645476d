# No gradient clipping.
_base_ = ['../demo.py']
_base_.optim_wrapper.clip_grad = None
