# The network of configs/demo.py, and one that looks again at the wrist and its weak bones.
#   handbone train configs/demo.py
#   handbone train configs/cascade/wrist_network.py
#   handbone join configs/cascade/wrist.py work_dirs/demo work_dirs/wrist_network --out wrist.pth
#   handbone test configs/cascade/wrist.py wrist.pth
_base_ = ['wrist_and_fingertips.py']
model = dict(looks=_base_.model.looks[:1])
