# A network that has seen bent wrists, and one that looks again at the wrist and has, too.
#   handbone make-phantom data/phantom_shift --preset shift --train 400 --test 200 --size 1024
#   handbone train configs/bent_wrists/folded_unet_384_bend.py
#   handbone train configs/bent_wrists/wrist_network.py
#   handbone join configs/bent_wrists/wrist.py work_dirs/folded_unet_384_bend \
#       work_dirs/wrist_network --out bent_wrist.pth
#   handbone test configs/bent_wrists/wrist.py bent_wrist.pth
_base_ = ['../cascade/wrist.py']
data_root = 'data/phantom_shift'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
