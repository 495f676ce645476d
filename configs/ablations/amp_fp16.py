# float16, for GPUs without bfloat16: the loss is scaled so that small gradients do not vanish.
_base_ = ['../upernet_swin-t_1536.py']
optim_wrapper = dict(type='AmpOptimWrapper', dtype='float16', loss_scale='dynamic')
