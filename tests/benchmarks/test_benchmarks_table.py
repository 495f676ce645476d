"""The document of the measurements, and that whole models are compared like with like."""

import pytest

from benchmarks import train_step
from benchmarks.table import with_section

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


@pytest.mark.parametrize('model', train_step.MODEL_CONFIGS)
def test_models_have_the_same_loss_and_masks(model):
    for kind, check in (('train', train_step.check_loss), ('predict', train_step.check_masks)):
        ways = [getattr(train_step, f'{kind}_{whose}')(model, 64)() for whose in ('stock', 'ours')]
        check(*ways)
