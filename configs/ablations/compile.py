# torch.compile: minutes for the first iteration of each input size, faster ones afterwards.
_base_ = ['../segformer_mit-b0_1024.py']
compile = dict(dynamic=False)
