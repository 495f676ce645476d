"""Predicted Dice in an archive, and the queue for review."""

import pytest
from marking_predictor import CLASSES, StubPredictor, write_images

for package in ('ray.data', 'duckdb', 'pyarrow'):
    pytest.importorskip(package, reason='needs pip install "handbone[archive]"')

import inline_ray  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from handbone.archive.folder import ArchiveFolder  # noqa: E402
from handbone.archive.prediction import Workforce, predict_archive  # noqa: E402
from handbone.archive.submission import write_submission  # noqa: E402
from handbone.errors import HandboneError  # noqa: E402
from handbone.evaluation.logit_summary import LogitSummary  # noqa: E402
from handbone.inference.predictor import Labelled  # noqa: E402
from handbone.quality.features import FEATURES  # noqa: E402
from handbone.quality.model import QualityModel  # noqa: E402

EMPTY = np.full(3, np.nan)


class SummarisingStub(StubPredictor):
    """As sure of a class as the image is bright."""

    summarises = True

    def predict_summarised(self, images):
        return [
            Labelled(
                labels,
                LogitSummary(np.array([image.mean() / 256] * 2 + [np.nan]), EMPTY, EMPTY),
            )
            for image, labels in zip(images, self.predict(images), strict=True)
        ]


def model(classes=CLASSES):
    """The surer, the better."""
    shape = (3, len(FEATURES))
    weights = np.zeros(shape[1])
    weights[FEATURES.index('confidence')] = -1
    absent = np.array([0.5, 0.5, 0.9])
    return QualityModel(classes, np.zeros(shape), np.ones(shape), np.full(3, -2.0), weights, absent)


@pytest.fixture
def predict(monkeypatch, tmp_path):
    inline_ray.use(monkeypatch)

    def run(images, quality=None):
        return predict_archive(
            images,
            ArchiveFolder(tmp_path / 'archive'),
            lambda device: SummarisingStub(),
            workforce=Workforce(images_per_file=3, batch_size=2),
            quality=quality,
        )

    return run


def test_queue(predict, tmp_path):
    images = write_images(tmp_path / 'images', 8)
    review = predict(images, model()).review
    assert (review.judged, review.lacking) == (8, 0)
    table = pd.read_parquet(tmp_path / 'archive' / 'runs')
    assert {'confidence', 'margin', 'agreement', 'area', 'predicted_dice'} <= set(table)
    missing = table[table['class'] == 'nothing']
    assert missing['confidence'].isna().all()
    np.testing.assert_allclose(missing['predicted_dice'], 0.9, rtol=1e-6)
    means = table.groupby('image')['predicted_dice'].mean().sort_values(kind='stable')
    queue = pd.read_parquet(review.file)
    assert queue['image'].tolist() == means.index.tolist()
    np.testing.assert_allclose(queue['predicted_dice'], means, rtol=1e-5)
    assert set(queue['worst_class']) <= set(CLASSES[:2])
    worst = table.groupby('image')['predicted_dice'].min()[queue['image']]
    np.testing.assert_allclose(queue['worst_predicted_dice'], worst, rtol=1e-6)


def test_images_of_a_run_without_quality_are_not_judged(predict, tmp_path):
    """And rows with and without the columns make one table."""
    old = write_images(tmp_path / 'images', 4)
    assert predict(old).review is None
    review = predict(old, model()).review
    assert (review.file, review.judged, review.lacking) == (None, 0, 4)
    new = write_images(tmp_path / 'images', 3, first=4)
    review = predict(old | new, model()).review
    assert (review.judged, review.lacking) == (3, 4)
    assert set(pd.read_parquet(review.file)['image']) == set(new)
    written = write_submission(ArchiveFolder(tmp_path / 'archive'), tmp_path / 'all.csv')
    assert written.images == 7


def test_labels_are_those_of_a_run_without_quality(predict, tmp_path, monkeypatch):
    images = write_images(tmp_path / 'images', 4)
    predict(images, model())
    write_submission(ArchiveFolder(tmp_path / 'archive'), tmp_path / 'with.csv')
    (tmp_path / 'archive').rename(tmp_path / 'other')
    predict(images)
    write_submission(ArchiveFolder(tmp_path / 'archive'), tmp_path / 'without.csv')
    assert (tmp_path / 'with.csv').read_bytes() == (tmp_path / 'without.csv').read_bytes()


def test_other_classes_are_refused(predict, tmp_path):
    images = write_images(tmp_path / 'images', 1)
    with pytest.raises(HandboneError, match='other classes than those of the model that predicts'):
        predict(images, model(('a', 'b', 'c')))
