"""tools/vote.py from end to end."""

import pytest

from handbone.bones import CLASSES
from handbone.submissions.reading import read_submission

pytestmark = pytest.mark.slow


def test_vote(run_tool, tested, tmp_path):
    """Two of three: where two files agree and one has no masks, theirs are the answer."""
    masks = tested[0] / 'masks.csv'
    lines = masks.read_text().splitlines(keepends=True)
    again, empty = tmp_path / 'again.csv', tmp_path / 'empty.csv'
    again.write_text(''.join([lines[0], *reversed(lines[1:])]))
    empty.write_text(
        ''.join([lines[0], *(','.join(line.split(',')[:2]) + ',\n' for line in lines[1:-1])])
    )
    weights = tmp_path / 'weights.yaml'
    weights.write_text('Ulna: [1, 1, 5]\n')
    out, err = run_tool(
        'vote.py',
        *(masks, empty, again),
        *('--min-votes', 2, '--weights', '1,1,1', '--size', 320, 320),
        *('--out', tmp_path / 'voted.csv'),
    )
    assert '3 images, 29 classes, 3 files' in out
    assert 'empty.csv lacks 1 of 87 rows; each counts as an empty mask' in err
    assert (tmp_path / 'voted.csv').read_bytes() == masks.read_bytes()

    run_tool(
        'vote.py',
        *(masks, again, empty),
        *('--class-weights', weights, '--missing', 'skip', '--out', tmp_path / 'voted.csv'),
    )
    voted = read_submission(tmp_path / 'voted.csv', CLASSES)
    last = list(voted)[-1]
    # the empty masks of the third file outvote the others, except where it has no row
    assert [len(runs[-1]) > 0 for runs in voted.values()] == [name == last for name in voted]


def test_broken_file(run_tool, tested, tmp_path):
    masks = tested[0] / 'masks.csv'
    broken = tmp_path / 'broken.csv'
    broken.write_text(masks.read_text().replace(' ', ' x', 1))
    _, err = run_tool('vote.py', masks, broken, '--out', tmp_path / 'voted.csv', expected=1)
    assert err.splitlines()[-1].startswith(f'error: {broken}, line 2: bad RLE')
    assert not (tmp_path / 'voted.csv').exists()
