from .section import Section, open_section
from .tile_grid import Tile, TileGrid
from .tissue import TissueRule

__all__ = ['Section', 'Tile', 'TileGrid', 'TissueRule', 'open_section']
