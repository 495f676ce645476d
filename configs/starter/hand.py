# 29 bones of the hand in any radiograph, by the weights that the package brings.
_base_ = ['../cascade/hand.py']
data_root = 'data/starter'
test_dataloader = dict(dataset=dict(data_root=data_root))
