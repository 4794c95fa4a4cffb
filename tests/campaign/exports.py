#!/usr/bin/env python3
"""DynamoDB: `export`s of everything beside busy writers, through a proxy that cancels transactions for conflict as DynamoDB does. None fails; each has
every commit whole, also one that makes a section, and nothing older than what was acknowledged before it began.

  exports.py [--exports N] [--at-once N] [--rate R] [--sections N] [--new N] [--servers N] [--flight MS] [--latency MS] [--half] [--seed N]
"""
import argparse, asyncio, json, random, time
from common import *
from proxies import *

a = argparse.ArgumentParser()
a.add_argument("--exports", type=int, default=200)
a.add_argument("--at-once", type=int, default=3)
a.add_argument("--rate", type=float, default=50, help="commits a second, half of them over two sections; 0: as fast as they come")
a.add_argument("--sections", type=int, default=8)
a.add_argument("--new", type=int, default=10, help="how many sections are made meanwhile, each by a commit over an old one, too")
a.add_argument("--writers", type=int, default=16)
a.add_argument("--servers", type=int, default=1)
a.add_argument("--flight", type=float, default=20, help="ms that a transaction lasts at least")
a.add_argument("--latency", type=float, default=0, help="ms that each answer of the table takes longer")
a.add_argument("--half", action="store_true", help="items of a transaction become visible one by one, too")
a.add_argument("--longest", type=float, default=30, help="s that one export may take")
a.add_argument("--seed", type=int, default=1)
a = a.parse_args()
v = Verdict(f"exports beside {a.rate or 'all that comes'}{'/s' if a.rate else ''} over {a.sections} sections, {a.servers} serves, {a.flight:.0f} ms in flight{', half visible' if a.half else ''}, seed {a.seed}")
stop, sent, made, refused = False, {}, {}, {}


async def commit(conn, name, keys, n):
    """Sets the keys to a number in one commit; `made` is what was acknowledged."""
    sent[name] = (keys, n)
    changes = [{"op": "set", "key": k, "value": str(n)} for k in keys]
    status, _, data = await conn.request("POST", "/v1/mycfg/@config/commit", json.dumps({"changes": changes}).encode())
    if status == 200:
        made[name] = (keys, n)
    else:
        said = json.loads(data).get("detail")
        refused[said] = refused.get(said, 0) + 1


async def writer(port, k):
    """Odd ones write two keys of one section, even ones one key in each of two."""
    rng, conn, n = random.Random(f"{a.seed}/{k}"), Conn(port), 0
    sections = rng.sample(range(a.sections), 2) if k % 2 == 0 else [k % a.sections] * 2
    due = time.monotonic() + rng.random() * a.writers / (a.rate or 1000)
    while not stop:
        await asyncio.sleep(max(0, due - time.monotonic()))
        n += 1
        await commit(conn, f"w{k}", [f"/s{s}/w{k}.{i}" for i, s in enumerate(sections)], n)
        # At its rate: what was late is not made up for at once.
        due = max(due + a.writers / a.rate, time.monotonic() - 1) if a.rate else 0


async def maker(port, done):
    conn, n = Conn(port), 0
    while not stop and n < a.new:
        if done() >= a.exports * (n + 0.5) / a.new:
            n += 1
            await commit(conn, f"new{n}", ["/s0/made", f"/new{n}/k"], n)
        await asyncio.sleep(0.05)


def judge(nodes, floor, ceiling):
    for name, (keys, n) in floor.items():
        values = [int(nodes.get(k, 0)) for k in keys]
        if name.startswith("new"):
            if values[0] < n or values[1] != n:
                v.bad(f"{name} was acknowledged before, and is {values}")
        elif values[0] != values[1] or not n <= values[0] <= ceiling[name][1]:
            v.bad(f"{dict(zip(keys, values))}: half a commit, or not between {n} and {ceiling[name][1]}")
    last = int(nodes.get("/s0/made", 0))
    sections = {int(k.split("/")[1][3:]) for k in nodes if k.startswith("/new")}
    if sections != set(range(1, last + 1)):
        v.bad(f"/s0/made is {last}, and the sections made with it are {sorted(sections)}")


async def main():
    global stop
    home, ddb = folder("exports"), dynamodb_local()
    ddb_table(ddb)
    times = {"latency": a.latency / 1000, "flight": a.flight / 1000}
    proxy = await (HalfVisible if a.half else Conflicts)(ddb, a.seed, **times).start()
    proxy.longest = 0.03
    env = aws_env(home, proxy.port, DISCFG_ENGINE="dynamodb")
    servers = [Server(home, env=env, args=["--as", "self"], name=f"serve{i}") for i in range(a.servers)]
    await started(*servers)
    for k in range(a.sections):
        assert (await Conn(servers[0].port).request("PUT", f"/v1/mycfg/s{k}/keys/x", b"0"))[0] == 201
    took, codes, one_moment, at_once = [], {}, [], asyncio.Semaphore(a.at_once)
    tasks = [asyncio.create_task(writer(servers[k % a.servers].port, k)) for k in range(a.writers)]
    tasks.append(asyncio.create_task(maker(servers[0].port, lambda: len(took))))
    begin = time.monotonic()

    async def export():
        async with at_once:
            floor, t = dict(made), time.monotonic()
            p = await asyncio.create_subprocess_exec(BIN, "export", "-v", "-c", "mycfg", "--as", "self", "-f", "json", env=env, cwd=f"{home}/folder", stdin=-3, stdout=-1, stderr=-1)
            try:
                out, err = await asyncio.wait_for(p.communicate(), a.longest)
            except asyncio.TimeoutError:
                p.kill()
                out, err = b"", b"no end"
            took.append(time.monotonic() - t)
            codes[p.returncode] = codes.get(p.returncode, 0) + 1
            if p.returncode == 0:
                one_moment.append(b"is_of_one_moment=true" in err)
                judge(json.loads(out), floor, dict(sent))
            else:
                v.bad(f"export: exit {p.returncode} after {took[-1]:.1f} s: {err.decode()[:300]}")

    await asyncio.gather(*(export() for _ in range(a.exports)))
    span = time.monotonic() - begin
    stop = True
    await asyncio.wait(tasks, timeout=45)
    for t in tasks:
        if t.done():
            t.result()
    if refused:
        v.bad(f"commits refused: {refused}")
    if a.new and len([name for name in made if name.startswith("new")]) < a.new:
        v.bad("not every section was made")
    took.sort()
    commits = sum(n if name.startswith("w") else 1 for name, (_, n) in made.items())
    v.notes = {"exits": codes, "p50/p99/max s": "/".join(f"{took[min(len(took) - 1, len(took) * q // 100)]:.2f}" for q in (50, 99, 100)), "of one moment": sum(one_moment), "commits/s": f"{commits / span:.1f}",
               "cancelled for conflict": proxy.conflicts, "transactions": {op: proxy.calls.get(op, 0) for op in ("TransactGetItems", "TransactWriteItems")}}
    if a.half:
        v.notes["reads that saw an item old"] = proxy.torn
    if commits / span < a.rate * 0.8:
        v.bad(f"{commits / span:.1f} commits a second were made, not {a.rate:g}: this machine is too slow for a verdict")
    if not proxy.conflicts.get("TransactGetItems"):
        v.bad("no snapshot met a conflict: nothing was tried")
    for s in servers:
        s.kill()
    v.end(f"{a.exports} exports")


asyncio.run(main())
