# JSRT with a pretrained encoder: 15 to 20 minutes on two CPU cores.
_base_ = [
    '../_base_/models/unet_efficientnet-lite0.py',
    '../_base_/datasets/jsrt.py',
    '../_base_/schedules/adamw_layer_decay.py',
    '../_base_/default_runtime.py',
]
max_iters = 1000
_base_.param_scheduler[0].end = 60
_base_.param_scheduler[1].update(T_max=max_iters - 60, begin=60, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.train_dataloader.dataset.pipeline[0].cache_megabytes = 150  # 99 images of 1024 x 1024
train_dataloader = dict(batch_size=4)
# times the number of classes, to sum over classes instead of averaging
_base_.model.decode_head.loss_decode[0].loss_weight = 5.0
data_preprocessor = None  # the model has its own
model = dict(
    data_preprocessor=dict(
        _delete_=True,
        type='RankDataPreProcessor',  # the grey values of some images span 16 of 256
        seg_pad_val=0,
        size_divisor=32,  # the network's stride
        test_cfg=dict(size_divisor=32),
    ),
    decode_head=dict(num_classes=5),
)
