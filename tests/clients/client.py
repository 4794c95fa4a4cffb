"""A client that openapi-python-client makes of the document, put to a running server.

    python client.py FOLDER URL TOKEN
"""

import http
import sys

folder, url, token = sys.argv[1:]
sys.path.insert(0, folder)

from discfg_client import AuthenticatedClient, Client, models  # noqa: E402
from discfg_client.api.default import (  # noqa: E402
    changes,
    commit_section,
    delete_key,
    get_key,
    info,
    list_section,
    readyz,
    snapshot,
)


def main():
    with Client(base_url=url) as anyone:
        assert readyz.sync_detailed(client=anyone).status_code == http.HTTPStatus.OK
        denied = get_key.sync("mycfg", "db", "url", client=anyone)
        assert isinstance(denied, models.Problem) and denied.code == "no-token", denied

    with AuthenticatedClient(base_url=url, token=token) as client:
        body = models.CommitRequest.from_dict(
            {
                "guards": [{"guard": "absent", "key": "/app/port"}],
                "changes": [
                    {"op": "set", "key": "/app/port", "value": 8080},
                    {"op": "set", "key": "/app/a/b", "value": "deep", "kind": "text", "ttl": 3600},
                ],
            }
        )
        made = commit_section.sync("mycfg", "app", client=client, body=body)
        assert made.sections[0].revision == 1 and len(made.changes) == 2, made
        again = commit_section.sync("mycfg", "app", client=client, body=body)
        assert isinstance(again, models.Problem) and again.code == "guard-failed", again
        assert again.to_dict()["guard"] == {"guard": "absent", "key": "/app/port"}, again

        port = get_key.sync("mycfg", "app", "port", client=client)
        assert (port.node.key, port.node.value, port.node.revision) == ("/app/port", 8080, 1), port
        same = get_key.sync_detailed("mycfg", "app", "port", client=client, if_none_match='W/"1"')
        assert same.status_code == http.HTTPStatus.NOT_MODIFIED, same

        page = list_section.sync("mycfg", "app", client=client, recursive=True)
        assert [node.key for node in page.nodes] == ["/app/a/b", "/app/port"], page
        taken = snapshot.sync("mycfg", client=client, prefix=["/app"])
        assert [node.value for node in taken.nodes] == ["deep", 8080], taken
        lines = changes.sync("mycfg", "app", client=client, after=0, wait="1s")
        assert [line.op for line in lines.changes] == ["set", "set"], lines
        assert any(section.name == "/app" for section in info.sync("mycfg", client=client).sections)

        gone = delete_key.sync("mycfg", "app", "port", client=client, if_match='"1"')
        assert gone.prev_node.value == 8080, gone
        large = [models.ChangeSpecType0.from_dict({"op": "delete", "key": f"/app/k{n}"}) for n in range(200)]
        refused = commit_section.sync("mycfg", "app", client=client, body=models.CommitRequest(changes=large))
        assert refused.limit.actions.guards == 200, refused


main()
