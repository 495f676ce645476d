"""Signs by which formats are told apart, beyond the round trips of the conversion."""

from handbone.datasets.formats.catalogue import recognise


def test_a_file_that_changed_is_looked_at_again(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('{"images": [], "categories": []}')
    assert recognise(path)[0] == 'coco'
    path.write_text('{"shapes": []}')
    assert recognise(path)[0] == 'labelme'
