# Your own labelled hands of fewer than five patients: all of them are trained on, and none are held
# out to score them.
#   handbone train configs/starter/own_few_hands.py
#   handbone join configs/starter/hand.py starter work_dirs/own_few_hands --out own_hands.pth
_base_ = ['own_hands.py']
train_dataloader = dict(dataset=dict(fold=None))
val_dataloader = val_cfg = val_evaluator = None
