"""Comparison, legend, contact sheet and visualizer."""

import cv2
import numpy as np
import pytest
from mmengine.registry import VISBACKENDS
from mmengine.structures import PixelData
from mmengine.visualization import BaseVisBackend, LocalVisBackend
from mmseg.registry import VISUALIZERS
from mmseg.structures import SegDataSample

from handbone.masks import pack, planes_first
from handbone.visualization import MultilabelLocalVisualizer, comparison, draw_comparison, legend
from handbone.visualization.contact_sheet import draw_contact_sheet, draw_thumbnail
from handbone.visualization.legend import LegendEntry, draw_legend
from handbone.visualization.picture_file import write_picture
from handbone.visualization.text import shorten, text_width

CLASSES = ('lung', 'heart', 'clavicle')
COLORS = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


@pytest.fixture
def image():
    return np.full((100, 100), 60, np.uint8)


@pytest.fixture
def truth():
    masks = np.zeros((3, 100, 100), bool)
    masks[0, 10:60, 10:60] = True
    masks[1, 40:90, 40:90] = True
    return masks


@pytest.fixture
def sample(truth):
    sample = SegDataSample(metainfo=dict(img_path='root/ID1/hand.png'))
    sample.gt_sem_seg = PixelData(data=planes_first(pack(truth)))
    sample.pred_sem_seg = PixelData(data=planes_first(pack(np.roll(truth, 10, axis=1))))
    return sample


@pytest.fixture
def visualizer(request):
    visualizer = MultilabelLocalVisualizer(request.node.name, panel_size=200)
    visualizer.dataset_meta = dict(classes=CLASSES, palette=COLORS)
    return visualizer


@pytest.fixture
def legend_entries(monkeypatch):
    """Catch what the legend lists."""
    caught = []

    def draw(entries, *rest):
        caught.extend(entries)
        return draw_legend(entries, *rest)

    monkeypatch.setattr(comparison, 'draw_legend', draw)
    return caught


def test_legend_lists_the_classes_that_are_present_with_their_dice(image, truth, legend_entries):
    prediction = np.roll(truth, 10, axis=1)
    draw_comparison(image, CLASSES, COLORS, pack(truth), pack(prediction), panel_size=300)
    assert [entry.name for entry in legend_entries] == ['lung', 'heart']
    assert [entry.index for entry in legend_entries] == [0, 1]
    assert legend_entries[0].score == pytest.approx(0.8, abs=1e-6)


def test_legend_has_no_scores_without_truth(image, truth, legend_entries):
    draw_comparison(image, CLASSES, COLORS, None, pack(truth))
    assert [entry.score for entry in legend_entries] == [None, None]


def test_a_class_that_only_the_truth_has_is_listed_with_zero(image, truth, legend_entries):
    prediction = truth.copy()
    prediction[1] = False
    draw_comparison(image, CLASSES, COLORS, pack(truth), pack(prediction))
    assert legend_entries[1].score == pytest.approx(0, abs=1e-6)


def test_truth_stands_left_and_prediction_right(image, truth):
    prediction = np.zeros_like(truth)
    prediction[2, 20:40, 20:40] = True
    picture = draw_comparison(
        image, CLASSES, COLORS, pack(truth), pack(prediction), panel_size=None, with_labels=False
    )
    assert picture.shape == (100, 200, 3)
    np.testing.assert_allclose(picture[10, 30], COLORS[0], atol=20)
    np.testing.assert_allclose(picture[20, 130], COLORS[2], atol=20)


def test_bare_image_and_nothing_to_draw(image, truth):
    settings = dict(panel_size=None, with_labels=False)
    picture = draw_comparison(image, CLASSES, COLORS, pack(truth), with_image=True, **settings)
    assert picture.shape == (100, 200, 3)
    assert (picture[:, :100] == 60).all()
    assert (draw_comparison(image, CLASSES, COLORS, **settings) == 60).all()
    assert draw_comparison(image, CLASSES, COLORS).shape[1] >= 1024


def test_maps_of_several_sizes(image, truth):
    small = np.ascontiguousarray(truth[:, ::2, ::2])
    assert draw_comparison(image, CLASSES, COLORS, pack(truth), pack(small)).ndim == 3


def test_210_classes():
    classes = [f'unit {index}' for index in range(210)]
    masks = np.zeros((210, 100, 100), bool)
    for index in range(210):
        masks[index, index // 15 * 7 : index // 15 * 7 + 6, index % 15 * 6 : index % 15 * 6 + 5] = 1
    picture = draw_comparison(np.zeros((100, 100), np.uint8), classes, None, None, pack(masks))
    assert picture.shape[0] > 1024


def test_legend_takes_more_columns_when_it_is_long():
    entries = [LegendEntry(index, f'class {index}', (200, 10, 10), 0.5) for index in range(60)]
    short, long = draw_legend(entries[:5], 400, 14), draw_legend(entries, 400, 14)
    assert short.shape[0] == long.shape[0] == 400
    assert long.shape[1] > 3 * short.shape[1]
    swatches = (long == (200, 10, 10)).all(axis=2).astype(np.uint8)
    assert cv2.connectedComponents(swatches)[0] - 1 >= 60


def test_lowest_score_is_set_off():
    entries = [
        LegendEntry(index, 'a', COLORS[index], score) for index, score in enumerate((0.9, 0.1))
    ]
    colored = (draw_legend(entries, 200, 14) == legend.WARNING).all(axis=2)
    assert colored.any()
    assert not colored[: round(14 * 1.55 * 1.4)].any()


def test_texts_are_cut_in_the_middle():
    name = 'ID001/image1661130828152_R.png'
    assert shorten(name, 14, 1000) == name
    short = shorten(name, 14, 120)
    assert text_width(short, 14) <= 120
    assert short.startswith('ID')
    assert short.endswith('g')
    assert '…' in short


def test_thumbnail_shows_missed_truth_in_white_and_crops_to_the_masks():
    truth = np.zeros((1, 400, 400), bool)
    truth[0, 100:200, 100:200] = True
    empty = np.zeros_like(truth)
    black = np.zeros((400, 400), np.uint8)
    missed = draw_thumbnail(black, ['a'], [(255, 0, 0)], pack(truth), pack(empty), 108)
    found = draw_thumbnail(black, ['a'], [(255, 0, 0)], pack(truth), pack(truth), 108)
    assert missed.shape == (108, 108, 3)
    assert (missed.min(axis=2) > 100).sum() > 300
    assert found[..., 1].max() < 100
    assert (found[..., 0] > 0).mean() > 0.7


def test_thumbnail_from_coarse_maps_shows_the_same_part():
    truth = np.zeros((1, 400, 400), bool)
    truth[0, 100:200, 140:240] = True
    image = np.zeros((400, 400), np.uint8)
    image[100:200, 140:240] = 200
    fine, coarse = (
        draw_thumbnail(image, ['a'], [(255, 0, 0)], pack(masks), pack(masks), 108)
        for masks in (truth, truth[:, 2::4, 2::4])
    )
    assert np.abs(fine.astype(int) - coarse).mean() < 12


def test_thumbnail_without_any_mask(image):
    empty = pack(np.zeros((3, 100, 100), bool))
    assert draw_thumbnail(image, CLASSES, COLORS, empty, empty, 64).shape == (64, 64, 3)


@pytest.mark.parametrize(('count', 'columns'), [(1, 1), (3, 2), (12, 4), (7, 3)])
def test_contact_sheet_holds_every_picture(count, columns):
    pictures = [np.full((90, 80 + index, 3), 10 + index, np.uint8) for index in range(count)]
    sheet = draw_contact_sheet(pictures, [('name', 'score')] * count, 'The lowest')
    width = 80 + count - 1
    assert columns * width <= sheet.shape[1] <= columns * (width + 20)
    for index in range(count):
        assert (sheet == 10 + index).all(axis=2).sum() >= 0.99 * 90 * (80 + index)


def test_visualizer_is_built_by_name_and_writes_with_the_local_backend(image, sample, tmp_path):
    visualizer = VISUALIZERS.build(
        dict(
            type='mmseg.MultilabelLocalVisualizer',
            name='local_backend',
            vis_backends=[dict(type='LocalVisBackend')],
            save_dir=str(tmp_path),
            classes=CLASSES,
        )
    )
    visualizer.add_datasample('val', image, sample, step=3)
    picture = cv2.imread(str(tmp_path / 'vis_data' / 'vis_image' / 'val_3.png'))
    np.testing.assert_array_equal(picture[..., ::-1], visualizer.draw_datasample(image, sample))


def test_tensorboard_gets_the_picture(image, sample, tmp_path):
    accumulator = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    visualizer = MultilabelLocalVisualizer(
        'tensorboard_backend',
        vis_backends=[dict(type='TensorboardVisBackend')],
        save_dir=str(tmp_path),
        classes=CLASSES,
    )
    visualizer.add_datasample('val', image, sample, step=3)
    visualizer.close()
    events = accumulator.EventAccumulator(str(tmp_path / 'vis_data'))
    events.Reload()
    assert events.Images('val')[0].step == 3


@VISBACKENDS.register_module()
class ImageOnlyBackend(BaseVisBackend):
    """Takes images and nothing else, as a stand-in for MLflow, W&B and the like."""

    def __init__(self, save_dir):
        super().__init__(save_dir)
        self.images = []

    def _init_env(self):
        pass

    @property
    def experiment(self):
        return self

    def add_image(self, name, image, step=0, **kwargs):
        self.images.append((name, image.dtype, image.shape[2], step))


def test_any_backend_that_takes_images_will_do(image, sample, tmp_path):
    visualizer = MultilabelLocalVisualizer(
        'image_only',
        vis_backends=[dict(type='ImageOnlyBackend')],
        save_dir=str(tmp_path),
        classes=CLASSES,
    )
    visualizer.add_datasample('val', image, sample, step=5)
    backend = visualizer.get_backend('ImageOnlyBackend')
    assert backend.images == [('val', np.uint8, 3, 5)]


def test_out_file_and_window_take_the_place_of_the_backends(image, sample, visualizer, tmp_path):
    visualizer._vis_backends = dict(local=LocalVisBackend(str(tmp_path / 'backend')))
    shown = []
    visualizer.show = lambda picture, **settings: shown.append(settings)
    visualizer.add_datasample('val', image, sample, out_file=str(tmp_path / 'new' / 'a.png'))
    visualizer.add_datasample('val', image, sample, show=True, wait_time=2)
    assert cv2.imread(str(tmp_path / 'new' / 'a.png')) is not None
    assert shown == [dict(win_name='val', wait_time=2)]
    assert not (tmp_path / 'backend').exists()


def test_draw_gt_and_draw_pred(image, sample, visualizer):
    both = visualizer.draw_datasample(image, sample, with_labels=False)
    assert both.shape == (200, 400, 3)
    for settings in (dict(draw_gt=False), dict(draw_pred=False)):
        one = visualizer.draw_datasample(image, sample, with_labels=False, **settings)
        assert one.shape == (200, 200, 3)
    bare = visualizer.draw_datasample(image, None, with_labels=False)
    assert (bare == 60).all()


def test_unknown_classes(image, sample):
    with pytest.raises(ValueError, match='does not know the classes'):
        MultilabelLocalVisualizer('no_classes').draw_datasample(image, sample)


def test_a_picture_that_cannot_be_written_leaves_the_old_one(tmp_path, full_disk):
    picture = np.zeros((4, 4, 3), np.uint8)
    path = tmp_path / 'a.png'
    path.write_text('the old one')
    with pytest.raises(OSError, match='No space left'):
        write_picture(path, picture)
    assert path.read_text() == 'the old one'
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(ValueError, match=r"cannot be written as '.xyz'"):
        write_picture(tmp_path / 'a.xyz', picture)
