"""One method, several forms: how PyTorch, optax and Keras write what `gdcourse.optimizers` writes.

Names are shared more often than arithmetic. Each row gives a library's call and its update, with its default
settings, and says which settings of ours take the same steps.
"""

from typing import NamedTuple

VERSIONS = {"PyTorch": "2.13", "optax": "0.2.8", "Keras": "3.15"}
"""The releases whose arithmetic was compared with ours, step by step."""


class Form(NamedTuple):
    """A library's form of a method: its call, its update in our symbols, its defaults, and the way to ours."""

    method: str
    library: str
    call: str
    update: str
    defaults: str
    ours: str


_SAME = "the same"
_EPS_INSIDE = "no settings of ours give the same steps; the difference vanishes with eps"
_EPS_HAT = "ours with eps / sqrt(1 - beta2^t) for eps: larger early on, the same in the end"

FORMS = (
    Form("momentum", "PyTorch", "SGD(momentum=0.9)", "v = beta v + g; theta -= lr v", "lr 0.001, beta 0", _SAME),
    Form("momentum", "optax", "sgd(momentum=0.9)", "v = beta v + g; theta -= lr v", "no momentum", _SAME),
    Form("momentum", "Keras", "SGD(momentum=0.9)", "v = beta v - lr g; theta += v", "lr 0.01, beta 0",
         "the same while lr is constant; when lr drops, theirs still coasts on the old steps"),
    Form("nesterov", "PyTorch", "SGD(nesterov=True)", "v = beta v + g; theta -= lr (g + beta v)", "beta 0", _SAME),
    Form("nesterov", "optax", "sgd(nesterov=True)", "v = beta v + g; theta -= lr (g + beta v)", "no momentum", _SAME),
    Form("nesterov", "Keras", "SGD(nesterov=True)", "v = beta v - lr g; theta += beta v - lr g", "beta 0",
         "the same while lr is constant"),
    Form("adagrad", "PyTorch", "Adagrad()", "s = s + g^2; theta -= lr g / (sqrt(s) + eps)",
         "lr 0.01, s from 0, eps 1e-10", "the same; ours defaults to eps = 1e-8"),
    Form("adagrad", "optax", "adagrad()", "s = s + g^2; theta -= lr g / sqrt(s + eps)", "s from 0.1, eps 1e-7",
         "s starts at 0.1, so that early steps are shorter; " + _EPS_INSIDE),
    Form("adagrad", "Keras", "Adagrad()", "s = s + g^2; theta -= lr g / sqrt(s + eps)",
         "lr 0.001, s from 0.1, eps 1e-7", "s starts at 0.1, so that early steps are shorter; " + _EPS_INSIDE),
    Form("rmsprop", "PyTorch", "RMSprop()", "v = beta2 v + (1 - beta2) g^2; theta -= lr g / (sqrt(v) + eps)",
         "lr 0.01, beta2 (alpha) 0.99, eps 1e-8", "rmsprop(beta2=0.99)"),
    Form("rmsprop", "optax", "rmsprop()", "v = beta2 v + (1 - beta2) g^2; theta -= lr g / sqrt(v + eps)",
         "beta2 (decay) 0.9, eps 1e-8", "the same with eps_in_sqrt=False"),
    Form("rmsprop", "Keras", "RMSprop()", "v = beta2 v + (1 - beta2) g^2; theta -= lr g / sqrt(v + eps)",
         "lr 0.001, beta2 (rho) 0.9, eps 1e-7", _EPS_INSIDE),
    Form("adam", "PyTorch", "Adam()", "theta -= lr m_hat / (sqrt(v_hat) + eps)",
         "lr 0.001, betas 0.9, 0.999, eps 1e-8", _SAME),
    Form("adam", "optax", "adam()", "theta -= lr m_hat / (sqrt(v_hat) + eps)", "betas 0.9, 0.999, eps 1e-8", _SAME),
    Form("adam", "Keras", "Adam()", "theta -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps)",
         "lr 0.001, betas 0.9, 0.999, eps 1e-7", _EPS_HAT),
    Form("adamw", "PyTorch", "AdamW()", "theta = (1 - lr w) theta, then adam's step", "w 0.01", _SAME),
    Form("adamw", "optax", "adamw()", "theta -= lr (m_hat / (sqrt(v_hat) + eps) + w theta)", "w 1e-4",
         "adamw(weight_decay=1e-4)"),
    Form("adamw", "Keras", "AdamW()", "theta = (1 - lr w) theta, then adam's step", "w 0.004, eps 1e-7",
         "adamw(weight_decay=0.004), but for Keras's eps"),
    Form("amsgrad", "PyTorch", "Adam(amsgrad=True)", "largest = max(largest, v), corrected afterwards", "as adam",
         _SAME),
    Form("amsgrad", "optax", "amsgrad()", "largest = max(largest, v_hat): corrected first", "as adam",
         "no settings of ours give the same steps; theirs are shorter when the first gradients are the large ones"),
    Form("amsgrad", "Keras", "Adam(amsgrad=True)", "largest = max(largest, v), corrected afterwards", "as adam",
         "the same, but for Keras's eps"),
)  # fmt: skip


def table(method=None):
    """Return the forms as a Markdown table.

    Args: method: the name of one method, or None for all of them.
    Returns: a string.
    Raises: ValueError for a method that has no row.
    Example:
        >>> print(table("adagrad").splitlines()[2][:42])
        | adagrad | PyTorch | `Adagrad()` | `s = s
    """
    rows = [form for form in FORMS if method in (None, form.method)]
    if not rows:
        names = ", ".join(repr(name) for name in dict.fromkeys(form.method for form in FORMS))
        raise ValueError(f"method must be one of {names}, got {method!r}")
    lines = ["| method | library | call | update | defaults | ours |", "|:--|:--|:--|:--|:--|:--|"]
    lines += [f"| {f.method} | {f.library} | `{f.call}` | `{f.update}` | {f.defaults} | {f.ours} |" for f in rows]
    return "\n".join(lines)
