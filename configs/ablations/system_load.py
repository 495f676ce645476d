# Processor, memory and GPU load beside the losses every 10 iterations instead of every 50.
_base_ = ['../demo.py']
default_hooks = dict(logger=dict(interval=10), system_load=dict(interval=10))
