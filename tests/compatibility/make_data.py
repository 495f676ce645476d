"""Make the files of an older version: ``python -m tests.compatibility.make_data CLONE FOLDER``.

CLONE is a clone of the repository at the version whose files are wanted; its scripts are run.
"""

import os
import runpy
import sys
from pathlib import Path

from .tiny_training import make_config, write_data


def main(clone: Path, folder: Path) -> None:
    """Train, test, tune, publish, export and predict with the scripts of a clone."""
    clone = clone.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)  # so that every path in the files is relative
    write_data(Path('data'))
    make_config('data', 'work', clone / 'configs').dump('config.py')
    stock = make_config('data', 'stock', clone / 'configs')
    stock.default_hooks.checkpoint.type = 'CheckpointHook'
    stock.dump('stock.py')

    sys.path.insert(0, str(clone))

    def run(name: str, *arguments: str) -> None:
        sys.argv = [name, *arguments]
        runpy.run_path(str(clone / 'tools' / name), run_name='__main__')

    checkpoint = 'work/iter_6.pth'
    run('train.py', 'config.py', '--work-dir', 'work')
    run('train.py', 'stock.py', '--work-dir', 'stock')
    run('test.py', 'config.py', checkpoint, '--out', 'masks.csv', '--work-dir', 'tested')
    run('evaluate.py', 'masks.csv', 'data/test/outputs_json', '--out', 'scores.csv')
    run('tune_thresholds.py', 'config.py', checkpoint, '--out', 'thresholds.json')
    run('publish_model.py', checkpoint, '--out', 'published.safetensors')
    run('export.py', 'config.py', checkpoint, '--out', 'tiny.onnx')
    run('predict.py', 'config.py', checkpoint, 'data/test/DCM', '--out', 'predicted')
    run(
        'predict_archive.py',
        *('config.py', checkpoint, 'data/test/DCM', '--out', 'archive', '--actors', '1'),
    )


if __name__ == '__main__':
    main(*map(Path, sys.argv[1:]))
