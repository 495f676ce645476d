# Phantoms with bent wrists in 12 % of the training and 60 % of the test images, in a quarter of
# the demo's iterations. All configs in this folder take about the same time on a CPU.
_base_ = ['../demo.py']
max_iters = 500
full_size_from = 385
_base_.model.data_preprocessor.stages = [(115 / max_iters, 3), (270 / max_iters, 2)]
_base_.param_scheduler[0].end = 60
_base_.param_scheduler[1].update(T_max=full_size_from - 60, begin=60, end=full_size_from)
_base_.param_scheduler[2].update(
    T_max=max_iters - full_size_from, begin=full_size_from, end=max_iters
)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)

data_root = 'data/phantom_shift'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
