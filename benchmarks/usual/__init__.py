"""Today's usual ways, written as a user would write them without handbone."""
