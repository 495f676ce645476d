"""Messages to people: to which services, by which secrets, and the process that sends them.

Nothing here imports torch: the process that sends beside a training stays small.
"""
