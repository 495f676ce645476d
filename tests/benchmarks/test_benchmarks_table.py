"""The document of the measurements, and that whole models are compared like with like."""

import pytest
import torch

from benchmarks.harness.row import Row
from benchmarks.harness.table import Measured, cells, with_section
from benchmarks.rows import loss, train_step
from benchmarks.studies import ddp_scaling

SECTION = '## `python -m benchmarks rle`\n\n1 ms\n'


def test_a_section_is_put_into_an_empty_document():
    assert with_section('', SECTION) == '# Performance\n\n' + SECTION


def test_another_command_gets_another_section():
    other = '## `python -m benchmarks dice`\n\n2 ms\n'
    document = with_section(with_section('', SECTION), other)
    assert document == '# Performance\n\n' + SECTION + '\n' + other


def test_a_section_replaces_that_of_the_same_command():
    other = '## `python -m benchmarks dice`\n\n2 ms\n'
    document = with_section(with_section('', SECTION), other)
    assert with_section(document, SECTION.replace('1', '3')) == document.replace('1 ms', '3 ms')


@pytest.mark.slow
@pytest.mark.parametrize('model', train_step.MODEL_CONFIGS)
def test_models_have_the_same_loss_and_masks(model):
    for kind, check in (('train', train_step.check_loss), ('predict', train_step.check_masks)):
        ways = [getattr(train_step, f'{kind}_{whose}')(model, 64)() for whose in ('stock', 'ours')]
        check(*ways)


@pytest.mark.slow
@pytest.mark.parametrize('model', train_step.SMP_MODELS)
def test_the_counterparts_of_smp_train_and_predict(smp, model):
    """On a batch of one, with about as many weights."""
    network, ours = train_step.smp_model(model, 64), train_step.build(model, stock=True)
    counts = [sum(weight.numel() for weight in each.parameters()) for each in (network, ours)]
    assert 0.95 < counts[0] / counts[1] < 1.05
    assert 0 < train_step.train_smp(model, 64)() < 10
    assert train_step.predict_smp(model, 64)().shape == (29, 64, 64)


def test_losses_have_the_same_gradient(smp):
    usual, by_smp, *_, ours = (way.prepare()() for way in loss.ROWS['512'].ways)
    loss.check(usual, ours)
    torch.testing.assert_close(by_smp, usual, rtol=1e-3, atol=1e-8)


def test_a_row_with_images_says_how_many_a_second():
    row = Row('work', (), lambda one, other: None, 'no target', images=2)
    measured = [Measured('usual', 0.5, 0.4, 8_000_000), Measured('ours', 0.25, 0.2, 4_000_000)]
    usual, ours = cells(row, measured)
    assert usual[1] == '500.0 ms, 4.00 images/s' and ours[1] == '250.0 ms, 8.00 images/s'
    assert cells(row._replace(images=0), measured)[0][1] == '500.0 ms'


def test_scaling_over_processes():
    """Twice the processes at 1.25 times the time a step: 1.6 times the images."""
    one, two = ddp_scaling.lines({1: 0.5, 2: 0.625})
    assert one == ('1', '500.0 ms', '2.00', '1.00 x', '100%')
    assert two == ('2', '625.0 ms', '3.20', '1.60 x', '80%')
    document = ddp_scaling.markdown([one, two], 'Work', 'python -m benchmarks.studies.ddp_scaling')
    assert document.startswith('## `python -m benchmarks.studies.ddp_scaling`\n')
    assert '| 2 | 625.0 ms | 3.20 | 1.60 x | 80% |\n' in document
