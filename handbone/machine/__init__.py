"""What a machine is doing: processor, memory, disks, GPUs, and who uses them since when."""
