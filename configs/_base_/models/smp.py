# A multilabel network of segmentation_models.pytorch (the extra `smp`); set arch and encoder.
data_preprocessor = dict(
    type='SegDataPreProcessor',
    # ImageNet's, for pretrained encoders; radiographs are grey
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    # padding on the right and at the bottom is background
    pad_val=0,
    seg_pad_val=0,
    size_divisor=32,
    test_cfg=dict(size_divisor=32),
)
model = dict(
    type='SMPSegmentor',
    data_preprocessor=data_preprocessor,
    encoder_weights='imagenet',
    num_classes=29,
    loss_decode=[
        dict(type='MultilabelBCELoss', loss_weight=1.0),
        dict(type='MultilabelDiceLoss', loss_weight=1.0),
    ],
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
# some encoders end in layers of a classifier, which segmentation does not use
find_unused_parameters = True
