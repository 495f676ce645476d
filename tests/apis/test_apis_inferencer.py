"""Predicting from Python: whatever stands for an image, and one line for what does not."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from handbone.apis import MultilabelInferencer
from handbone.errors import HandboneError
from handbone.radiographs import RadiographError


def labels_of(grey):
    return (grey > 100).astype(np.int32) | (grey > 200).astype(np.int32) << 1


class Thresholding:
    """Class 0 above grey value 100, class 1 above 200."""

    classes = ('bright', 'very bright')
    palette = ((255, 0, 0), (0, 255, 0))
    thresholds = (0.5, 0.5)
    model_hash = 'stub'
    window = 'file'
    device = torch.device('cpu')

    def predict(self, images):
        return [labels_of(image) for image in images]


@pytest.fixture
def inferencer():
    return MultilabelInferencer.of(Thresholding())


GREY = np.random.default_rng(0).integers(0, 256, (5, 7)).astype(np.uint8)


@pytest.mark.parametrize(
    'image',
    [
        GREY,
        GREY.astype(np.float64),
        GREY.astype(np.float16),
        np.asfortranarray(GREY),
        torch.from_numpy(GREY),
        torch.from_numpy(GREY).float().requires_grad_(),
        Image.fromarray(GREY),
    ],
    ids=lambda image: f'{type(image).__name__} {getattr(image, "dtype", "")}',
)
def test_one_image_or_a_list(inferencer, image):
    for images in (image, [image], (image, image)):
        predictions = list(inferencer(images, batch_size=2))
        assert len(predictions) == (2 if isinstance(images, tuple) else 1)
        for index, prediction in enumerate(predictions):
            assert prediction.name == f'image{index}' and prediction.radiograph.path is None
            np.testing.assert_array_equal(prediction.labels, labels_of(GREY))


@pytest.mark.parametrize(
    ('image', 'words'),
    [
        (GREY.astype(np.uint16), 'uint16'),
        (np.zeros((8, 8, 3), np.uint8), r'shape \(8, 8, 3\)'),
        (Image.new('RGB', (8, 8)), r'shape \(8, 8, 3\)'),
        (torch.zeros(1, 8, 8), r'shape \(1, 8, 8\)'),
        (GREY / 255, 'between 0 and 0.9.*Multiply by 255'),
        (np.full((4, 4), np.nan, np.float32), 'NaN'),
        (np.full((4, 4), -np.inf), 'infinite'),
        (np.zeros((0, 0), np.uint8), 'empty'),
        (np.zeros((1, 700), np.uint8), 'strip of 1 x 700'),
        (GREY > 7, 'bool'),
        (7, 'shape'),
        (None, 'shape'),
        ({'image': GREY}, 'shape'),
    ],
)
def test_what_is_not_an_image_is_one_line(inferencer, image, words):
    with pytest.raises(HandboneError, match=f'image1: .*{words}.*') as caught:
        list(inferencer([GREY, image]))
    assert 'images must be grey values (H, W)' in str(caught.value)
    assert '\n' not in str(caught.value) and '..' not in str(caught.value)


def test_files_and_folders(inferencer, tmp_path):
    for index in (0, 1):
        cv2.imwrite(str(tmp_path / f'hand{index}.png'), GREY)
    (prediction,) = inferencer(tmp_path / 'hand0.png')
    assert prediction.labels.shape == (5, 7) and prediction.name == 'hand0'
    assert [each.name for each in inferencer([str(tmp_path)])] == ['hand0', 'hand1']
    with pytest.raises(HandboneError, match='not both in one list'):
        list(inferencer([tmp_path, GREY]))
    with pytest.raises(HandboneError, match='there is no image'):
        list(inferencer([]))
    (tmp_path / 'hand2.png').write_text('no image')
    with pytest.raises(RadiographError, match='hand2.png: '):
        list(inferencer(tmp_path))
    with pytest.raises(HandboneError, match='unknown format nifti: there are csv'):
        inferencer.run([tmp_path], ['nifti'], tmp_path.parent / 'out')


def test_what_is_not_a_predictor():
    with pytest.raises(HandboneError, match='Module is not a predictor: open one with'):
        MultilabelInferencer.of(torch.nn.Module())


def test_all_predictors_check_images_alike():
    """The exported one and that of PyTorch refuse the same images in the same words."""
    from handbone.export import ExportedPredictor, Preprocessing
    from handbone.inference.array_pipeline import ArrayPipeline

    exported = ExportedPredictor.__new__(ExportedPredictor)
    exported.preprocessing = Preprocessing((8, 8), True, 'bilinear', 1, None, (0.0,), (1.0,))
    exported.color = False
    pipeline = ArrayPipeline([dict(type='LoadRadiograph')])
    predictors = (lambda each: exported.predict([each]), lambda each: pipeline(each, 'image 0'))
    for bad in (GREY.astype(np.uint16), np.zeros((1, 700), np.uint8), GREY[..., None], GREY / 255):
        texts = []
        for predict in predictors:
            with pytest.raises(HandboneError, match='image 0: ') as caught:
                predict(bad)
            texts.append(str(caught.value))
        assert texts[0] == texts[1]


class Colours(Thresholding):
    """Marks what is blue."""

    color = True

    def predict(self, images):
        assert all(image.shape[2] == 3 for image in images)
        return [(image[..., 0] > 100).astype(np.int32) for image in images]


def test_colours_for_models_that_see_them(inferencer):
    image = np.zeros((4, 6, 3), np.uint8)
    image[1:3, 2:4, 0] = 255
    picture = Image.fromarray(image[..., ::-1])
    predict = MultilabelInferencer.of(Colours())
    floats = image.astype(np.float32)
    for given in (image, torch.from_numpy(image), floats, picture, picture.convert('RGBA')):
        (prediction,) = predict(given)
        np.testing.assert_array_equal(prediction.labels, image[..., 0] > 0)
        np.testing.assert_array_equal(prediction.radiograph.image, image[..., ::-1])
    (prediction,) = predict(GREY)
    np.testing.assert_array_equal(prediction.labels, GREY > 100)
    for wrong in (floats / 255, image.astype(np.int64), np.zeros((4, 6, 4), np.uint8)):
        with pytest.raises(HandboneError, match='image0: .*colours must be blue, green and red'):
            list(predict(wrong))
    with pytest.raises(HandboneError, match='Convert colours to grey first'):
        list(inferencer(image))
