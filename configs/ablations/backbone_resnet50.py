# A convolutional backbone under the same head: ResNet-50 with a stem of three convolutions.
_base_ = ['../segformer_mit-b0_1024.py']
checkpoint = 'open-mmlab://resnet50_v1c'
_base_.model.backbone = dict(
    type='ResNetV1c', depth=50, init_cfg=dict(type='Pretrained', checkpoint=checkpoint)
)
model = dict(decode_head=dict(in_channels=[256, 512, 1024, 2048]))
