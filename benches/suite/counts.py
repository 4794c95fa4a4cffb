"""The rows of `tests/counts.toml` that are about the release binary."""

import subprocess
import tomllib

from .place import ROOT

FILE = "tests/counts.toml"


class Counts:
    """What is counted beside the table. `worse` is whether anything is."""

    def __init__(self, table):
        self.table, self.worse = table, False
        self.held = tomllib.loads((ROOT / FILE).read_text())
        self.seen = set()
        told = subprocess.run(["rustc", "-vV"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        host = told.partition("host: ")[2].partition("\n")[0]
        of, here = self.held["counted-with"], {"rustc": told.partition("\n")[0], "host": host}
        self.other = None if here == of else f"{of['rustc']} for {of['host']}"

    def compare(self, group, row, found, percent):
        """Adds a line to the figures: what the table holds, and what was found beside it."""
        what = f"{FILE}: [{group}] {row}"
        if self.other:
            self.table.add(what, "", f"{found:_}, not compared: the table is of {self.other}")
            return
        self.seen.add((group, row))
        held = self.rows(group).get(row)
        if held is None:
            self.worse = True
            self.table.add(what, "none", f"{found:_}: add the row", False)
            return
        away = 100 * (found - held) / held
        worse, better = away > percent, away < -percent
        self.worse |= worse
        note = ""
        if worse:
            note = "; a change that is worth it updates the row and says why in its commit"
        elif better:
            note = f"; better than the table: write {found:_} into {FILE}"
        self.table.add(what, f"{held:_} within {percent} %", f"{found:_} ({away:+.2f} %){note}", not worse)

    def end(self, group):
        """Says which rows of the group nothing counts."""
        for row in self.rows(group):
            if not self.other and (group, row) not in self.seen:
                self.worse = True
                self.table.add(f"{FILE}: [{group}] {row}", "", "nothing counts this row", False)

    def rows(self, group):
        rows = self.held
        for name in group.split("."):
            rows = rows.get(name, {})
        return {row: held for row, held in rows.items() if isinstance(held, int)}
