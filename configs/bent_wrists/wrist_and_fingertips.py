# Bent wrists in 12 % of the training and 60 % of the test images: a first stage, and networks that
# look again at the wrist and at the fingertips: 35, 21 and 16 minutes of one CPU core.
#   handbone make-phantom data/phantom_shift --preset shift --train 400 --test 200 --size 1024
#   handbone train configs/bent_wrists/folded_unet_384.py
#   handbone train configs/bent_wrists/wrist_network.py
#   handbone train configs/bent_wrists/fingertip_network.py
#   handbone join configs/bent_wrists/wrist_and_fingertips.py work_dirs/folded_unet_384 \
#       work_dirs/wrist_network work_dirs/fingertip_network --out bent_wrists.pth
#   handbone test configs/bent_wrists/wrist_and_fingertips.py bent_wrists.pth
_base_ = ['../cascade/wrist_and_fingertips.py']
data_root = 'data/phantom_shift'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
