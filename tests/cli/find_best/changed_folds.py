"""Cross-validations that are copies of one, with changes."""

import shutil

import torch

from handbone.configuration.fold_config import write_finished_fold


def copied(source, target, shift):
    """Copy a cross-validation; its networks say something, and another thing for each shift."""
    for fold in range(2):
        folder = target / f'fold_{fold}'
        folder.mkdir(parents=True)
        content = torch.load(source / f'fold_{fold}' / 'iter_2.pth', weights_only=False)
        generator = torch.Generator().manual_seed(10 * shift + fold)
        weight = content['state_dict']['decode_head.to_pixels.weight']
        weight += 0.1 * torch.randn(weight.shape, generator=generator)
        torch.save(content, folder / 'iter_2.pth')
        write_finished_fold(folder, fold, 2)
    return target


def edited(validation, target, old, new):
    """Copy a cross-validation and change the text of its configs."""
    shutil.copytree(validation, target)
    for path in target.glob('fold_*/iter_2.pth'):
        content = torch.load(path, weights_only=False)
        assert old in content['meta']['cfg']
        content['meta']['cfg'] = content['meta']['cfg'].replace(old, new)
        torch.save(content, path)
    return target
