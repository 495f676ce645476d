"""Let timm and segmentation_models_pytorch import where torchvision's compiled part cannot load.

The torchvision wheels are built against CUDA builds of torch; beside a CPU build their operators
are missing and `import torchvision` dies with "operator torchvision::nms does not exist". Importing
this module first declares those operators without implementing them: no encoder uses them. For
tests and benchmarks on such a machine only, never part of the package.
"""

import importlib.util
import pathlib
import re

import torch

_library = None


def declare() -> bool:
    """Declare torchvision's operators if its compiled part cannot load.

    Returns:
        True if the stub was needed and installed.
    """
    global _library
    spec = importlib.util.find_spec('torchvision')
    if spec is None or _library is not None:
        return False
    folder = pathlib.Path(spec.origin).parent
    try:
        for binary in folder.glob('_C*.so'):
            torch.ops.load_library(str(binary))
        return False
    except OSError:
        pass
    source = (folder / '_meta_registrations.py').read_text()
    names = set(re.findall(r'register_meta\("(\w+)"\)', source)) | {'nms', 'qnms'}
    _library = torch.library.Library('torchvision', 'DEF')
    for name in sorted(names):
        _library.define(f'{name}(Tensor x) -> Tensor')
    return True


declare()
