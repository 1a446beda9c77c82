"""Points on [0, 1] and their weights, by rule and number of steps."""
import numpy as np


def gauss(steps):
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return (nodes + 1) / 2, weights / 2


def midpoint(steps):
    return (np.arange(steps) + 0.5) / steps, np.full(steps, 1 / steps)


def trapezoid(steps):
    """One point more than steps, both ends among them."""
    weights = np.full(steps + 1, 1 / steps)
    weights[[0, -1]] /= 2
    return np.linspace(0, 1, steps + 1), weights


def ends(steps):
    """As PAIR's saliency has it: a plain mean over points from end to end."""
    return np.linspace(0, 1, steps), np.full(steps, 1 / steps)


RULES = {"gauss": gauss, "midpoint": midpoint, "trapezoid": trapezoid, "ends": ends}
