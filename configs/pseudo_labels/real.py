# 29 bones from a few labelled phantoms, for minutes on two CPU cores; the run that
# real_and_pseudo.py is compared with. Half of the patients are held out to judge both.
#   handbone make-phantom data/few --train 40 --test 40 --size 512
_base_ = ['../demo.py']
max_iters = 200
data_root = 'data/few'
crop_size = (256, 256)
_base_.model.data_preprocessor.update(stages=[(0.6, 2)], size_divisor=128)
_base_.param_scheduler[0].end = 30
_base_.param_scheduler[1].update(T_max=130, begin=30, end=160)
_base_.param_scheduler[2].update(T_max=40, begin=160, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
train_dataloader = dict(dataset=dict(data_root=data_root, fold=0, num_folds=2))
val_dataloader = dict(dataset=dict(data_root=data_root, fold=0, num_folds=2))
test_dataloader = dict(dataset=dict(data_root=data_root))
