# clavicles.py on unet_efficientnet-lite0_384, whose place unet_efficientnet-lite0_256 has there.
#   handbone train configs/jsrt/unet_efficientnet-lite0_384.py
#   handbone join configs/jsrt/clavicles_384.py work_dirs/unet_efficientnet-lite0_384 \
#       work_dirs/clavicle_network --out clavicles_384.pth
_base_ = ['clavicles.py']
# The first stage sees one pixel per block of 3 x 3, of images that are enlarged by an eighth.
shrink = 3
crop_size = (shrink * 384, shrink * 384)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
model = dict(
    shrink=shrink,
    data_preprocessor=dict(size_divisor=shrink * 32, test_cfg=dict(size_divisor=shrink * 32)),
)
