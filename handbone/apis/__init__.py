"""What the command does, as functions for programs and notebooks.

>>> from handbone.apis import MultilabelInferencer, read_config_file, test, train
>>> cfg = read_config_file('configs/demo.py', ['train_cfg.max_iters=500'])
>>> cfg.work_dir = 'work_dirs/demo'
>>> train(cfg)
>>> cfg.load_from = 'work_dirs/demo/iter_500.pth'
>>> test(cfg)['mDice']
0.93
>>> for prediction in MultilabelInferencer('configs/demo.py', 'work_dirs/demo')('scans'):
...     print(prediction.name, prediction.labels.shape)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
