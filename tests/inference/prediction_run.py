"""A whole run of predictions, and the files that it leaves."""

from stub_predictor import StubPredictor

from handbone.apis.inferencer import make_writers
from handbone.inference import ImageSources
from handbone.inference.run import predict_to_files


def run(images, out, predictor=None, names=('csv', 'overlays'), extra=None, **options):
    predictor = predictor or StubPredictor()
    writers = make_writers(names, out, predictor) | ({} if extra is None else {'extra': extra})
    return predict_to_files(
        predictor, ImageSources([images]), writers, out, progress=False, **options
    )


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file() and path.name != 'journal.json'
    }
