"""Both clavicles, each in a view of its own, and the network that sees them."""

structures = ('right_lung', 'left_lung', 'heart', 'right_clavicle', 'left_clavicle')
clavicle_regions = [
    dict(
        type='ClassRegion',
        name=name,
        size=(256, 128),  # about one pixel per pixel of JSRT's 1024 x 1024
        classes=(name,),
        class_list=structures,
        margin=0.2,
    )
    for name in structures[3:]
]
# The random part of the training views imitates the errors of the first stage.
jitter = dict(degrees=10, scale=(0.8, 1.25), translate=0.08)

network = dict(
    type='MultilabelEncoderDecoder',
    data_preprocessor=dict(
        type='RankDataPreProcessor',  # the grey values of some images span 16 of 256
        seg_pad_val=0,
        size_divisor=32,  # the network's stride
        test_cfg=dict(size_divisor=32),
    ),
    backbone=dict(type='FoldedUNet', channels=(24, 48, 64, 96), fold=4),
    decode_head=dict(
        type='MultilabelPixelShuffleHead',
        in_channels=24,
        in_index=0,
        num_classes=5,  # lungs and heart are learnt too, but not decided
        upscale=4,
        loss_decode=[
            # times the number of classes, to sum over classes
            dict(type='MultilabelBCELoss', loss_weight=5.0),
            dict(type='MultilabelDiceLoss', loss_weight=1.0),
        ],
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
