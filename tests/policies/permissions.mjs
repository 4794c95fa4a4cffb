// What each role may do, written by hand. A line is an action, with the operation around it where it is part of a
// transaction; a column is where it goes. y: allowed; -: denied; .: there is no such request.

// `keys` are the partition keys of the items asked for. The grants cover /db and /app.
export const places = {
  own: { keys: ['/db'] },
  owns: { keys: ['/db', '/app'] },
  other: { keys: ['/payments'] },
  both: { keys: ['/db', '/payments'] },
  config: { keys: ['@config'] },
  nokey: {},
  theirs: { keys: ['/db'], table: 'theirs' },
  longer: { keys: ['/db'], table: 'longer' },
  index: { keys: ['/db'], index: true },
}

const read = `
                                  own owns other both config nokey theirs longer index
GetItem                            y    y    y    y     y      y      -      -     .
GetItem/TransactGetItems           y    y    y    y     y      y      -      -     .
BatchGetItem                       y    y    y    y     y      y      -      -     .
Query                              y    y    y    y     y      y      -      -     -
ConditionCheckItem                 -    -    -    -     -      -      -      -     .
PutItem                            -    -    -    -     -      -      -      -     .
PutItem/TransactWriteItems         -    -    -    -     -      -      -      -     .
UpdateItem                         -    -    -    -     -      -      -      -     .
UpdateItem/TransactWriteItems      -    -    -    -     -      -      -      -     .
DeleteItem                         -    -    -    -     -      -      -      -     .
DeleteItem/TransactWriteItems      -    -    -    -     -      -      -      -     .
BatchWriteItem                     -    -    -    -     -      -      -      -     .
PartiQLSelect                      -    -    -    -     -      -      -      -     -
PartiQLInsert                      -    -    -    -     -      -      -      -     .
PartiQLUpdate                      -    -    -    -     -      -      -      -     .
PartiQLDelete                      -    -    -    -     -      -      -      -     .
`

const write = `
                                  own owns other both config nokey theirs longer index
GetItem                            y    y    y    y     y      y      -      -     .
GetItem/TransactGetItems           y    y    y    y     y      y      -      -     .
BatchGetItem                       y    y    y    y     y      y      -      -     .
Query                              y    y    y    y     y      y      -      -     -
ConditionCheckItem                 y    y    y    y     y      y      -      -     .
PutItem                            y    y    y    y     y      y      -      -     .
PutItem/TransactWriteItems         y    y    y    y     y      y      -      -     .
UpdateItem                         y    y    y    y     y      y      -      -     .
UpdateItem/TransactWriteItems      y    y    y    y     y      y      -      -     .
DeleteItem                         y    y    y    y     y      y      -      -     .
DeleteItem/TransactWriteItems      y    y    y    y     y      y      -      -     .
BatchWriteItem                     -    -    -    -     -      -      -      -     .
PartiQLSelect                      -    -    -    -     -      -      -      -     -
PartiQLInsert                      -    -    -    -     -      -      -      -     .
PartiQLUpdate                      -    -    -    -     -      -      -      -     .
PartiQLDelete                      -    -    -    -     -      -      -      -     .
`

// A grant's reader has its own sections and @config, each only in a request that names its keys.
const grantReader = `
                                  own owns other both config nokey theirs longer index
GetItem                            y    y    -    -     y      -      -      -     .
GetItem/TransactGetItems           y    y    -    -     y      -      -      -     .
BatchGetItem                       y    y    -    -     y      -      -      -     .
Query                              y    y    -    -     y      -      -      -     -
ConditionCheckItem                 -    -    -    -     -      -      -      -     .
PutItem                            -    -    -    -     -      -      -      -     .
PutItem/TransactWriteItems         -    -    -    -     -      -      -      -     .
UpdateItem                         -    -    -    -     -      -      -      -     .
UpdateItem/TransactWriteItems      -    -    -    -     -      -      -      -     .
DeleteItem                         -    -    -    -     -      -      -      -     .
DeleteItem/TransactWriteItems      -    -    -    -     -      -      -      -     .
BatchWriteItem                     -    -    -    -     -      -      -      -     .
PartiQLSelect                      -    -    -    -     -      -      -      -     -
PartiQLInsert                      -    -    -    -     -      -      -      -     .
PartiQLUpdate                      -    -    -    -     -      -      -      -     .
PartiQLDelete                      -    -    -    -     -      -      -      -     .
`

// A grant's writer writes its own sections, and never @config.
const grantWriter = `
                                  own owns other both config nokey theirs longer index
GetItem                            y    y    -    -     y      -      -      -     .
GetItem/TransactGetItems           y    y    -    -     y      -      -      -     .
BatchGetItem                       y    y    -    -     y      -      -      -     .
Query                              y    y    -    -     y      -      -      -     -
ConditionCheckItem                 y    y    -    -     -      -      -      -     .
PutItem                            y    y    -    -     -      -      -      -     .
PutItem/TransactWriteItems         y    y    -    -     -      -      -      -     .
UpdateItem                         y    y    -    -     -      -      -      -     .
UpdateItem/TransactWriteItems      y    y    -    -     -      -      -      -     .
DeleteItem                         y    y    -    -     -      -      -      -     .
DeleteItem/TransactWriteItems      y    y    -    -     -      -      -      -     .
BatchWriteItem                     -    -    -    -     -      -      -      -     .
PartiQLSelect                      -    -    -    -     -      -      -      -     -
PartiQLInsert                      -    -    -    -     -      -      -      -     .
PartiQLUpdate                      -    -    -    -     -      -      -      -     .
PartiQLDelete                      -    -    -    -     -      -      -      -     .
`

// No role may look at the whole table, or at what keeps it. These requests name no keys, wherever they go.
const table = `
                                nokey theirs longer index
DescribeTable                     y      -      -     .
Scan                              -      -      -     -
UpdateTable                       -      -      -     .
DeleteTable                       -      -      -     .
CreateTable                       -      -      -     .
CreateBackup                      -      -      -     .
RestoreTableToPointInTime         -      -      -     .
ExportTableToPointInTime          -      -      -     .
DescribeTimeToLive                -      -      -     .
UpdateTimeToLive                  -      -      -     .
DescribeContinuousBackups         -      -      -     .
UpdateContinuousBackups           -      -      -     .
EnableKinesisStreamingDestination -      -      -     .
ListTagsOfResource                -      -      -     .
TagResource                       -      -      -     .
GetResourcePolicy                 -      -      -     .
PutResourcePolicy                 -      -      -     .
`

export const permissions = {
  read: { items: read, table },
  write: { items: write, table },
  'grant-reader': { items: grantReader, table },
  'grant-writer': { items: grantWriter, table },
}
