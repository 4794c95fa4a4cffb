"""What a run costs, from counted requests. On demand in us-east-1, at the prices of November 2024."""

READ_UNIT = 0.125e-6
WRITE_UNIT = 0.625e-6
KMS_REQUEST = 3e-6
# A key that is scheduled for deletion costs nothing until then.
KMS_KEY_HOUR = 1.0 / 730
API_REQUEST = 1e-6
FUNCTION_CALL = 0.2e-6 + 10 * 4.2e-9
LOG_LINE = 0.18e-6
S3_PUT = 5e-6
S3_GET = 0.4e-6
# Stacks, roles, policies, trust and tags cost nothing.

# About what a run asks for: said before it begins.
EXPECTED = {
    "reads": 500,
    "writes": 500,
    "kms": 200,
    "key_hours": 1,
    "api": 100,
    "s3_puts": 4,
    "s3_gets": 8,
}

KMS_OPERATIONS = {"GenerateDataKey", "Decrypt", "DescribeKey", "ListKeys", "ListAliases", "ListResourceTags"}
S3_PUTS = {"PutObject", "ListObjectVersions"}
S3_GETS = {"GetObject", "HeadObject", "GetBucketLocation"}
OWN_READS = {"GetItem", "Query", "BatchGetItem"}
OWN_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}


def money(used):
    """Returns the lines of a bill: what, how many, dollars."""
    return [
        ("DynamoDB read units", used["reads"], used["reads"] * READ_UNIT),
        ("DynamoDB write units", used["writes"], used["writes"] * WRITE_UNIT),
        ("KMS requests", used["kms"], used["kms"] * KMS_REQUEST),
        ("KMS key hours", used["key_hours"], used["key_hours"] * KMS_KEY_HOUR),
        ("HTTP API requests", used["api"], used["api"] * (API_REQUEST + FUNCTION_CALL + LOG_LINE)),
        ("S3 puts and lists", used["s3_puts"], used["s3_puts"] * S3_PUT),
        ("S3 gets", used["s3_gets"], used["s3_gets"] * S3_GET),
    ]


def used_by(own, tool, units, key_hours):
    """Returns what was used. `own` and `tool` count requests by operation, `units` is read and write units of discfg."""

    def count(names, *counted):
        return sum(number for of in counted for name, number in of.items() if name in names)

    api = sum(number for name, number in tool.items() if name.startswith("/"))
    return {
        "reads": units[0] + count(OWN_READS, own),
        "writes": units[1] + count(OWN_WRITES, own),
        "kms": count(KMS_OPERATIONS, own, tool),
        "key_hours": key_hours,
        "api": api + own.get("API", 0),
        "s3_puts": count(S3_PUTS, own, tool),
        "s3_gets": count(S3_GETS, own, tool),
    }


def total(used):
    return sum(dollars for _, _, dollars in money(used))
