"""What can be imported without torch, MMSegmentation and pandas, which take seconds to load."""

import subprocess
import sys

MODULES = (
    'handbone.bones',
    'handbone.datasets.annotation_file',
    'handbone.datasets.classes',
    'handbone.datasets.errors',
    'handbone.datasets.file_list',
    'handbone.datasets.folds',
    'handbone.datasets.pairing',
    'handbone.json_files',
    'handbone.listing',
    'handbone.notifications.messenger',
    'handbone.notifications.service',
    'handbone.phantom',
    'handbone.postprocessing.step',
    'handbone.visualization.comparison',
    'handbone.visualization.contact_sheet',
    'handbone.visualization.overlay',
)
MASKS = 'decode, encode, overlap_counts, rasterize, regions, trace_outlines, warp'
HEAVY = ('torch', 'mmcv', 'mmengine', 'mmseg', 'pandas', 'sklearn')


def test_light_rooms_load_nothing_heavy():
    code = [
        'import handbone_command, sys',
        'handbone_command.running = True',
        f'import {", ".join(MODULES)}',
        f'from handbone.masks import {MASKS}',
        f'print([name for name in {HEAVY} if name in sys.modules])',
    ]
    done = subprocess.run(
        [sys.executable, '-c', '\n'.join(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout == '[]\n'
