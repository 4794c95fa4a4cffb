"""Runs the AWS emulator for as long as someone holds this process's standard input open.

    python emulator.py LOG_FILE

Prints the port when the emulator answers. The end of standard input, which also comes when the test process is
killed, ends the emulator together with every Lambda process that it started.
"""

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import urllib.request

STARTUP_S = 60
SHUTDOWN_S = 3


def free_port():
    # The emulator hands its own address to the Lambdas that it runs, so the port must be known before it starts.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def announce(port, stdout):
    deadline = time.monotonic() + STARTUP_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=5).read()
        except OSError:
            time.sleep(0.02)
        else:
            stdout.write(f"{port}\n")
            stdout.flush()
            return


def end(scratch):
    shutil.rmtree(scratch, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def until_end_of_input(scratch):
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SHUTDOWN_S)
    end(scratch)


def teach_oidc_providers():
    """Lets templates make OIDC providers: the emulator's IAM has them, its CloudFormation doesn't."""
    from ministack.core.responses import get_account_id
    from ministack.services import iam
    from ministack.services.cloudformation import provisioners

    def create(_logical_id, properties, _stack):
        url = properties["Url"]
        arn = f"arn:aws:iam::{get_account_id()}:oidc-provider/{url.removeprefix('https://')}"
        if arn in iam._oidc_providers:
            raise ValueError(f"Provider with url {url} already exists.")
        iam._oidc_providers[arn] = {
            "Url": url,
            "ClientIDList": properties.get("ClientIdList", []),
            "ThumbprintList": [],
            "Arn": arn,
            "CreateDate": "2026-01-01T00:00:00Z",
            "Tags": [],
        }
        return arn, {"Arn": arn}

    def delete(arn, _properties):
        iam._oidc_providers.pop(arn, None)

    provisioners._RESOURCE_HANDLERS["AWS::IAM::OIDCProvider"] = {"create": create, "delete": delete}


def heed_conditions():
    """Leaves out of change sets what a condition leaves out: the emulator lists it, and so refuses imports of the rest."""
    from ministack.services.cloudformation import changesets

    resolve = changesets._resolve_props_for_diff

    def resolve_what_is_made(template, params, *where):
        resolved = resolve(template, params, *where)
        if not template:
            return resolved
        hold = changesets._evaluate_conditions(template, params)
        made = {
            name: resource
            for name, resource in resolved["Resources"].items()
            if hold.get(resource.get("Condition"), True)
        }
        return {**resolved, "Resources": made}

    changesets._resolve_props_for_diff = resolve_what_is_made


def select_in_conditions():
    """Lets conditions ask for an item of a text that is split: the emulator does that in properties alone."""
    from ministack.services import cloudformation
    from ministack.services.cloudformation import engine

    evaluate = engine._evaluate_conditions

    def selected(node, params):
        if isinstance(node, list):
            return [selected(item, params) for item in node]
        if not isinstance(node, dict):
            return node
        if "Fn::Select" in node:
            return engine._resolve_refs(node, {}, params, {}, {}, "", "")
        return {name: selected(item, params) for name, item in node.items()}

    def evaluate_selected(template, params):
        return evaluate({**template, "Conditions": selected(template.get("Conditions", {}), params)}, params)

    for module in [engine, *vars(cloudformation).values()]:
        if getattr(module, "_evaluate_conditions", None) is evaluate:
            module._evaluate_conditions = evaluate_selected


def pass_tags_on():
    """Passes the tags of a session on to the roles that it assumes, as STS does with transitive ones: the emulator forgets them."""
    from urllib.parse import parse_qs, urlencode

    from ministack.services import sts

    serve = sts.handle_request

    async def serve_with_tags(method, path, headers, body, query_params):
        form = parse_qs(body.decode("utf-8", "replace")) if body else {}
        session = sts._sessions.get(sts.extract_access_key_id(headers, query_params), {})
        if form.get("Action") == ["AssumeRole"]:
            for number, tag in enumerate(session.get("SessionTags") or [], 1):
                form[f"Tags.member.{number}.Key"] = [tag["Key"]]
                form[f"Tags.member.{number}.Value"] = [tag["Value"]]
            body = urlencode(form, doseq=True).encode()
        return await serve(method, path, headers, body, query_params)

    sts.handle_request = serve_with_tags


def count_as_secure():
    """Takes every request for one that came over TLS, as bucket policies ask for: the tests' connections stay on this machine."""
    from ministack.core import iam_evaluator

    resolve = iam_evaluator._resolve_condition_key

    def resolve_secure(key, context):
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_secure


def heed_conditional_puts():
    """Tells bucket policies whether a put replaces nothing: the emulator heeds If-None-Match, and has no condition key of it."""
    from ministack.core import iam_actions

    context_of = iam_actions.s3_service_context

    def with_condition(action, query_params, path="", headers=None):
        context = context_of(action, query_params, path, headers)
        condition = (headers or {}).get("if-none-match")
        if action == "s3:PutObject" and condition:
            return {**context, "s3:if-none-match": condition}
        return context

    iam_actions.s3_service_context = with_condition


def keep_functions_apart():
    """Ends a changed function's processes in its own account alone: the emulator ends those of every function of that name."""
    from ministack.core.responses import get_account_id
    from ministack.services import lambda_svc

    invalidate = lambda_svc.invalidate_worker

    def invalidate_own(name, qualifier=None, account=None, region=None):
        invalidate(name, qualifier=qualifier, account=account or get_account_id(), region=region)

    lambda_svc.invalidate_worker = invalidate_own


def count_capacity():
    """Makes numbers of a table's capacity: the emulator keeps the text that a parameter has, and no SDK can read that."""
    from ministack.services.cloudformation import provisioners

    def counted(properties):
        capacity = properties.get("ProvisionedThroughput")
        if not capacity:
            return properties
        return {**properties, "ProvisionedThroughput": {name: int(units) for name, units in capacity.items()}}

    handler = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    create, update = handler["create"], handler["update"]
    handler["create"] = lambda name, properties, *where: create(name, counted(properties), *where)
    handler["update"] = lambda name, old, new, *where: update(name, counted(old), counted(new), *where)


def ask_for_more():
    """Asks for what AWS asks for beside a call's own action: a listing of stacks, and drift (API reference, botocore's model)."""
    from urllib.parse import parse_qs

    from ministack import app
    from ministack.core import iam_actions, iam_evaluator
    from ministack.core.responses import get_account_id
    from ministack.core.router import extract_access_key_id, extract_region

    def further(called, region):
        # Whatever the stack is called by, its ID comes after its name.
        stack = called.get("StackName", [""])[0].removeprefix("arn:").split(":stack/")[-1].split("/")[0]
        of = f"arn:aws:cloudformation:{region}:{get_account_id()}:stack/"
        match called.get("Action", [""])[0]:
            case "DescribeStacks" if not stack:
                return [("cloudformation:ListStacks", f"{of}*/*")]
            case "DetectStackDrift":
                return [
                    ("cloudformation:DetectStackResourceDrift", f"{of}{stack}/*"),
                    ("cloudformation:BatchDescribeTypeConfigurations", "*"),
                ]
        return []

    handle = app.SERVICE_HANDLERS["cloudformation"]

    async def handle_what_is_allowed(method, path, headers, body, query):
        called = {**query, **parse_qs(body.decode())}
        region = extract_region(headers, query)
        for action, resource in further(called, region):
            key = extract_access_key_id(headers, query)
            denied = iam_evaluator.enforce(key, action, "cloudformation", region, resource_arn=resource)
            if isinstance(denied, iam_evaluator.EvalResult):
                said = iam_actions.identity_denial_message(
                    action, denied.principal_arn, resource, denied.decision == "Deny"
                )
                return iam_actions.access_denied_response(
                    "cloudformation", action, denied.principal_arn, "denied", message=said, headers=headers
                )
        return await handle(method, path, headers, body, query)

    app.SERVICE_HANDLERS["cloudformation"] = handle_what_is_allowed


def leave_tables_untagged():
    """Gives a table no tags of CloudFormation's own: its schema says cloudFormationSystemTags: false, the emulator doesn't heed it."""
    from ministack.services.cloudformation import provisioners, stacks

    with_tags = provisioners._with_stack_tags

    def with_wanted_tags(resource_type, *rest):
        properties = with_tags(resource_type, *rest)
        if resource_type != "AWS::DynamoDB::Table":
            return properties
        wanted = [tag for tag in properties.get("Tags", []) if not tag["Key"].startswith("aws:cloudformation:")]
        return {**properties, "Tags": wanted}

    for module in (provisioners, stacks):
        module._with_stack_tags = with_wanted_tags


def reach_apis():
    """Says of an API where it can be reached without a resolver: the emulator names a host below localhost."""
    from ministack.services.cloudformation import provisioners

    handler = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]

    def reachable(made):
        api, attributes = made
        url = f"{os.environ['AWS_ENDPOINT_URL']}/_aws/execute-api/{api}/$default"
        return api, {**attributes, "ApiEndpoint": url}

    create, update = handler["create"], handler["update"]
    handler["create"] = lambda *given: reachable(create(*given))
    handler["update"] = lambda *given: reachable(update(*given))


def keep_calls(folder, port):
    """Appends what a call asks IAM for to FOLDER/calls-PORT-ACCOUNT as a line of JSON, where a test has created that file.

    The keys that a call of DynamoDB names and the types that an import names are added; the emulator's IAM knows neither.
    """
    import contextvars
    import json

    from ministack.core import iam_actions, iam_evaluator
    from ministack.core.responses import get_account_id
    from ministack.services import iam
    from ministack.services.tagging import resource_tags

    asked = contextvars.ContextVar("asked", default=(b"", {}))
    tag_context, enforce = iam_actions.request_tag_context, iam_evaluator.enforce

    def keeping_the_body(service, action, body, params):
        asked.set((body, params))
        return tag_context(service, action, body, params)

    def keys_in(value):
        # An item or a key has a partition key; a query's condition compares it with a value.
        if isinstance(value, list):
            return [key for item in value for key in keys_in(item)]
        if not isinstance(value, dict):
            return []
        if "KeyConditionExpression" in value:
            return [value["ExpressionAttributeValues"][":pk"]["S"]]
        own = [value["pk"]["S"]] if isinstance(value.get("pk"), dict) and "S" in value["pk"] else []
        return own + keys_in(list(value.values()))

    def resource_of(action, resource):
        # The emulator's IAM leaves out the path of a role, and doesn't know what a simulation and a table's tags are about.
        if action == "iam:GetRole":
            role = iam._roles.get(resource.rpartition("/")[2])
            return role["Arn"] if role else resource
        body, params = asked.get()
        if action == "iam:SimulatePrincipalPolicy":
            return params["PolicySourceArn"][0]
        if action == "dynamodb:ListTagsOfResource":
            return json.loads(body)["ResourceArn"]
        return resource

    def named_by(service, action):
        body, params = asked.get()
        if service == "dynamodb":
            keys = sorted(set(keys_in(json.loads(body or b"{}"))))
            return {"dynamodb:LeadingKeys": keys} if keys else {}
        if action == "cloudformation:CreateChangeSet":
            types = [value[0] for name, value in params.items() if name.endswith(".ResourceType")]
            return {"cloudformation:ImportResourceTypes": types} if types else {}
        return {}

    def keeping(key, action, service, region, resource_arn="*", service_context=None):
        denied = enforce(key, action, service, region, resource_arn=resource_arn, service_context=service_context)
        path = os.path.join(folder, f"calls-{port}-{get_account_id()}")
        if os.path.exists(path):
            resource = resource_of(action, resource_arn)
            tags = {f"aws:ResourceTag/{name}": value for name, value in (resource_tags(resource) or {}).items()}
            line = {
                "principal": iam_evaluator.caller_arn(),
                "action": action,
                "resource": resource,
                "context": {**tags, **(service_context or {}), **named_by(service, action)},
            }
            with open(path, "a", encoding="utf-8") as calls:
                calls.write(json.dumps(line) + "\n")
        return denied

    iam_actions.request_tag_context, iam_evaluator.enforce = keeping_the_body, keeping


def main():
    # A group of its own: Ctrl-C in the terminal reaches the tests alone, and the end reaches all that runs here.
    os.setsid()
    stdout = os.fdopen(os.dup(1), "w")
    # A new file: one that runs beside this keeps its own log, though it has no name any more.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(sys.argv[1])
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)

    scratch = tempfile.mkdtemp(prefix="discfg-emulator-")
    port = free_port()
    os.environ.update(
        AUTH="true",
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        LOG_LEVEL="WARNING",
        TMPDIR=scratch,
    )
    tempfile.tempdir = None

    from ministack.app import main as serve

    teach_oidc_providers()
    select_in_conditions()
    heed_conditions()
    count_capacity()
    count_as_secure()
    pass_tags_on()
    heed_conditional_puts()
    keep_functions_apart()
    ask_for_more()
    leave_tables_untagged()
    reach_apis()
    keep_calls(os.path.dirname(os.path.abspath(sys.argv[1])), port)
    threading.Thread(target=until_end_of_input, args=(scratch,), daemon=True).start()
    threading.Thread(target=announce, args=(port, stdout), daemon=True).start()
    sys.argv = ["ministack"]
    try:
        serve()
    finally:
        end(scratch)


if __name__ == "__main__":
    main()
