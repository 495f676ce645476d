# The head and the loss of mmseg: its first channel is the background.
_base_ = ['segformer_mit-b0_512.py']
model = dict(
    decode_head=dict(
        type='SegformerHead',
        num_classes=11,
        loss_decode=dict(_delete_=True, type='CrossEntropyLoss'),  # in place of a list
    ),
)
