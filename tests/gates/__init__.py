"""Every gate against numbers and against PyTorch; `samples.py` says how to add one."""
