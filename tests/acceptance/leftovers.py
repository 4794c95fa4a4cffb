"""Looks for what is left of a run's configs, by name and by tag, in every service that they were in."""

import json

import sweep
from aws import AwsError, pages, xml_pages


def by_prefix(names, prefixes):
    return [name for name in names if any(name == prefix or name.startswith(f"{prefix}-") for prefix in prefixes)]


def of_iam(aws, action, items, label):
    for page in xml_pages(lambda **given: aws.query("iam", action, **given), PathPrefix="/discfg/"):
        yield from (item.findtext(label) for item in page.findall(f".//{items}/member"))


def functions(aws, names):
    for name in names:
        try:
            aws.rest("lambda", "GetFunctionConfiguration", "GET", f"/2015-03-31/functions/{name}/configuration")
        except AwsError as error:
            if error.status != 404:
                raise
        else:
            yield name


def apis(aws):
    query = [("maxResults", "100")]
    while True:
        said = aws.rest("apigatewayv2", "GetApis", "GET", "/v2/apis", query)
        page = lower(json.loads(said.text))
        yield from (lower(item)["name"] for item in page.get("items", []))
        if not page.get("nexttoken"):
            return
        query = [("maxResults", "100"), ("nextToken", page["nexttoken"])]


def lower(names):
    return {name.lower(): value for name, value in names.items()}


def log_groups(aws, prefix):
    return pages(
        lambda **given: aws.json("logs", "DescribeLogGroups", **given),
        "logGroups",
        ("nextToken", "nextToken"),
        {"logGroupNamePrefix": prefix},
    )


def aliases(aws):
    return pages(lambda **given: aws.json("kms", "ListAliases", **given), "Aliases", ("NextMarker", "Marker"), {})


def of_configs(aws, configs, run):
    """Yields what is left, as lines. A service that may not be asked is a line, too."""
    names = [f"discfg-{config}" for config in configs]

    def found():
        for each in sweep.everything(aws):
            of_run = each.tags.get(sweep.TAG) == run
            if of_run or (each.kind != "key" and by_prefix([each.name], names)):
                yield each.kind, [each.name]

    looks = {
        "stacks, tables and keys": found,
        "roles": lambda: [("role", by_prefix(of_iam(aws, "ListRoles", "Roles", "RoleName"), names))],
        "policies": lambda: [("policy", by_prefix(of_iam(aws, "ListPolicies", "Policies", "PolicyName"), names))],
        "functions": lambda: [("function", functions(aws, names))],
        "APIs": lambda: [("API", by_prefix(apis(aws), names))],
        "aliases": lambda: [
            ("alias", by_prefix((each["AliasName"].removeprefix("alias/") for each in aliases(aws)), names))
        ],
        "log groups": lambda: [
            ("log group", [group["logGroupName"] for group in log_groups(aws, f"{place}{name}")])
            for name in names
            for place in ("/aws/lambda/", "/aws/vendedlogs/")
        ],
    }
    for what, look in looks.items():
        try:
            for kind, left in look():
                yield from (f"{kind} {name}" for name in left)
        except AwsError as error:
            yield f"{what}: unknown ({error})"
