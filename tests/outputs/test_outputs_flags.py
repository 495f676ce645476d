"""The table of flags: one row per flag, none for images of which nothing is odd."""

from dataclasses import replace

from made_predictions import CLASSES, draw_labels, make_prediction

from handbone.outputs import WRITERS
from handbone.outputs.flag_table import read_flags


def test_one_row_per_flag(tmp_path):
    plain = make_prediction('ID1/plain', draw_labels(0))
    odd = replace(
        plain, name='odd', image_name='', flags=('missing: Lunate, Ulna', 'Radius is in 2 places')
    )
    renamed = replace(odd, image_name='ID2, left/\udcbc.png', flags=('this does not look right',))
    writer = WRITERS['flags'](tmp_path, CLASSES, ())
    for prediction in (plain, odd, renamed):
        writer.write(prediction)
    writer.finish()
    lines = (tmp_path / 'flags.csv').read_text(errors='surrogateescape').splitlines()
    assert lines == [
        'image_name,flag',
        'odd,"missing: Lunate, Ulna"',
        'odd,Radius is in 2 places',
        '"ID2, left/\udcbc.png",this does not look right',
    ]
    assert read_flags(tmp_path / 'flags.csv') == {
        'odd': list(odd.flags),
        'ID2, left/\udcbc.png': list(renamed.flags),
    }
