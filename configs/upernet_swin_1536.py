# The largest Swin that fits a GPU with 24 GB, one image at a time.
_base_ = ['upernet_swin-b_1536.py']
train_dataloader = dict(batch_size=1)
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16')
model = dict(backbone=dict(with_cp=True))  # recomputing blocks takes time but saves memory
