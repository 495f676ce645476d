"""Findings that follow from another one about the same image."""

from handbone.doctor.checks.all_checks import without_consequences
from handbone.doctor.finding import Finding


def test_consequences_are_left_out_where_their_cause_is_found():
    cause = Finding('swapped-names', 'train', '1.png', 'a', 'it lies where b is expected', 0.97)
    follows = Finding('finger-order', 'train', '1.png', 'a', 'it is out of order', 0.7)
    speck = Finding('specks', 'train', '1.png', 'a', 'a separate speck', 0.8)
    elsewhere = Finding('finger-order', 'train', '2.png', 'a', 'it is out of order', 0.7)
    of_another_split = Finding('finger-order', 'test', '1.png', 'a', 'it is out of order', 0.7)
    findings = [follows, cause, speck, elsewhere, of_another_split]
    assert without_consequences(findings) == findings[1:]
