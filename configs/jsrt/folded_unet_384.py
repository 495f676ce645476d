# JSRT with a small U-Net whose output has the input's resolution, in minutes on two CPU cores.
_base_ = [
    '../_base_/models/folded_unet.py',
    '../_base_/datasets/jsrt.py',
    '../_base_/schedules/adamw_progressive.py',
    '../_base_/default_runtime.py',
]
# five classes on full-size chests benefit from nearly twice the demo's iterations
max_iters = 3600
full_size_from = 2800
stages = [(800 / max_iters, 3), (2000 / max_iters, 2)]
_base_.param_scheduler[1].update(T_max=full_size_from - 150, end=full_size_from)
_base_.param_scheduler[2].update(
    T_max=max_iters - full_size_from, begin=full_size_from, end=max_iters
)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)

crop_size = (384, 384)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
train_dataloader = dict(batch_size=4)
# times the number of classes, to sum over classes instead of averaging
_base_.model.decode_head.loss_decode[0].loss_weight = 5.0
data_preprocessor = None  # the model has its own
model = dict(
    data_preprocessor=dict(
        _delete_=True,
        type='RankDataPreProcessor',  # the grey values of some images span 16 of 256
        stages=stages,
        seg_pad_val=0,
        size_divisor=384,  # a third and half of it are multiples of the network's stride, 64
        test_cfg=dict(size_divisor=64),
    ),
    decode_head=dict(num_classes=5),
)
