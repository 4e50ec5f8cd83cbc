"""What things cost, beside other ways to do them: `python -m tests.benchmarks`. No test asserts a time."""
