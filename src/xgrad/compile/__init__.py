"""Record a step once, replay it fast: what `xg.function` is made of.

recording.py writes down what a function does, passes/ make it do less, and an executor runs what is
left: cpu.py for NumPy, direct.py for every other library."""
