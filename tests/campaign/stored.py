"""Judges what is stored, as it lies in the file or the table."""
import sqlite3
from common import ddb_scan


def sqlite_prev(v, path):
    """Compares each line's prev with what the lines before it left, in the file itself."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    state, n = {}, 0
    for sec, rev, key, kind, version, value, pk, pv, pr, pval, ttl, at in db.execute(
            "SELECT section, revision, key, kind, version, value, prev_kind, prev_version, prev_revision, prev_value, ttl, at FROM log ORDER BY section, revision, line"):
        was = state.get(key)
        got = (pval, pv, pr) if pk else None
        n += 1
        if got != (was and was[:3]) and not (got is None and was and was[3] and at >= was[3]):
            v.bad(f"{sec}@{rev} {key}: prev is {got}, was {was}")
        state[key] = (value, version, rev, at + ttl if ttl else None) if kind else None
    for key, value, version, rev in db.execute("SELECT key, value, version, revision FROM entry"):
        if state.get(key) is None or state[key][:3] != (value, version, rev):
            v.bad(f"entry {key} is {(value, version, rev)}, the log leaves {state.get(key)}")
    there = {k for (k,) in db.execute("SELECT key FROM entry")}
    for k, s in state.items():
        if s and not s[3] and k not in there:
            v.bad(f"entry {k} is gone, the log leaves {s}")
    ok = db.execute("PRAGMA integrity_check").fetchall()
    if ok != [("ok",)]:
        v.bad(f"integrity_check: {ok[:3]}")
    return n


def ddb_prev(v, port):
    """The same of the table's items, and that records, counted sections and what a line was made with fit the logs."""
    items = ddb_scan(port)
    logs, entries, heads, records, counted, listed = {}, {}, {}, [], None, 0
    for i in items:
        pk, sk = i["pk"]["S"], i["sk"]["S"]
        if sk.startswith("@log#"):
            logs.setdefault(pk, []).append((sk, i))
        elif sk == "@head":
            heads[pk] = int(i["rev"]["N"])
        elif sk == "@sections":
            counted = int(i["n"]["N"])
        elif pk == "@config":
            listed += not sk.startswith(("@meta", "@grant#"))
        elif sk.startswith("@commit#"):
            records.append((pk, sk[len("@commit#"):], {s: int(r["N"]) for s, r in i["revisions"]["M"].items()}))
        else:
            entries[sk] = i
    if counted != listed:
        v.bad(f"@sections counts {counted}, and {listed} are listed")
    commit_at = {(pk, int(sk.split("#")[1])): i["commit"]["S"] for pk, ls in logs.items() for sk, i in ls}
    for pk, id, revisions in records:
        if any(commit_at.get(at) != id for at in revisions.items()):
            v.bad(f"the record of {id} in {pk} says {revisions}, where the log has {[commit_at.get(at) for at in revisions.items()]}")
    for pk, ls in logs.items():
        for sk, i in ls:
            others = {s: int(r["N"]) for s, r in i.get("with", {}).get("M", {}).items()}
            same = {s: r for (s, r), id in commit_at.items() if id == i["commit"]["S"] and s != pk}
            if others != same:
                v.bad(f"{pk} {sk} was made with {others}, by the logs with {same}")
    n, state = 0, {}
    for sec, ls in logs.items():
        for sk, i in sorted(ls, key=lambda x: x[0]):
            n += 1
            key = i["key"]["S"]
            rev = int(sk.split("#")[1])
            p = i.get("prev", {}).get("M") or None
            got = (p["value"]["S"], int(p["version"]["N"]), int(p["rev"]["N"])) if p else None
            was = state.get(key)
            if got != (was and was[:3]) and not (got is None and was and was[3]):
                v.bad(f"{sec}@{rev} {key}: prev is {got}, was {was}")
            state[key] = (i["value"]["S"], int(i["version"]["N"]), rev, "ttl" in i) if i["op"]["S"] == "set" else None
    for key, i in entries.items():
        got = (i["value"]["S"], int(i["version"]["N"]), int(i["rev"]["N"]))
        if state.get(key) is None or state[key][:3] != got:
            v.bad(f"entry {key} is {got}, the log leaves {state.get(key)}")
    for k, s in state.items():
        if s and not s[3] and k not in entries:
            v.bad(f"entry {k} is gone, the log leaves {s}")
    return n
