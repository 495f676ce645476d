"""Regions of the hand that second networks see closely: the wrist, and each fingertip.

Each network is trained with its own config in configs/cascade; `handbone join` makes one checkpoint
of them and the first stage for configs/cascade/wrist.py, or wrist_and_fingertips.py.
"""

bones = (
    *(f'finger-{number}' for number in range(1, 20)),
    *('Trapezium', 'Trapezoid', 'Capitate', 'Hamate', 'Scaphoid', 'Lunate', 'Triquetrum'),
    *('Pisiform', 'Radius', 'Ulna'),
)
# The weakest bones of all are here. The view decides the carpals, which it shows as a whole.
wrist_regions = [
    dict(
        type='ClassRegion',
        name='wrist',
        size=(192, 128),  # about one pixel per pixel of an image of 1024 x 1024
        classes=bones[19:27],
        class_list=bones,
        margin=0.2,
    ),
]
# The distal phalanx and the one behind it: where one of them is missed, the other still says where
# to look. A view of a fingertip does not show which finger it is, so the network knows all of them
# as the middle finger's. The thumb is left out: it looks different and is no weak bone.
fingertip_regions = [
    dict(
        type='ClassRegion',
        name=f'tip of {finger}',
        size=(64, 96),  # fingers point up
        classes=(f'finger-{distal}', f'finger-{distal + 1}'),
        class_list=bones,
        margin=0.2,
        min_classes=1,
        known_as={f'finger-{distal}': 'finger-8', f'finger-{distal + 1}': 'finger-9'},
    )
    for finger, distal in (
        ('the index finger', 4),
        ('the middle finger', 8),
        ('the ring finger', 12),
        ('the little finger', 16),
    )
]
# A view that shows something unusual, such as another finger in front, is left to the first stage.
least_agreement = 0.7
# The random part of the training views imitates the errors of the first stage.
jitter = dict(degrees=12, scale=(0.8, 1.25), translate=0.08, aspect=(0.88, 1.14))

preprocessor = dict(
    type='SegDataPreProcessor',
    mean=[127.5],
    std=[64.0],
    pad_val=0,
    seg_pad_val=0,
    size_divisor=32,  # the networks' stride
    test_cfg=dict(size_divisor=32),
)
# narrow, as it has less to know than a network of the whole hand, and costs time in prediction
network = dict(
    type='MultilabelEncoderDecoder',
    data_preprocessor=preprocessor,
    backbone=dict(type='FoldedUNet', channels=(24, 48, 64, 96), fold=4),
    decode_head=dict(
        type='MultilabelPixelShuffleHead',
        in_channels=24,
        in_index=0,
        num_classes=29,  # all bones are learnt, those that the view does not decide too
        upscale=4,
        loss_decode=[
            # times the number of classes, to sum over classes
            dict(type='MultilabelBCELoss', loss_weight=29.0),
            dict(type='MultilabelDiceLoss', loss_weight=1.0),
        ],
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
