"""The out-of-fold logits of a cross-validation: computed once, kept in its work dir."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS
from torch import Tensor
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from handbone.configuration.dataset_configs import dataset_pipeline, only_dataset, with_pipeline
from handbone.configuration.prediction_settings import prediction_settings
from handbone.errors import HandboneError
from handbone.progress import progress_bar
from handbone.version import __version__

from .combination import AS_IT_IS, Seen, step_text
from .held_out import HeldOut, held_out_images
from .kept_logits import KeptLogits, image_key
from .mean_logits import Decided
from .members import build_member, decided_by, logits_only
from .trained_config import member_config, trained_config

#: Folder of the logits in the folder of a fold.
FOLDER = 'out_of_fold_logits'
#: Changes when the same checkpoint gives different logits: with every version of the package, and
#: in between by the number after it, as when both hands on a film came to be predicted.
VERSION = f'{__version__}, 2'


@dataclass
class CrossValidation:
    """The trainings of one config on all folds.

    Attributes:
        name: Its work dir, for messages.
        checkpoints: The checkpoint of each fold.
        hashes: SHA-256 of each.
        views: Arguments of the views that may be averaged.
        other_windows: Settings of ``test_cfg`` for the other way to see an image; None without.
        merge: What views average, ``probabilities`` or ``logits``.
        device: Where the networks compute.
        images: The held-out images of all folds, once :meth:`list_images` has listed them.
    """

    name: str
    checkpoints: Sequence[str]
    hashes: Sequence[str]
    views: Sequence[Mapping[str, Any]] = ({},)
    other_windows: Mapping[str, Any] | None = None
    merge: str = 'probabilities'
    device: torch.device = torch.device('cpu')
    images: list[HeldOut] = field(default_factory=list)
    _datasets: dict[int, Any] = field(default_factory=dict, repr=False)
    _indices: dict[str, int] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> str:
        """A hash of all that the logits depend on."""
        images = [image_key(image.path) for image in self.images]
        parts = [self.hashes, list(self.views), self.other_windows, self.merge, VERSION, images]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def list_images(self) -> None:
        """List the held-out images of all folds, in the order of their paths.

        Raises:
            HandboneError: If the data are not there any more, or an image is in two folds.
        """
        images: list[HeldOut] = []
        for fold, checkpoint in enumerate(self.checkpoints):
            cfg = trained_config(checkpoint)
            _, settings = only_dataset(cfg, 'val_dataloader', 'folds are made of one')
            trained = settings.get('fold'), settings.get('num_folds')
            if trained != (fold, len(self.checkpoints)):
                raise HandboneError(
                    f'{checkpoint} was trained without fold {trained[0]} of {trained[1]}, but it '
                    f'is in the place of fold {fold} of {len(self.checkpoints)}'
                )
            self._datasets[fold], of_fold = held_out_images(cfg, fold)
            self._indices.update({image.path: index for index, image in enumerate(of_fold)})
            images += of_fold
        images.sort(key=lambda image: Path(image.path).parts)
        for first, second in zip(images, images[1:], strict=False):
            if first.path == second.path:
                raise HandboneError(
                    f'{self.name}: {first.path} is in the folds {first.fold} and {second.fold}: '
                    'the data were changed between the trainings; train all folds again'
                )
        self.images = images

    def member_settings(self, views: Sequence[str], windows: bool) -> dict[str, Any]:
        """Say how a checkpoint predicts.

        Args:
            views: The views that are averaged, each as a text in JSON. Those that the config does
                not have are left out.
            windows: Whether images are seen in the other way, if there is one.

        Returns:
            ``views`` and ``prediction`` of :class:`handbone.ensembles.EnsembleMember`.
        """
        own = {AS_IT_IS, *map(step_text, self.views)}
        return dict(
            views=[json.loads(view) for view in views if view in own],
            prediction=dict(self.other_windows or {}) if windows else {},
        )

    def labels(self, image: HeldOut) -> Tensor:
        """Load the labels of an image.

        Args:
            image: One of ``images``.

        Returns:
            Int32 (P, H, W), or (2P, H, W) where something is unknown.

        Raises:
            HandboneError: If it has none.
        """
        dataset = self._datasets[image.fold]
        sample = dataset[self._indices[image.path]]['data_samples']
        if 'gt_sem_seg' not in sample:
            raise HandboneError(f'{image.path} has no labels, but out-of-fold images are scored')
        return sample.gt_sem_seg.data

    def logits(self, image: int, views: Sequence[str], windows: bool) -> Tensor:
        """Read the kept logits of an image; see :class:`handbone.ensembles.combination.Candidate`.

        Args:
            image: Its number.
            views: The views that they are the mean of.
            windows: Whether they are those of the other way to see an image.

        Returns:
            Float32 (C, h, w).
        """
        held_out = self.images[image]
        return self._kept(held_out.fold, views, windows).read(image_key(held_out.path))

    def missing(self, fold: int, views: Sequence[str], windows: bool) -> list[HeldOut]:
        """List the images of a fold whose logits are not kept yet.

        Args:
            fold: Number of the fold.
            views: As for :meth:`logits`.
            windows: As for :meth:`logits`.

        Returns:
            The images.
        """
        kept = self._kept(fold, views, windows)
        of_fold = [image for image in self.images if image.fold == fold]
        return [image for image in of_fold if image_key(image.path) not in kept]

    def decided(self) -> Decided:
        """Tell how the networks go from logits to classes.

        Raises:
            HandboneError: If the first checkpoint does not fit its config.
        """
        return decided_by(self._network(0, (AS_IT_IS,), False)[0])

    def provide(self, wanted: Collection[Seen]) -> None:
        """Compute and keep all logits that are missing; see :class:`Candidate`.

        Args:
            wanted: In which views, and in which way, images are going to be seen.

        Raises:
            HandboneError: If a checkpoint does not fit its config.
        """
        # without a view, or another way to see images, of its own, several are the same
        different = {
            (fold, self._kept(fold, *seen).key): (fold, seen)
            for fold in range(len(self.checkpoints))
            for seen in sorted(wanted)
        }
        work = [(*each, self.missing(each[0], *each[1])) for each in different.values()]
        total = sum(len(images) for _, _, images in work)
        with progress_bar(description='Out-of-fold logits', total=total) as progress:
            for fold, seen, images in work:
                if images:
                    self._predict(fold, seen, images, progress)

    def _network(self, fold: int, views: Sequence[str], windows: bool) -> tuple[Any, Config]:
        cfg = member_config(
            self.checkpoints[fold], merge=self.merge, **self.member_settings(views, windows)
        )
        return logits_only(build_member(cfg.model, self.checkpoints[fold])), cfg

    @torch.inference_mode()
    def _predict(self, fold: int, seen: Seen, images: Sequence[HeldOut], progress: tqdm) -> None:
        network, cfg = self._network(fold, *seen)
        network.to(self.device)
        kept = self._kept(fold, *seen)
        settings = deepcopy(cfg.val_dataloader.dataset)
        dataset = DATASETS.build(with_pipeline(settings, dataset_pipeline(cfg)))
        loader = DataLoader(
            Subset(dataset, [self._indices[image.path] for image in images]),
            batch_size=1,
            num_workers=min(2, len(images)) if cfg.val_dataloader.get('num_workers') else 0,
            collate_fn=pseudo_collate,
        )
        for image, batch in zip(images, loader, strict=True):
            (sample,) = network.test_step(batch)
            kept.keep(image_key(image.path), sample.seg_logits.data)
            progress.update()

    def _kept(self, fold: int, views: Sequence[str], windows: bool) -> KeptLogits:
        settings = self.member_settings(views, windows)
        made_of = dict(
            version=VERSION,
            checkpoint=self.hashes[fold],
            merge=self.merge if settings['views'] != [{}] else None,
            **settings,
        )
        return KeptLogits(Path(self.name) / f'fold_{fold}' / FOLDER, made_of)


def starting_settings(cfg: Config) -> tuple[Any, list[dict[str, Any]]]:
    """Read the thresholds and steps of a config.

    Args:
        cfg: Config of a training.

    Returns:
        Threshold, one number or one per class, and the steps after the thresholds.
    """
    settings = prediction_settings(cfg)
    steps = [dict(step) for step in settings.get('postprocess') or ()]
    return settings.get('threshold', 0.5), steps
