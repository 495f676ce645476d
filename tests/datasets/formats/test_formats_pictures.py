"""Masks as pictures, written by Pillow as other programs write them."""

import json
import unicodedata

import numpy as np
import pytest
from made_images import CLASSES, made_images, masks_of, save_picture, write_all
from PIL import Image
from small_dataset import write_png

from handbone.datasets import DatasetError
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.class_masks import ClassMasksReader
from handbone.datasets.formats.color_png import ColorPngReader, ColorPngWriter
from handbone.datasets.formats.index_png import IndexPngReader, IndexPngWriter
from handbone.datasets.formats.nnunet import NnUNetReader, NnUNetWriter
from handbone.errors import HandboneError
from handbone.masks import ignore_mask

VALUES = np.array([[0, 1, 2], [2, 255, 0]], np.uint8)


class TestIndexPng:
    def test_a_palette_changes_nothing(self, tmp_path):
        save_picture(tmp_path / 'masks/a.png', VALUES, tuple(range(256)) * 3)
        save_picture(tmp_path / 'masks/b.png', VALUES)
        (tmp_path / 'classes.txt').write_text('round\nsquare\n')
        for image in IndexPngReader(tmp_path):
            np.testing.assert_array_equal(image.draw(2), [[0, 1, 2], [2, -(2**31), 0]])
        first = next(iter(IndexPngReader(tmp_path, choice=ClassChoice(['square'], skip=['round']))))
        np.testing.assert_array_equal(first.draw(1), [[0, 0, 1], [1, -(2**31), 0]])

    def test_without_background(self, tmp_path):
        save_picture(tmp_path / 'masks/a.png', VALUES)
        (image,) = IndexPngReader(tmp_path, choice=ClassChoice(CLASSES), first=0)
        np.testing.assert_array_equal(image.draw(3), [[1, 2, 4], [4, -(2**31), 1]])

    def test_values_without_a_class(self, tmp_path):
        path = save_picture(tmp_path / 'masks/a.png', VALUES)
        (tmp_path / 'classes.txt').write_text('round\n')
        (image,) = IndexPngReader(tmp_path)
        with pytest.raises(DatasetError, match=f'{path}: the value 2 at x 2, y 0 stands for no'):
            image.draw(1)

    def test_colours_and_unknown_names(self, tmp_path):
        save_picture(tmp_path / 'masks/a.png', np.zeros((2, 3, 3), np.uint8))
        with pytest.raises(DatasetError, match='do not name their classes'):
            IndexPngReader(tmp_path)
        (image,) = IndexPngReader(tmp_path, choice=ClassChoice(CLASSES))
        with pytest.raises(DatasetError, match='its pixels are colours'):
            image.draw(3)

    def test_other_programs_read_what_is_written(self, tmp_path):
        palette = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
        images = made_images()
        write_all(IndexPngWriter(tmp_path, CLASSES, palette), images)
        with Image.open(tmp_path / 'masks/ID0/hand1.png') as picture:
            assert picture.mode == 'P' and picture.getpalette()[3:12] == list(sum(palette, ()))
            values = np.asarray(picture)
        packed = images[1].draw(3)
        np.testing.assert_array_equal(values == 3, packed & 4 != 0)
        with pytest.raises(HandboneError, match='at most 254 classes'):
            IndexPngWriter(tmp_path, [str(number) for number in range(255)])


class TestColorPng:
    COLORS = dict(round=[255, 0, 0], square=[0, 10, 200])

    def picture(self, tmp_path):
        colors = np.array([[0, 0, 0], [255, 0, 0], [0, 10, 200], [255, 255, 255]], np.uint8)
        return save_picture(tmp_path / 'masks/a.png', colors[np.array([[0, 1, 2], [2, 3, 0]])])

    def test_colours(self, tmp_path):
        self.picture(tmp_path)
        (tmp_path / 'colors.json').write_text(json.dumps(self.COLORS))
        for reader in (ColorPngReader(tmp_path), ColorPngReader(tmp_path, colors=self.COLORS)):
            assert reader.classes == ('round', 'square')
            assert reader.palette == ((255, 0, 0), (0, 10, 200))
            (image,) = reader
            np.testing.assert_array_equal(image.draw(2), [[0, 1, 2], [2, -(2**31), 0]])

    @pytest.mark.parametrize(
        ('colors', 'fault'),
        [
            (dict(round=[255, 0, 0]), 'a.png: the value 2760 at x 2, y 0 stands for no class'),
            (dict(a=[1, 2, 3], b=[1, 2, 3]), 'stands for two classes'),
            (dict(a=[1, 2, 300]), r'the colour of a is \[1, 2, 300\]'),
            (None, 'the colours of the classes are not known'),
        ],
    )
    def test_tables_that_do_not_fit(self, tmp_path, colors, fault):
        self.picture(tmp_path)
        with pytest.raises(DatasetError, match=fault):
            masks_of(ColorPngReader(tmp_path, colors=colors))

    def test_names_in_another_unicode_form(self, tmp_path):
        names = [unicodedata.normalize(form, 'élan') for form in ('NFD', 'NFC')]
        save_picture(tmp_path / 'masks/a.png', np.full((2, 2, 3), 7, np.uint8))
        (tmp_path / 'colors.json').write_text(json.dumps({names[0]: [7, 7, 7]}))
        reader = ColorPngReader(tmp_path)
        assert reader.classes == (names[1],) and reader.palette == ((7, 7, 7),)
        assert masks_of(reader)['a.png'].all()
        with pytest.raises(HandboneError, match='the same name in two Unicode forms'):
            ColorPngReader(tmp_path, colors={names[0]: [7, 7, 7], names[1]: [8, 8, 8]})

    def test_colours_that_cannot_be_told_apart(self, tmp_path):
        with pytest.raises(HandboneError, match='black, white or that of two'):
            ColorPngWriter(tmp_path, ['a', 'b'], [(0, 0, 0), (1, 1, 1)])


class TestNnUNet:
    DATASET = dict(
        channel_names={'0': 'CT'},
        labels={'background': 0, 'whole': [1, 2], 'core': [2], 'other': 3, 'ignore': 4},
        regions_class_order=[1, 2, 3],
        numTraining=1,
        file_ending='.png',
    )

    def folder(self, tmp_path, **more):
        write_png(tmp_path / 'imagesTr/case_1_0000.png', np.zeros((2, 3), np.uint8))
        save_picture(tmp_path / 'labelsTr/case_1.png', np.array([[0, 1, 2], [3, 4, 0]], np.uint8))
        (tmp_path / 'dataset.json').write_text(json.dumps(self.DATASET | more))
        return tmp_path

    def test_regions_become_overlapping_classes(self, tmp_path):
        reader = NnUNetReader(self.folder(tmp_path))
        assert reader.classes == ('whole', 'core', 'other')
        (image,) = reader
        assert image.path == tmp_path / 'imagesTr/case_1_0000.png'
        np.testing.assert_array_equal(image.draw(3), [[0, 1, 3], [4, -(2**31), 0]])

    @pytest.mark.parametrize(
        ('more', 'fault'),
        [
            (dict(regions_class_order=[1]), r'"regions_class_order" is \[1\] for 3 regions'),
            (dict(regions_class_order=None), 'is None for 3 regions'),
            (dict(file_ending='.nii.gz'), "end in '.nii.gz', and only 2-D pictures"),
            (dict(labels={'background': 0, 'a': 'x'}), 'labels.a is'),
            (dict(labels={'background': 0, 'a': [True]}), "the label 'a' has the value"),
            (dict(labels={'background': 0, 'a': 1}), 'the value 2 at x 2, y 0 stands for no class'),
        ],
    )
    def test_wrong_descriptions(self, tmp_path, more, fault):
        with pytest.raises(DatasetError, match=fault):
            masks_of(NnUNetReader(self.folder(tmp_path, **more)))

    def test_what_is_written_follows_the_rules_of_nnunet(self, tmp_path):
        images = made_images(tmp_path / 'pictures')
        write_all(NnUNetWriter(tmp_path, CLASSES), images)
        dataset = json.loads((tmp_path / 'dataset.json').read_bytes())
        assert set(dataset) == {
            'channel_names',
            'labels',
            'regions_class_order',
            'numTraining',
            'file_ending',
        }
        values = {value for each in dataset['labels'].values() for value in np.atleast_1d(each)}
        assert values == set(range(len(values)))  # nnU-Net wants consecutive values
        assert dataset['numTraining'] == 4 and len(dataset['regions_class_order']) == 3
        labels = np.asarray(Image.open(tmp_path / 'labelsTr/ID0__hand1.png'))
        packed = images[1].draw(3)
        for index, name in enumerate(CLASSES):
            found = np.isin(labels, dataset['labels'][name])
            np.testing.assert_array_equal(found, packed >> index & 1 != 0)

    def test_reserved_names(self, tmp_path):
        with pytest.raises(HandboneError, match='keeps the name background for itself'):
            NnUNetWriter(tmp_path, ['background', 'a'])


def test_zero_may_be_ignored_and_options_of_the_wrong_kind_are_one_line(tmp_path):
    save_picture(tmp_path / 'masks/a.png', np.array([[0, 1], [2, 0]], np.uint8))
    choice = ClassChoice(['a', 'b'])
    (image,) = IndexPngReader(tmp_path, choice=choice, ignored=0)
    assert ignore_mask(image.draw(2)).tolist() == [[True, False], [False, True]]
    options = [(IndexPngReader, 'ignored', value) for value in (2, [0], 'a')]
    options += [(ColorPngReader, 'colors', value) for value in ('red', [1], {'a': 1})]
    for reader, name, value in (*options, (ClassMasksReader, 'threshold', 'abc')):
        with pytest.raises(HandboneError, match=f'^{name} '):
            reader(tmp_path, choice=choice, **{name: value})
