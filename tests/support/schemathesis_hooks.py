"""What OpenAPI can't say of the API, said to schemathesis: requests that the document allows and the server refuses for
what it holds, or for what two parts of the request say of each other. Requests that must be refused stay as they are."""

import itertools

import schemathesis

NUMBERS = itertools.count()
TAGS = ("If-Match", "If-None-Match")
# What the config holds at first, or what comes to be written again.
THERE = {"section": "db", "rest": "url", "key": "name", "below": "pool"}


@schemathesis.hook
def map_case(context, case):
    generation = case.meta.generation if case.meta else None
    if generation is None or not generation.mode.is_positive:
        return case
    query, headers, body = dict(case.query or {}), case.headers, case.body
    number = next(NUMBERS)
    # Left to chance, nearly nothing that is asked for would be there, or at the revision that is named.
    if number % 2:
        there = {name: THERE[name] for name in case.path_parameters if name in THERE}
        case.path_parameters = {**case.path_parameters, **there}
    if number % 4 < 2:
        headers.pop("If-Match", None)
    # A place in a listing is what an answer told, and nobody can make one up.
    query.pop("cursor", None)
    if "ttl" in query:
        query.pop("keep-ttl", None)
    elif "/touch/" in case.path:
        # Few keys have a time to live that could be renewed as it is.
        query["ttl"] = "30s"
    # Of a tag's example the quotes are lost on the way.
    for name in TAGS:
        if headers.get(name, "").isdigit():
            headers[name] = f'"{headers[name]}"'
    # An id is for one commit.
    if name := headers.get("Idempotency-Key"):
        headers["Idempotency-Key"] = f"{name[:40]}-{number}"
    case.query, case.headers = query, headers
    if isinstance(body, dict):
        body = whole(body)
        if "/commit" in case.path or "/@datakeys/" in case.path:
            body = commit(body, case.path_parameters.get("section", "@root" if "/@root" in case.path else None))
        case.body = body
    return case


def commit(body, section):
    """The same, of each key one guard and one change alone, and of one section where the path names it."""
    for part in [body, *body.get("guards", []), *body.get("changes", [])]:
        name = part.get("key", "").rsplit("/", 1)[-1]
        # The value of a secret can't be asked for, and which keys are secrets changes all the time.
        if part.get("guard") == "value":
            name = part["key"] = "never-a-secret"
        if section and name:
            part["key"] = name if section == "@root" else f"/{section}/{name}"
        if section and "section" in part:
            part["section"] = section
    for parts in ("guards", "changes"):
        if parts in body:
            body[parts] = list({name_of(part): part for part in body[parts]}.values())
    return body


def name_of(part):
    return part.get("key", part.get("section", "")).lstrip("/")


def whole(value):
    """The same with whole numbers written as such: `1.0` is one to JSON Schema."""
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
