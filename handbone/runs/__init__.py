"""What training runs left in their work dirs, read and compared."""
