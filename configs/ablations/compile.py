# torch.compile: minutes for the first iteration of each input size, faster ones afterwards.
_base_ = ['../segformer_mit-b0_1024.py']
default_hooks = dict(compile=dict(type='CompileHook'))
