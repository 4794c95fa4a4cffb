"""A Markdown table of figures and the budgets that they are held to."""


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, budget, figure, met=None):
        """`met` is whether the budget holds; none where there is no budget or no figure."""
        self.rows.append((what, budget, figure, {True: "yes", False: "**no**", None: ""}[met]))
        # Said at once: a whole run takes minutes.
        print("| " + " | ".join(self.rows[-1]) + " |", flush=True)

    def head(self):
        print("| what | budget | measured | met |\n| --- | --- | --- | --- |", flush=True)


def milliseconds(seconds):
    return f"{seconds * 1000:.1f} ms"


def millions(count):
    return f"{count / 1e6:.2f} M"


def megabytes(count):
    return f"{count / 1e6:.1f} MB"


def times(ratio):
    return f"{ratio:.0f}×" if ratio >= 10 else f"{ratio:.1f}×"
