// A client of the types that openapi-typescript makes of the document, put to a running server.

import createClient, { defaultPathSerializer } from "openapi-fetch";

import type { components, paths } from "./api.js";

declare const process: { argv: string[] };

const [url = "", token = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

function check(holds: boolean, what: unknown): asserts holds {
  if (!holds) throw new Error(JSON.stringify(what));
}

const path = { config: "mycfg", section: "db", rest: "url" };
const text = { body: "postgres://db", bodySerializer: (body: unknown) => String(body) };
const put = await client.PUT("/v1/{config}/{section}/keys/{rest}", {
  params: { path, header: { "If-Match": '"1"' } },
  headers: { "Content-Type": "text/plain" },
  ...text,
});
check(put.data?.node.revision === 2 && put.data.node.value === "postgres://db", put);

const stale = await client.PUT("/v1/{config}/{section}/keys/{rest}", {
  params: { path, header: { "If-Match": '"1"' } },
  headers: { "Content-Type": "text/plain" },
  ...text,
});
check(stale.response.status === 412 && stale.error?.code === "guard-failed", stale);

const root = await client.PUT("/v1/{config}/@root/keys/{key}", {
  params: { path: { config: "mycfg", key: "pool" }, query: { ttl: "30s" } },
  body: { size: 20 },
});
check(root.response.status === 201 && root.data?.node.kind === "json", root);

const change: components["schemas"]["ChangeSpec"] = { op: "set", key: "/db/pool/max", value: 5 };
const commit = await client.POST("/v1/{config}/{section}/commit", {
  params: { path: { config: "mycfg", section: "db" } },
  body: { guards: [{ guard: "revision", key: "/db/url", revision: 2 }], changes: [change] },
});
check(commit.data?.sections[0]?.revision === 3, commit);

// What the document says of `rest`, and OpenAPI can't: its slashes stay.
const deep = await client.GET("/v1/{config}/{section}/keys/{rest}", {
  params: { path: { ...path, rest: "pool/max" } },
  pathSerializer: (template, values) =>
    template.split("/").map((part) => (part === "{rest}" ? String(values.rest) : defaultPathSerializer(part, values))).join("/"),
});
check(typeof deep.data === "object" && deep.data.node.value === 5, deep);

const listed = await client.GET("/v1/{config}/{section}/list", {
  params: { path: { config: "mycfg", section: "db" }, query: { recursive: true } },
});
check(listed.data?.nodes.map((node) => node.key).join() === "/db/pool/max,/db/url", listed);

const absent = await client.GET("/v1/{config}/{section}/keys/{rest}", { params: { path: { ...path, rest: "nosuch" } } });
check(absent.error?.code === "no-key" && absent.error.status === 404, absent);

const gone = await client.DELETE("/v1/{config}/{section}/keys/{rest}", { params: { path } });
check(gone.data?.node.revision === 4, gone);
