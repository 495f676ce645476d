# The network of wrist_and_fingertips.py that sees the wrist: that of ../cascade, with wrists that
# are bent at random.
_base_ = ['../cascade/wrist_network.py']
data_root = 'data/phantom_shift'
# Bends turn what lies outside into the view, so the view of the wrist is cut out of a wider one.
wide_regions = [dict(_base_.wrist_regions[0], size=(288, 192), margin=0.55)]
_base_.train_dataloader.dataset.pipeline[1].update(region=wide_regions, translate=0.055)
_base_.train_dataloader.dataset.pipeline[3:3] = [
    dict(type='RandomBend', degrees=(10, 55), prob=0.5),
    dict(type='CenterCrop', crop_size=_base_.wrist_regions[0]['size']),
]
max_iters = 2400
_base_.param_scheduler[1].update(T_max=max_iters - 200, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
