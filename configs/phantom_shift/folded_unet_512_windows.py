# Windows of 256 on images of 512: twice the detail of folded_unet_256, a quarter of the area.
_base_ = ['folded_unet_256.py']
scale = (512, 512)
# zoomed and moved by half a window, so that the windows cover the whole image
_base_.train_dataloader.dataset.pipeline[1].update(scale=(1.8, 2.2), translate=0.5)
_base_.val_dataloader.dataset.pipeline[1].scale = scale
_base_.test_dataloader.dataset.pipeline[1].scale = scale
_base_.test_pipeline[1].scale = scale
model = dict(test_cfg=dict(mode='slide', crop_size=(256, 256), stride=(128, 128)))
