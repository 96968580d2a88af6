"""The line through four points, by gradient descent. They lie on y = 2 x + 0: how near does it come?

    python examples/line.py
"""

x, y = [1, 2, 3, 4], [2, 4, 6, 8]
m, b, lr = 0.0, 0.0, 0.01  # the slope, the intercept, and how long a step is

for step in range(1, 1001):
    misses = [m * xi + b - yi for xi, yi in zip(x, y)]
    cost = sum(miss**2 for miss in misses) / len(x)
    slope_m = sum(2 * miss * xi for miss, xi in zip(misses, x)) / len(x)
    slope_b = sum(2 * miss for miss in misses) / len(x)
    m, b = m - lr * slope_m, b - lr * slope_b
    if step in (1, 10, 100, 1000):
        print(f"step {step:4}: cost {cost:9.6f}, y = {m:.5f} x + {b:.5f}")
