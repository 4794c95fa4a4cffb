// Which calls of its HTTP API each role may make, written by hand. A line is a method and a path; a column is who calls.
// The grants cover /db and @root. y: allowed; -: denied.

export const calls = `
                                     read write grant-reader grant-writer api
GET:/v1/fronted/keys/db/url           y     y        y            y        -
GET:/v1/fronted/keys/db/a/b/c         y     y        y            y        -
GET:/v1/fronted/keys/@root/mode       y     y        y            y        -
GET:/v1/fronted/keys/mode             y     y        -            -        -
GET:/v1/fronted/keys/db               y     y        -            -        -
GET:/v1/fronted/keys/app/url          y     y        -            -        -
GET:/v1/fronted/keys/dbx/url          y     y        -            -        -
GET:/v1/fronted/keys/app/db/url       y     y        -            -        -
GET:/v1/fronted/list                  y     y        -            -        -
GET:/v1/fronted/list/db               y     y        y            y        -
GET:/v1/fronted/list/db/below         y     y        y            y        -
GET:/v1/fronted/list/@root            y     y        y            y        -
GET:/v1/fronted/list/dbx              y     y        -            -        -
GET:/v1/fronted/list/app              y     y        -            -        -
GET:/v1/fronted/changes/db            y     y        y            y        -
GET:/v1/fronted/changes/@root         y     y        y            y        -
GET:/v1/fronted/changes/app           y     y        -            -        -
GET:/v1/fronted/changes/db/below      y     y        -            -        -
GET:/v1/fronted/history/db/url        y     y        y            y        -
GET:/v1/fronted/history/@root/mode    y     y        y            y        -
GET:/v1/fronted/history/app/url       y     y        -            -        -
GET:/v1/fronted/heads                 y     y        -            -        -
GET:/v1/fronted/heads/db              y     y        y            y        -
GET:/v1/fronted/heads/app             y     y        -            -        -
GET:/v1/fronted/snapshot              y     y        -            -        -
GET:/v1/fronted/snapshot/db           y     y        y            y        -
GET:/v1/fronted/snapshot/db/below     y     y        y            y        -
GET:/v1/fronted/snapshot/app          y     y        -            -        -
GET:/v1/fronted/info                  y     y        -            -        -
PUT:/v1/fronted/keys/db/url           -     y        -            y        -
PUT:/v1/fronted/keys/@root/mode       -     y        -            y        -
PUT:/v1/fronted/keys/mode             -     y        -            -        -
PUT:/v1/fronted/keys/app/url          -     y        -            -        -
DELETE:/v1/fronted/keys/db/url        -     y        -            y        -
DELETE:/v1/fronted/keys/@root/mode    -     y        -            y        -
DELETE:/v1/fronted/keys/app/url       -     y        -            -        -
POST:/v1/fronted/touch/db/url         -     y        -            y        -
POST:/v1/fronted/touch/@root/mode     -     y        -            y        -
POST:/v1/fronted/touch/app/url        -     y        -            -        -
POST:/v1/fronted/commit               -     y        -            -        -
POST:/v1/fronted/commit/db            -     y        -            y        -
POST:/v1/fronted/commit/@root         -     y        -            y        -
POST:/v1/fronted/commit/app           -     y        -            -        -
POST:/v1/fronted/commit/db/below      -     y        -            -        -
POST:/v1/fronted/datakeys/unwrap/db   -     y        -            -        -
PUT:/v1/fronted/commit/db             -     y        -            -        -
POST:/v1/fronted/keys/db/url          -     y        -            -        -
HEAD:/v1/fronted/keys/db/url          -     -        -            -        -
PATCH:/v1/fronted/keys/db/url         -     -        -            -        -
OPTIONS:/v1/fronted/keys/db/url       -     -        -            -        -
GET:/v1/fronted                       -     -        -            -        -
GET:/v1/frontedx/keys/db/url          -     -        -            -        -
GET:/v1/payments/keys/db/url          -     -        -            -        -
PUT:/v1/payments/keys/db/url          -     -        -            -        -
GET:/v2/fronted/keys/db/url           -     -        -            -        -
GET:/healthz                          -     -        -            -        -
GET:/metrics                          -     -        -            -        -
GET:/openapi.json                     -     -        -            -        -
`
