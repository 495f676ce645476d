"""A locator for the whole image, a network for the hand in it, and where the hand is to be seen.

Each network is trained with its own config in configs/cascade; `handbone join` makes one checkpoint
of both for configs/cascade/hand.py.
"""

# Where each bone lies in the view, from `handbone region-template --mirror` on phantoms.
hand_region = dict(
    type='TemplateRegion',
    name='hand',
    size=(384, 576),  # width and height; both multiples of the network's stride
    mirror=True,  # the bones of right and left hands have the same classes
    template=[
        (0.241, 0.269),  # finger-1
        (0.264, 0.337),  # finger-2
        (0.333, 0.43),  # finger-3
        (0.384, 0.115),  # finger-4
        (0.39, 0.167),  # finger-5
        (0.4, 0.252),  # finger-6
        (0.421, 0.394),  # finger-7
        (0.514, 0.09),  # finger-8
        (0.509, 0.151),  # finger-9
        (0.5, 0.25),  # finger-10
        (0.492, 0.398),  # finger-11
        (0.633, 0.132),  # finger-12
        (0.621, 0.191),  # finger-13
        (0.595, 0.281),  # finger-14
        (0.556, 0.411),  # finger-15
        (0.718, 0.215),  # finger-16
        (0.698, 0.258),  # finger-17
        (0.662, 0.326),  # finger-18
        (0.601, 0.432),  # finger-19
        (0.4, 0.49),  # Trapezium
        (0.439, 0.493),  # Trapezoid
        (0.486, 0.511),  # Capitate
        (0.538, 0.511),  # Hamate
        (0.425, 0.535),  # Scaphoid
        (0.483, 0.557),  # Lunate
        (0.551, 0.542),  # Triquetrum
        (0.559, 0.54),  # Pisiform
        (0.438, 0.626),  # Radius
        (0.538, 0.644),  # Ulna
    ],
)
# of the whole image, in pixels of the longer side, for the locator
locator_size = 256
# each pixel of the locator is one block of so many pixels per side, so images are at most 1024
shrink = 4

preprocessor = dict(
    type='RankDataPreProcessor',  # film base, exposure and gamma have no effect
    seg_pad_val=0,
    size_divisor=64,  # the networks' stride
    test_cfg=dict(size_divisor=64),
    stages=[(0.6, 2)],  # most of the training at half the side length
)
loss_decode = [
    # times the number of classes, to sum over classes
    dict(type='MultilabelBCELoss', loss_weight=29.0),
    dict(type='MultilabelDiceLoss', loss_weight=1.0),
]
head = dict(
    type='MultilabelPixelShuffleHead',
    in_channels=32,
    in_index=0,
    num_classes=29,
    upscale=4,
    loss_decode=loss_decode,
)
# together 4.9 million weights, 9.8 MB at half precision
locator = dict(
    type='MultilabelEncoderDecoder',
    data_preprocessor=preprocessor,
    backbone=dict(type='FoldedUNet', channels=(32, 48, 96, 128, 144), fold=4),
    decode_head=head,
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
network = dict(
    type='MultilabelEncoderDecoder',
    # a third of the side is a multiple of the stride too
    data_preprocessor=dict(preprocessor, size_divisor=192, stages=[(0.6, 3)]),
    backbone=dict(type='FoldedUNet', channels=(32, 64, 128, 192, 208), fold=4),
    decode_head=head,
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
