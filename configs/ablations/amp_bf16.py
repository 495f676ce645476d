# bfloat16: half the memory of feature maps; the range of float32, so nothing is scaled.
_base_ = ['../upernet_swin-t_1536.py']
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16')
