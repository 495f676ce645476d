# SegFormer's smallest model at half the size of the files, for trying out ideas.
_base_ = [
    '_base_/models/segformer_mit-b0.py',
    '_base_/datasets/xray_hand_bone.py',
    '_base_/schedules/adamw_poly_40k.py',
    '_base_/default_runtime.py',
]
crop_size = (1024, 1024)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
# nearly as many pixels as the two 1536 x 1536 images of the larger configs
train_dataloader = dict(batch_size=4)
