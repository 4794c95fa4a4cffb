"""What runs have left in an account, what of it is certain to be a run's, and how it is removed."""

import re
import time
from dataclasses import dataclass, field

from aws import AwsError, Unreachable, pages, tags_of, xml_pages

TAG = "discfg-acceptance"
CONFIG_TAG = "discfg:config"
NAME = re.compile(r"discfg-(acc-[a-z0-9]{8})(--[a-z][a-z0-9-]*)?")
RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[a-z0-9]{8}")
# KMS deletes a key no sooner.
KEY_WAIT_DAYS = 7
NOT_A_KEY_OF_A_RUN = {"AccessDeniedException", "NotFoundException", "UnsupportedOperationException"}
STACK_PATIENCE_S = 1800
TABLE_PATIENCE_S = 600


@dataclass
class Found:
    """A stack, table or key."""

    kind: str
    name: str
    tags: dict = field(default_factory=dict)
    id: str = ""


def config_of(found):
    """Returns the config that a name is of, if it is one that a run gives."""
    if found.kind == "key":
        name = re.fullmatch(r"acc-[a-z0-9]{8}", found.tags.get(CONFIG_TAG, ""))
        return name and name.group(0)
    name = NAME.fullmatch(found.name)
    return name and name.group(1)


def choose(everything):
    """Splits what was found into what is certain to be a run's, by tag and name, and what has one of the two, with why.

    What has neither is nobody's business here and is in no list.
    """
    chosen, spared = [], []
    for found in everything:
        tagged = RUN.fullmatch(found.tags.get(TAG, "")) is not None
        named = config_of(found) is not None
        if tagged and named:
            chosen.append(found)
        elif tagged or TAG in found.tags:
            spared.append((found, "its name is not one that a run gives" if tagged else f"its tag {TAG} names no run"))
        elif named:
            spared.append((found, f"it has no tag {TAG}"))
    return in_order(chosen), spared


def in_order(found):
    """Sorts what is to be removed: a grant's stack before that of its config, then the table, then its key."""
    order = {"stack": 0, "table": 2, "key": 3}
    return sorted(
        found, key=lambda each: (order[each.kind] + (each.kind == "stack" and "--" not in each.name), each.name)
    )


def stacks(aws):
    for page in xml_pages(
        lambda **given: aws.query("cloudformation", "DescribeStacks", **given), "NextToken", "NextToken"
    ):
        for stack in page.findall(".//Stacks/member"):
            yield Found("stack", stack.findtext("StackName"), tags_of(stack), stack.findtext("StackId"))


def tables(aws):
    """Yields the tables that are named as a config's."""
    names = pages(
        lambda **given: aws.json("dynamodb", "ListTables", **given),
        "TableNames",
        ("LastEvaluatedTableName", "ExclusiveStartTableName"),
        {},
    )
    for name in names:
        if not name.startswith("discfg-"):
            continue
        try:
            arn = aws.json("dynamodb", "DescribeTable", TableName=name)["Table"]["TableArn"]
            said = aws.json("dynamodb", "ListTagsOfResource", ResourceArn=arn)
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            continue
        yield Found("table", name, {tag["Key"]: tag["Value"] for tag in said.get("Tags", [])}, arn)


def keys(aws):
    """Yields the KMS keys that a config's stack has created and that are not to be deleted yet."""
    listed = pages(lambda **given: aws.json("kms", "ListKeys", **given), "Keys", ("NextMarker", "Marker"), {})
    for key in listed:
        try:
            said = aws.json("kms", "ListResourceTags", KeyId=key["KeyId"])
            tags = {tag["TagKey"]: tag["TagValue"] for tag in said.get("Tags", [])}
            if CONFIG_TAG not in tags:
                continue
            facts = aws.json("kms", "DescribeKey", KeyId=key["KeyId"])["KeyMetadata"]
        except AwsError as error:
            # A key that shuts the caller out, that is AWS's own or that has just gone is none of a run's.
            if error.code not in NOT_A_KEY_OF_A_RUN:
                raise
            continue
        if facts["KeyState"] != "PendingDeletion":
            yield Found("key", f"{facts['KeyId']} of {tags[CONFIG_TAG]}", tags, facts["Arn"])


def everything(aws):
    return [*stacks(aws), *tables(aws), *keys(aws)]


def wait(look, patience, what):
    """Looks until something is there, with longer and longer pauses. Returns it."""
    deadline, pause = time.monotonic() + patience, 0.2
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} took more than {patience} s")
        time.sleep(pause)
        pause = min(pause * 1.6, 15)


def state_of_stack(aws, name_or_id):
    try:
        said = aws.query("cloudformation", "DescribeStacks", StackName=name_or_id)
    except AwsError as error:
        if "does not exist" in error.message:
            return "DELETE_COMPLETE"
        raise
    return said.findtext(".//StackStatus")


def remove_stack(aws, found):
    def settled():
        state = state_of_stack(aws, found.id)
        # A change set that was never executed holds nothing.
        return state if state == "REVIEW_IN_PROGRESS" or not state.endswith("_IN_PROGRESS") else None

    def deleted():
        # Just after it was asked for, the state may still be the one before.
        state = state_of_stack(aws, found.id)
        return state if state in ("DELETE_COMPLETE", "DELETE_FAILED") else None

    if wait(settled, STACK_PATIENCE_S, f"what CloudFormation does to {found.name}") == "DELETE_COMPLETE":
        return
    aws.query("cloudformation", "DeleteStack", StackName=found.id)
    if wait(deleted, STACK_PATIENCE_S, f"the deletion of {found.name}") == "DELETE_FAILED":
        raise TimeoutError(f"CloudFormation could not delete {found.name}: see its events")


def state_of_table(aws, name):
    try:
        return aws.json("dynamodb", "DescribeTable", TableName=name)["Table"]["TableStatus"]
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            return "GONE"
        raise


def remove_table(aws, found):
    name = found.name

    def settled():
        state = state_of_table(aws, name)
        return state if state in ("ACTIVE", "GONE") else None

    def deleted():
        if state_of_table(aws, name) == "GONE":
            return True
        try:
            aws.json("dynamodb", "DeleteTable", TableName=name)
        except AwsError as error:
            # Just after the protection was lifted, DynamoDB may still know it; and a deletion begins once.
            if error.code not in ("ResourceInUseException", "ResourceNotFoundException", "ValidationException"):
                raise
        return False

    if wait(settled, TABLE_PATIENCE_S, f"what DynamoDB does to {name}") == "GONE":
        return
    aws.json("dynamodb", "UpdateTable", TableName=name, DeletionProtectionEnabled=False)
    wait(settled, TABLE_PATIENCE_S, f"lifting the protection of {name}")
    wait(deleted, TABLE_PATIENCE_S, f"the deletion of {name}")


def remove_key(aws, found):
    aws.json("kms", "ScheduleKeyDeletion", KeyId=found.id, PendingWindowInDays=KEY_WAIT_DAYS)


def remove(aws, found):
    {"stack": remove_stack, "table": remove_table, "key": remove_key}[found.kind](aws, found)


def remove_all(aws, chosen, say):
    """Removes each of `chosen`, also if others fail. Returns what could not be removed, with the reason."""
    left = []
    for found in chosen:
        try:
            remove(aws, found)
        except (AwsError, Unreachable, TimeoutError) as error:
            left.append((found, str(error)))
            say(f"  cannot remove {found.kind} {found.name}: {error}")
        else:
            what = f"scheduled for deletion in {KEY_WAIT_DAYS} days" if found.kind == "key" else "removed"
            say(f"  {what}: {found.kind} {found.name}")
    return left


def sweep(aws, ask, say):
    """Removes leftovers of earlier runs, after asking. Returns the exit code."""
    chosen, spared = choose(everything(aws))
    for found, why in spared:
        say(f"  not changed: {found.kind} {found.name}: {why}")
    if not chosen:
        say("No leftovers found.")
        return 0
    for found in chosen:
        say(f"  from run {found.tags[TAG]}: {found.kind} {found.name}")
    if not ask(f"Remove these {len(chosen)}?"):
        return 1
    return 1 if remove_all(aws, chosen, say) else 0
