"""How good predictions are likely to be, without a truth: signs of each mask, predicted Dice."""
