"""A config that is formatted once, not for every checkpoint."""

from typing import Self

from mmengine.config import Config


class FormattedConfig(Config):
    """A config that keeps its formatted text until its content changes.

    mmengine formats the config of a run again for each log, dump and checkpoint.

    >>> cfg = FormattedConfig.of(Config(dict(size=1)))
    >>> cfg.size = 2
    >>> print(cfg.pretty_text, end='')
    size = 2
    """

    @classmethod
    def of(cls, cfg: Config) -> Self:
        """Make one of a config.

        Args:
            cfg: The config.

        Returns:
            The same content with the same file name.
        """
        made = cls.__new__(cls)
        made.__setstate__(cfg.__getstate__())
        return made

    @property
    def pretty_text(self) -> str:
        """The text, as mmengine formats it."""
        content = repr(self._cfg_dict)
        former, text = self.__dict__.get('_formatted', ('', ''))
        if content != former:
            text = super().pretty_text
            self.__dict__['_formatted'] = content, text
        return text
