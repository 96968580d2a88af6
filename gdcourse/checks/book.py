"""Where the book says it: the equations that hints point to, their pages and addresses, and what they are about."""

import os

# label in the chapter's source: the number on the page. A test holds this against the chapters.
EQUATIONS = {
    "eq-loop-mse": "1.1",
    "eq-loop-gradient": "1.2",
    "eq-loop-step": "1.3",
    "eq-grad-vector": "2.1",
    "eq-grad-directional": "2.2",
    "eq-grad-steepest": "2.3",
    "eq-grad-central": "2.4",
    "eq-grad-check": "2.5",
    "eq-cost-mean": "3.1",
    "eq-cost-pinball": "3.2",
    "eq-cost-nll": "3.6",
    "eq-cost-mse-from-gaussian": "3.7",
    "eq-cost-cross-entropy": "3.9",
    "eq-unit-sigmoid": "4.2",
    "eq-unit-bce": "4.3",
    "eq-unit-slopes": "4.4",
    "eq-unit-softplus": "4.5",
    "eq-unit-softmax": "4.6",
    "eq-unit-log-softmax": "4.7",
    "eq-unit-softmax-ce": "4.8",
    "eq-unit-prediction-minus-target": "4.9",
    "eq-unit-gaussian-nll": "4.11",
    "eq-gd-step": "5.1",
    "eq-gd-quadratic-mode": "5.5",
    "eq-gd-stability": "5.6",
    "eq-gd-best-step": "5.7",
    "eq-gd-rate": "5.8",
    "eq-gd-iterations": "5.9",
    "eq-gd-armijo": "5.11",
    "eq-gd-standardize": "5.12",
    "eq-batch-estimate": "6.1",
    "eq-batch-step": "6.2",
    "eq-batch-variance": "6.3",
    "eq-batch-shards": "6.5",
    "eq-sched-decays": "7.1",
    "eq-sched-cosine": "7.2",
    "eq-mom-heavy-ball": "8.1",
    "eq-mom-best": "8.5",
    "eq-mom-nesterov": "8.7",
    "eq-coord-rmsprop": "9.2",
    "eq-coord-adam": "9.3",
    "eq-coord-bias": "9.4",
    "eq-coord-uncorrected": "9.5",
    "eq-curv-newton": "10.2",
    "eq-curv-hvp": "10.4",
    "eq-curv-saddle-free": "10.5",
    "eq-curv-fisher": "10.8",
    "eq-curv-natural": "10.9",
    "eq-con-project": "11.1",
    "eq-con-frank-wolfe": "11.2",
    "eq-con-gap": "11.3",
    "eq-con-soft-threshold": "11.6",
    "eq-back-chain": "12.1",
    "eq-back-local-rules": "12.2",
    "eq-back-sum": "12.3",
    "eq-back-cost": "12.5",
    "eq-back-affine": "12.6",
    "eq-back-relu": "12.7",
    "eq-back-sigmoid": "12.8",
    "eq-back-softmax": "12.9",
    "eq-depth-product": "13.1",
    "eq-depth-variance": "13.2",
    "eq-depth-glorot": "13.3",
    "eq-depth-he": "13.4",
    "eq-depth-cliff": "13.5",
    "eq-depth-clip": "13.6",
    "eq-depth-batchnorm": "13.7",
    "eq-depth-bn-growth": "13.9",
    "eq-depth-residual": "13.10",
    "eq-land-classify": "14.1",
    "eq-land-goe": "14.2",
    "eq-land-escape": "14.3",
    "eq-land-sigmoid": "14.4",
    "eq-land-stationary": "14.5",
    "eq-prac-validation": "15.1",
    "eq-prac-kfold": "15.2",
    "eq-prac-ridge": "15.3",
    "eq-prac-filters-ridge": "15.4",
    "eq-prac-filters-stopping": "15.5",
    "eq-prac-random-search": "15.6",
    "eq-prac-cost": "15.7",
    "eq-cap-first-loss": "16.1",
    "eq-cap-ratio": "16.2",
}

# where no equation says it: a heading by its label, and the number of its chapter
SECTIONS = {
    "sec-sched-gallery": ("A rate for every update", 7),
    "sec-sched-range": ("Finding a first rate", 7),
    "w24": ("Adam is fast and reliable", 9),
    "sec-con-kinks": ("Creases", 11),
}

# the page that each stands on, and which of the book's ideas it is about. A test holds this against the chapters.
IDEAS = {
    "learning-loop": {
        "eq-loop-mse": "Mean squared error and its derivatives",
        "eq-loop-gradient": "Mean squared error and its derivatives",
        "eq-loop-step": "The update rule",
    },
    "gradients": {
        "eq-grad-vector": "The gradient as a vector of partial derivatives",
        "eq-grad-directional": "The gradient's length",
        "eq-grad-steepest": "Steepest ascent and descent",
        "eq-grad-central": "The gradient as a vector of partial derivatives",
        "eq-grad-check": "The gradient as a vector of partial derivatives",
    },
    "cost-functions": {
        "eq-cost-mean": "A loss measures the mismatch",
        "eq-cost-pinball": "Conditional mean and other statistics",
        "eq-cost-nll": "Maximum likelihood",
        "eq-cost-mse-from-gaussian": "Mean squared error and its derivatives",
        "eq-cost-cross-entropy": "Cross-entropy",
    },
    "output-units": {
        "eq-unit-sigmoid": "Sigmoid units for yes or no",
        "eq-unit-bce": "Cross-entropy",
        "eq-unit-slopes": "Sigmoid units for yes or no",
        "eq-unit-softplus": "The loss decides the descent",
        "eq-unit-softmax": "Softmax units for classes",
        "eq-unit-log-softmax": "Softmax units for classes",
        "eq-unit-softmax-ce": "Cross-entropy",
        "eq-unit-prediction-minus-target": "Linear and logistic regression",
        "eq-unit-gaussian-nll": "Linear units for Gaussian outputs",
    },
    "gradient-descent": {
        "eq-gd-step": "The update rule",
        "eq-gd-quadratic-mode": "Too small a rate",
        "eq-gd-stability": "Too large a rate",
        "eq-gd-best-step": "The learning rate",
        "eq-gd-rate": "The learning rate",
        "eq-gd-iterations": "The learning rate",
        "eq-gd-armijo": "The learning rate",
        "eq-gd-standardize": "Normalised inputs",
    },
    "batches": {
        "eq-batch-estimate": "Minibatches",
        "eq-batch-step": "Stochastic gradient descent",
        "eq-batch-variance": "Noisy gradients",
        "eq-batch-shards": "Parallel and distributed training",
    },
    "schedules": {
        "eq-sched-decays": "Schedules",
        "eq-sched-cosine": "Schedules",
        "sec-sched-gallery": "Schedules",
        "sec-sched-range": "Tuning",
    },
    "momentum": {
        "eq-mom-heavy-ball": "Momentum",
        "eq-mom-best": "Momentum",
        "eq-mom-nesterov": "Momentum",
    },
    "per-coordinate": {
        "eq-coord-rmsprop": "RMSProp",
        "eq-coord-adam": "Adam",
        "eq-coord-bias": "Adam",
        "eq-coord-uncorrected": "Adam",
        "w24": "Choosing an optimiser",
    },
    "curvature": {
        "eq-curv-newton": "Newton and quasi-Newton",
        "eq-curv-hvp": "Newton and quasi-Newton",
        "eq-curv-saddle-free": "Curvature at plateaus and saddles",
        "eq-curv-fisher": "The natural gradient",
        "eq-curv-natural": "The natural gradient",
    },
    "constraints": {
        "eq-con-project": "Frank-Wolfe",
        "eq-con-frank-wolfe": "Frank-Wolfe",
        "eq-con-gap": "Frank-Wolfe",
        "eq-con-soft-threshold": "Kinks and jumps",
        "sec-con-kinks": "Subgradients",
    },
    "backpropagation": {
        "eq-back-chain": "The backward pass",
        "eq-back-local-rules": "The backward pass",
        "eq-back-sum": "The backward pass",
        "eq-back-cost": "What backpropagation costs",
        "eq-back-affine": "The backward pass",
        "eq-back-relu": "The backward pass",
        "eq-back-sigmoid": "The backward pass",
        "eq-back-softmax": "The backward pass",
    },
    "depth": {
        "eq-depth-product": "Vanishing gradients",
        "eq-depth-variance": "Initialisation",
        "eq-depth-glorot": "Initialisation",
        "eq-depth-he": "Initialisation",
        "eq-depth-cliff": "Exploding gradients",
        "eq-depth-clip": "Gradient clipping",
        "eq-depth-batchnorm": "Batch normalisation",
        "eq-depth-bn-growth": "Batch normalisation",
        "eq-depth-residual": "Residual connections",
    },
    "landscapes": {
        "eq-land-classify": "Saddle points",
        "eq-land-goe": "Minima and saddles in high dimension",
        "eq-land-escape": "Curvature at plateaus and saddles",
        "eq-land-sigmoid": "Plateaus",
        "eq-land-stationary": "Methods for non-convex problems",
    },
    "practice": {
        "eq-prac-validation": "Overfitting",
        "eq-prac-kfold": "Overfitting",
        "eq-prac-ridge": "Regularisation",
        "eq-prac-filters-ridge": "Regularisation",
        "eq-prac-filters-stopping": "Regularisation",
        "eq-prac-random-search": "Tuning",
        "eq-prac-cost": "The cost of a step and of a run",
    },
    "capstone": {
        "eq-cap-first-loss": "Initialisation",
        "eq-cap-ratio": "Vanishing gradients",
    },
}
PAGES = {label: page for page, labels in IDEAS.items() for label in labels}


def equation(label):
    """Return a reference to a place in the book, or nothing for an empty label."""
    if label in SECTIONS:
        return 'Chapter {1}, "{0}".'.format(*SECTIONS[label])
    return f"Equation ({EQUATIONS[label]})." if label else ""


def idea(label):
    """Return the idea of the book that a place in it is about, or nothing for an empty label."""
    return IDEAS.get(PAGES.get(label, ""), {}).get(label, "")


def site():
    """Return the published book's address with a slash at its end, or nothing where nobody knows it.

    GDCOURSE_SITE says it; else a package installed from a repository on GitHub knows where that publishes its pages.
    """
    if own := os.environ.get("GDCOURSE_SITE", "").strip():
        return own.rstrip("/") + "/"
    import json  # these three take longer than all of the checks, and most runs need no address
    from importlib import metadata
    from urllib.parse import urlsplit

    try:
        origin = json.loads(metadata.distribution("gdcourse").read_text("direct_url.json") or "{}").get("url", "")
    except (metadata.PackageNotFoundError, ValueError):
        return ""
    repository = urlsplit(origin)
    owner, _, name = repository.path.strip("/").removesuffix(".git").partition("/")
    if repository.netloc != "github.com" or not name:
        return ""
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def place(label):
    """Return where a place is within the book: its page and the anchor on it."""
    anchor = f"equation-{label}" if label in EQUATIONS else label
    return f"chapters/{PAGES[label]}.html#{anchor}"


def address(label):
    """Return the address of a place in the published book, or nothing where the book's own is not known."""
    return f"{known}{place(label)}" if label in PAGES and (known := site()) else ""
