# The network of wrist_and_fingertips.py that sees one fingertip after the other.
_base_ = ['../cascade/fingertip_network.py']
data_root = 'data/phantom_shift'
max_iters = 1500
_base_.param_scheduler[1].update(T_max=max_iters - 200, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
