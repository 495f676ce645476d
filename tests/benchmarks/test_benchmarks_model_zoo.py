"""The page of the model zoo: what is counted, kept, and written."""

import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from benchmarks.studies import model_cost, model_zoo
from benchmarks.studies.model_zoo_page import markdown
from handbone.configuration.shipped import config_names
from handbone.models.zoo import base_models

STEP = dict(images=1, seconds=0.1234, bytes=2.5e9, machine='a machine')
COUNTED = dict(parameters=3_700_000, flops=48_000_000_000)


class Convolutions(nn.Module):
    """Two layers, and one that only training needs."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.second = nn.Conv2d(8, 5, 1)
        self.auxiliary_head = nn.Conv2d(8, 5, 1)

    def _forward(self, images):
        return self.second(self.first(images))


def test_count():
    """By hand: multiplications and additions of each output of a convolution."""
    found = model_cost.count(Convolutions(), size=64)
    pixels = 32 * 32
    assert found['flops'] == 2 * pixels * (8 * 3 * 9 + 5 * 8)
    assert found['parameters'] == (8 * 3 * 9 + 8) + 2 * (5 * 8 + 5)


def test_page_has_what_was_measured_and_no_more():
    found = {
        'counted': COUNTED,
        'measured': COUNTED | dict(steps={'cuda bfloat16 512': STEP, 'cpu float32 1024': STEP}),
        'failed': {},
    }
    text = markdown(found)
    assert '| counted | 3.7 M | 48 |' in text
    assert '| failed' not in text
    for title in ('512 x 512, bfloat16, GPU', '1024 x 1024, float32, CPU'):
        (part,) = [part for part in text.split('## Training step, ') if part.startswith(title)]
        table = part.split('\n## ')[0]
        assert '| measured | 1 | 0.123 s | 2.50 GB |' in table and 'counted' not in table
        assert 'a machine' in table
    for name in base_models():
        assert f'| {name} | ' in text


def run(folder, monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['model_zoo', '--folder', str(folder), *arguments])
    model_zoo.main()
    return json.loads((folder / 'model_zoo.json').read_text())


def test_what_was_found_is_not_found_anew(tmp_path, monkeypatch):
    asked = []

    def ask(name, *options, timeout):
        asked.append((name, *options))
        if '1024' in options:
            return None  # out of memory
        return {key: STEP[key] for key in ('images', 'seconds', 'bytes')} if options else COUNTED

    monkeypatch.setattr(model_zoo, 'ask', ask)
    arguments = ('--only', 'demo', '--measure', '512', '1024', '--repetitions', '2')
    found = run(tmp_path, monkeypatch, *arguments)
    assert len(asked) == 3 and asked[0] == ('demo',)
    assert set(found['demo']['steps']) == {'cpu float32 512'}
    assert found['demo']['flops'] == COUNTED['flops']
    run(tmp_path, monkeypatch, *arguments)  # only what has no result
    assert len(asked) == 4 and '1024' in asked[3]
    run(tmp_path, monkeypatch, *arguments, '--again')
    assert len(asked) == 7
    assert '| demo | 1 | 0.123 s |' in (tmp_path / 'model_zoo.md').read_text()


def test_unknown_config(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(tmp_path, monkeypatch, '--only', 'deno')
    assert 'no such config: deno; there are ' in capsys.readouterr().err


def test_committed_page_is_that_of_the_committed_results():
    found = model_zoo.read(model_zoo.DOCS / 'model_zoo.json')
    assert (model_zoo.DOCS / 'model_zoo.md').read_text(encoding='utf-8') == markdown(found)
    assert set(found) <= set(config_names())
    assert all('flops' in entry for entry in found.values())


@pytest.mark.slow
def test_a_step_is_measured_in_a_process_of_its_own():
    command = [sys.executable, '-m', 'benchmarks.studies.model_cost', 'demo', '--size', '64']
    done = subprocess.run(
        command, cwd=model_zoo.DOCS.parent, capture_output=True, text=True, check=True, timeout=120
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found['images'] in (1, 2)
    assert 0 < found['seconds'] < 60
    # at least weights, gradients and the two moments of AdamW
    weights = 4 * sum(weight.numel() for weight in small_model().parameters())
    assert 4 * weights < found['bytes'] < 4e9


def small_model():
    torch.manual_seed(0)
    from mmengine.config import Config

    from handbone.configuration.shipped import config_path

    return model_cost.build(Config.fromfile(config_path('demo')))
