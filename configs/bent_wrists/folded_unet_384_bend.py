# The network of the demo with wrists that are bent at random: worse (docs/results.md).
_base_ = ['../demo.py']
data_root = 'data/phantom_shift'
_base_.train_dataloader.dataset.pipeline.insert(
    3, dict(type='RandomBend', degrees=(10, 55), prob=0.5)
)
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
