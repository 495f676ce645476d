# The first stage of wrist_and_fingertips.py: the network of the demo, trained for longer.
_base_ = ['../demo.py']
max_iters = 3300
full_size_from = 2700
_base_.model.data_preprocessor.stages = [(720 / max_iters, 3), (1980 / max_iters, 2)]
_base_.param_scheduler[1].update(T_max=full_size_from - 150, end=full_size_from)
_base_.param_scheduler[2].update(
    T_max=max_iters - full_size_from, begin=full_size_from, end=max_iters
)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
data_root = 'data/phantom_shift'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
