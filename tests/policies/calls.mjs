// Which calls of its HTTP API each role may make, written by hand. A line is a method and a path; a column is who calls.
// The grants cover /db and @root. y: allowed; -: denied.

export const calls = `
                                                      read write    grant-reader grant-writer api
GET:/v1/fronted/db/keys/url                           y    y        y            y            -
GET:/v1/fronted/db/keys/a/b/c                         y    y        y            y            -
GET:/v1/fronted/@root/keys/mode                       y    y        y            y            -
GET:/v1/fronted/@root/keys/db                         y    y        y            y            -
GET:/v1/fronted/app/keys/url                          y    y        -            -            -
GET:/v1/fronted/dbx/keys/url                          y    y        -            -            -
GET:/v1/fronted/d/keys/db/url                         y    y        -            -            -
GET:/v1/fronted/app/keys/db/url                       y    y        -            -            -
GET:/v1/fronted/app/keys/v1/fronted/db/keys/url       y    y        -            -            -
GET:/v1/fronted/mode                                  y    y        -            -            -
GET:/v1/fronted/db                                    y    y        -            -            -
GET:/v1/fronted/keys/db/url                           y    y        -            -            -
GET:/v1/fronted/db/list                               y    y        y            y            -
GET:/v1/fronted/db/list/below                         y    y        y            y            -
GET:/v1/fronted/@root/list                            y    y        y            y            -
GET:/v1/fronted/dbx/list                              y    y        -            -            -
GET:/v1/fronted/app/list                              y    y        -            -            -
GET:/v1/fronted/db/changes                            y    y        y            y            -
GET:/v1/fronted/@root/changes                         y    y        y            y            -
GET:/v1/fronted/app/changes                           y    y        -            -            -
GET:/v1/fronted/db/history/url                        y    y        y            y            -
GET:/v1/fronted/@root/history/mode                    y    y        y            y            -
GET:/v1/fronted/app/history/url                       y    y        -            -            -
GET:/v1/fronted/db/heads                              y    y        y            y            -
GET:/v1/fronted/app/heads                             y    y        -            -            -
GET:/v1/fronted/db/snapshot                           y    y        y            y            -
GET:/v1/fronted/db/snapshot/below                     y    y        y            y            -
GET:/v1/fronted/app/snapshot                          y    y        -            -            -
GET:/v1/fronted/@config/list                          y    y        -            -            -
GET:/v1/fronted/@config/heads                         y    y        -            -            -
GET:/v1/fronted/@config/snapshot                      y    y        -            -            -
GET:/v1/fronted/@config/info                          y    y        -            -            -
PUT:/v1/fronted/db/keys/url                           -    y        -            y            -
PUT:/v1/fronted/@root/keys/mode                       -    y        -            y            -
PUT:/v1/fronted/mode                                  -    y        -            -            -
PUT:/v1/fronted/app/keys/url                          -    y        -            -            -
PUT:/v1/fronted/app/keys/v1/fronted/db/keys/url       -    y        -            -            -
DELETE:/v1/fronted/db/keys/url                        -    y        -            y            -
DELETE:/v1/fronted/@root/keys/mode                    -    y        -            y            -
DELETE:/v1/fronted/app/keys/url                       -    y        -            -            -
POST:/v1/fronted/db/touch/url                         -    y        -            y            -
POST:/v1/fronted/@root/touch/mode                     -    y        -            y            -
POST:/v1/fronted/app/touch/url                        -    y        -            -            -
POST:/v1/fronted/db/commit                            -    y        -            y            -
POST:/v1/fronted/@root/commit                         -    y        -            y            -
POST:/v1/fronted/app/commit                           -    y        -            -            -
POST:/v1/fronted/@config/commit                       -    y        -            -            -
POST:/v1/fronted/@datakeys/generate/db                -    y        -            -            -
POST:/v1/fronted/@datakeys/unwrap/db                  -    y        -            -            -
POST:/v1/fronted/@datakeys/unwrap/@root               -    y        -            -            -
HEAD:/v1/fronted/db/keys/url                          -    -        -            -            -
PATCH:/v1/fronted/db/keys/url                         -    -        -            -            -
OPTIONS:/v1/fronted/db/keys/url                       -    -        -            -            -
GET:/v1/fronted                                       -    -        -            -            -
GET:/v1/frontedx/db/keys/url                          -    -        -            -            -
GET:/v1/payments/db/keys/url                          -    -        -            -            -
PUT:/v1/payments/db/keys/url                          -    -        -            -            -
GET:/v2/fronted/db/keys/url                           -    -        -            -            -
GET:/healthz                                          -    -        -            -            -
GET:/metrics                                          -    -        -            -            -
GET:/openapi.json                                     -    -        -            -            -
`
