# A small U-Net on 4 x 4 pixel blocks with sub-pixel output: trains from scratch on two CPU cores.
data_preprocessor = dict(
    type='SegDataPreProcessor',
    mean=[127.5],
    std=[64.0],
    pad_val=0,
    seg_pad_val=0,
    size_divisor=64,  # the network's stride
    test_cfg=dict(size_divisor=64),
)
model = dict(
    type='MultilabelEncoderDecoder',
    data_preprocessor=data_preprocessor,
    backbone=dict(type='FoldedUNet', channels=(32, 64, 128, 192, 256), fold=4),
    decode_head=dict(
        type='MultilabelPixelShuffleHead',
        in_channels=32,
        in_index=0,
        num_classes=29,
        upscale=4,
        loss_decode=[
            dict(type='MultilabelBCELoss', loss_weight=1.0),
            dict(type='MultilabelDiceLoss', loss_weight=1.0),
        ],
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
