from .comparison import draw_comparison
from .local_visualizer import MultilabelLocalVisualizer
from .overlay import draw_masks

__all__ = ['MultilabelLocalVisualizer', 'draw_comparison', 'draw_masks']
