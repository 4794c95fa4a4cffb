// What each role may do with KMS keys, written by hand. A line is an action of KMS; a column is how it is asked for.
// y: allowed; -: denied. The keys' own policies are judged along with the roles'.

// `via` is the service that asks on the caller's behalf, `context` the encryption context, `key` whose key it is: by
// default the config's.
const table = (name) => ({ 'aws:dynamodb:tableName': name })
const dynamodb = 'dynamodb.eu-central-1.amazonaws.com'

export const ways = (config) => ({
  rest: { via: dynamodb, context: table(`discfg-${config}`) },
  resttheirs: { via: dynamodb, context: table('discfg-plain') },
  restlonger: { via: dynamodb, context: table(`discfg-${config}-eu`) },
  restnone: { via: dynamodb, context: {} },
  restdirect: { context: table(`discfg-${config}`) },
  resteu: { via: 'dynamodb.eu-west-1.amazonaws.com', context: table(`discfg-${config}`) },
  rests3: { via: 's3.eu-central-1.amazonaws.com', context: table(`discfg-${config}`) },
  restkey: { via: dynamodb, context: table(`discfg-${config}`), key: 'other' },
  secret: { context: { 'discfg:config': config } },
  theirs: { context: { 'discfg:config': 'plain' } },
  longer: { context: { 'discfg:config': `${config}-eu` } },
  none: { context: {} },
  secretkey: { context: { 'discfg:config': config }, key: 'other' },
})

// Whoever reads decrypts: what the table holds, by way of DynamoDB, and the config's secrets.
const reader = `
                                rest resttheirs restlonger restnone restdirect resteu rests3 restkey secret theirs longer none secretkey
Decrypt                          y       -          -         -         -        -      -       -      y      -      -     -       -
Encrypt                          -       -          -         -         -        -      -       -      -      -      -     -       -
GenerateDataKey                  -       -          -         -         -        -      -       -      -      -      -     -       -
GenerateDataKeyWithoutPlaintext  -       -          -         -         -        -      -       -      -      -      -     -       -
ReEncryptFrom                    -       -          -         -         -        -      -       -      -      -      -     -       -
ReEncryptTo                      -       -          -         -         -        -      -       -      -      -      -     -       -
CreateGrant                      -       -          -         -         -        -      -       -      -      -      -     -       -
`

const writer = `
                                rest resttheirs restlonger restnone restdirect resteu rests3 restkey secret theirs longer none secretkey
Decrypt                          y       -          -         -         -        -      -       -      y      -      -     -       -
Encrypt                          y       -          -         -         -        -      -       -      -      -      -     -       -
GenerateDataKey                  y       -          -         -         -        -      -       -      y      -      -     -       -
GenerateDataKeyWithoutPlaintext  y       -          -         -         -        -      -       -      -      -      -     -       -
ReEncryptFrom                    y       -          -         -         -        -      -       -      -      -      -     -       -
ReEncryptTo                      y       -          -         -         -        -      -       -      -      -      -     -       -
CreateGrant                      -       -          -         -         -        -      -       -      -      -      -     -       -
`

// No role keeps a key.
const keeping = `
                     none
DescribeKey           -
DisableKey            -
GetKeyPolicy          -
ListGrants            -
PutKeyPolicy          -
RetireGrant           -
RevokeGrant           -
ScheduleKeyDeletion   -
TagResource           -
UpdateKeyDescription  -
`

// The key that the stack makes, put to an administrator of the account who is allowed everything: he keeps it, and uses
// it for nothing but the table and the secrets. Which table it is, the key leaves to DynamoDB.
const administrator = `
                                rest restnone restdirect resteu rests3 secret theirs longer none
Decrypt                          y      y         -        -      -      y      -      -     -
Encrypt                          y      y         -        -      -      -      -      -     -
GenerateDataKey                  y      y         -        -      -      y      -      -     -
GenerateDataKeyWithoutPlaintext  y      y         -        -      -      -      -      -     -
ReEncryptFrom                    y      y         -        -      -      -      -      -     -
ReEncryptTo                      y      y         -        -      -      -      -      -     -
CreateGrant                      y      y         -        -      -      -      -      -     -
DescribeKey                      y      y         y        y      y      y      y      y     y
DisableKey                       y      y         y        y      y      y      y      y     y
PutKeyPolicy                     y      y         y        y      y      y      y      y     y
ScheduleKeyDeletion              y      y         y        y      y      y      y      y     y
`

// The same administrator's rights in another account reach nothing of it.
const stranger = `
                rest secret none
Decrypt          -     -     -
GenerateDataKey  -     -     -
CreateGrant      -     -     -
DescribeKey      -     -     -
PutKeyPolicy     -     -     -
`

const readers = { use: reader, keeping }
const writers = { use: writer, keeping }

// Of `vault` the stack made the key; `given` was given one, whose own policy delegates everything to the account.
export const keys = {
  vault: {
    read: readers,
    write: writers,
    'grant-reader': readers,
    'grant-writer': writers,
    administrator: { administrator },
    stranger: { stranger },
  },
  given: { read: readers, write: writers, 'grant-reader': readers, 'grant-writer': writers },
}
