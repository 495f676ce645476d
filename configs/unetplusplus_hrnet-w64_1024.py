_base_ = [
    '_base_/models/smp.py',
    '_base_/datasets/xray_hand_bone.py',
    '_base_/schedules/adamw_poly_40k_smp.py',
    '_base_/default_runtime.py',
]
crop_size = (1024, 1024)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
model = dict(arch='UnetPlusPlus', encoder_name='tu-hrnet_w64')
