# Clip each gradient entry; the other configs clip the norm of all gradients together, at 1.
_base_ = ['../demo.py']
_base_.optim_wrapper.clip_grad = dict(type='value', clip_value=0.01)
