// Puts the ways by which a deployer could get more than it was given to the policies of the documents, and says where the
// answer isn't the table's.
//
//   node escalation.mjs POLICIES.json MODULES
//
// POLICIES holds the set-ups of the documents (by name a list of policies), the boundary, the policy of the bucket for
// code, and the policies that deny invoking the function past API Gateway; MODULES is a folder with node_modules. Exit code 0: all are as written; 1: some aren't, on standard error; 2: the
// proof itself can't be held.

import { readFileSync } from 'node:fs'
import { CONTEXT_ALIAS, delegated, simulator, Unprovable } from './simulate.mjs'

const [file, modules] = process.argv.slice(2)
const isAllowed = simulator(modules)
const { account, region, setups, boundary, bucketPolicy, functionPolicy, organizationPolicy } = JSON.parse(readFileSync(file, 'utf8'))

const iam = (rest) => `arn:aws:iam::${account}:${rest}`
const of = (service) => (rest) => `arn:aws:${service}:${region}:${account}:${rest}`
const [dynamodb, kms, lambda, cloudformation, logs, execute] = [
  'dynamodb', 'kms', 'lambda', 'cloudformation', 'logs', 'execute-api',
].map(of)
const bucket = `arn:aws:s3:::discfg-code-${account}-${region}`

const BOUNDARY = iam('policy/boundaries/discfg')
const ADMIN = 'arn:aws:iam::aws:policy/AdministratorAccess'
const bounded = { 'iam:PermissionsBoundary': BOUNDARY }
const otherwise = { 'iam:PermissionsBoundary': ADMIN }
const ours = iam('policy/discfg/discfg-payments-eu-central-1-read')
const role = iam('role/discfg/discfg-payments-eu-central-1-read')
const ofApi = iam('role/discfg/discfg-payments-eu-central-1-api')
const table = dynamodb('table/discfg-payments')
const key = kms('key/0f3e5b1a-0000-4000-8000-000000000001')
const tagged = { 'aws:ResourceTag/discfg:config': 'payments' }
const made = { 'aws:RequestTag/discfg:config': 'payments', 'aws:TagKeys': ['discfg:config'] }
const via = { 'aws:CalledVia': ['cloudformation.amazonaws.com'] }
const viaTable = { 'kms:ViaService': `dynamodb.${region}.amazonaws.com` }
const named = (...keys) => ({ 'dynamodb:LeadingKeys': keys })
const encrypted = (name, value) => ({ [`${CONTEXT_ALIAS}${name}`]: value })

// A way is: words, action, resource, context, and whether each set-up allows it: y or -. The set-ups are
// - direct: the policy for a deployer;
// - fronted: the same and the one for an API;
// - passed: the policy for who deploys through a role of CloudFormation's;
// - service: that role. It works for CloudFormation alone, so nothing calls it via CloudFormation.
const ways = [
  // Roles that are bounded by something else, or by nothing.
  ['a role without a boundary', 'iam:CreateRole', role, {}, '- - - -'],
  ['a role with another boundary', 'iam:CreateRole', role, otherwise, '- - - -'],
  ['a role with the boundary', 'iam:CreateRole', role, bounded, 'y y - y'],
  ['a role elsewhere', 'iam:CreateRole', iam('role/discfg-payments'), bounded, '- - - -'],
  ['a role of another name', 'iam:CreateRole', iam('role/discfg/admin'), bounded, '- - - -'],
  ['the boundary taken off', 'iam:DeleteRolePermissionsBoundary', role, bounded, '- - - -'],
  ['the boundary of an unbounded role', 'iam:DeleteRolePermissionsBoundary', role, {}, '- - - -'],
  ['another boundary', 'iam:PutRolePermissionsBoundary', role, otherwise, '- - - -'],
  ['a boundary that deployers may change', 'iam:PutRolePermissionsBoundary', role, { 'iam:PermissionsBoundary': iam('policy/discfg/discfg-boundary') }, '- - - -'],
  ['the boundary put on', 'iam:PutRolePermissionsBoundary', role, bounded, 'y y - y'],
  ['the boundary put on an administrator', 'iam:PutRolePermissionsBoundary', iam('role/admin'), bounded, '- - - -'],
  ['the trust of a bounded role', 'iam:UpdateAssumeRolePolicy', role, bounded, 'y y - y'],
  ['the trust of an unbounded role', 'iam:UpdateAssumeRolePolicy', role, {}, '- - - -'],
  ['the trust of a role with another boundary', 'iam:UpdateAssumeRolePolicy', role, otherwise, '- - - -'],
  ['the trust of an administrator', 'iam:UpdateAssumeRolePolicy', iam('role/admin'), bounded, '- - - -'],
  ['the sessions of an unbounded role', 'iam:UpdateRole', role, {}, '- - - -'],

  // What roles may.
  ['every right', 'iam:AttachRolePolicy', role, { ...bounded, 'iam:PolicyARN': ADMIN }, '- - - -'],
  ['a policy of the account', 'iam:AttachRolePolicy', role, { ...bounded, 'iam:PolicyARN': iam('policy/admin') }, '- - - -'],
  ['our policy', 'iam:AttachRolePolicy', role, { ...bounded, 'iam:PolicyARN': ours }, 'y y - y'],
  ['our policy to an unbounded role', 'iam:AttachRolePolicy', role, { 'iam:PolicyARN': ours }, '- - - -'],
  ['our policy to an administrator', 'iam:AttachRolePolicy', iam('role/admin'), { ...bounded, 'iam:PolicyARN': ours }, '- - - -'],
  ['a foreign policy detached', 'iam:DetachRolePolicy', role, { ...bounded, 'iam:PolicyARN': iam('policy/deny') }, '- - - -'],
  ['our policy to a user', 'iam:AttachUserPolicy', iam('user/deployer'), { 'iam:PolicyARN': ours }, '- - - -'],
  ['our policy to a group', 'iam:AttachGroupPolicy', iam('group/deployers'), { 'iam:PolicyARN': ours }, '- - - -'],
  ['an inline policy of a user', 'iam:PutUserPolicy', iam('user/deployer'), {}, '- - - -'],
  ['an inline policy of a role', 'iam:PutRolePolicy', role, bounded, '- - - -'],
  ['an inline policy of the function', 'iam:PutRolePolicy', ofApi, bounded, '- y - y'],
  ['an inline policy of an unbounded function', 'iam:PutRolePolicy', ofApi, {}, '- - - -'],

  // Policies, the boundary among them.
  ['a version of our policy', 'iam:CreatePolicyVersion', ours, {}, 'y y - y'],
  ['a version of the boundary', 'iam:CreatePolicyVersion', BOUNDARY, {}, '- - - -'],
  ['a version of a foreign policy', 'iam:CreatePolicyVersion', iam('policy/admin'), {}, '- - - -'],
  ['a version of a policy named like ours', 'iam:CreatePolicyVersion', iam('policy/discfg-payments'), {}, '- - - -'],
  ['an older version of the boundary', 'iam:SetDefaultPolicyVersion', BOUNDARY, {}, '- - - -'],
  ['a version of the boundary deleted', 'iam:DeletePolicyVersion', BOUNDARY, {}, '- - - -'],
  ['the boundary deleted', 'iam:DeletePolicy', BOUNDARY, {}, '- - - -'],
  ['a boundary created', 'iam:CreatePolicy', BOUNDARY, {}, '- - - -'],

  // Who may act.
  ['a key of a user', 'iam:CreateAccessKey', iam('user/admin'), {}, '- - - -'],
  ['a password of a user', 'iam:CreateLoginProfile', iam('user/admin'), {}, '- - - -'],
  ['a user', 'iam:CreateUser', iam('user/new'), {}, '- - - -'],
  ['another issuer', 'iam:CreateOpenIDConnectProvider', iam('oidc-provider/example.com'), {}, '- - - -'],
  ['the issuer of GitHub deleted', 'iam:DeleteOpenIDConnectProvider', iam('oidc-provider/token.actions.githubusercontent.com'), {}, 'y y - y'],
  ['another issuer deleted', 'iam:DeleteOpenIDConnectProvider', iam('oidc-provider/example.com'), {}, '- - - -'],
  ['the service role of API Gateway', 'iam:CreateServiceLinkedRole', iam('role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway'), { 'iam:AWSServiceName': 'ops.apigateway.amazonaws.com' }, '- y - y'],
  ['the service role of another service', 'iam:CreateServiceLinkedRole', iam('role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS'), { 'iam:AWSServiceName': 'ecs.amazonaws.com' }, '- - - -'],
  ['another audience', 'iam:AddClientIDToOpenIDConnectProvider', iam('oidc-provider/token.actions.githubusercontent.com'), {}, '- - - -'],
  ['the read role', 'sts:AssumeRole', role, {}, 'y y y y'],
  ['the tags of its session to the read role', 'sts:TagSession', role, {}, 'y y y y'],
  ['the tags of its session to the write role', 'sts:TagSession', iam('role/discfg/discfg-payments-eu-central-1-write'), {}, '- - - -'],
  ['the tags of its session to an administrator', 'sts:TagSession', iam('role/admin'), {}, '- - - -'],
  ['the write role', 'sts:AssumeRole', iam('role/discfg/discfg-payments-eu-central-1-write'), {}, '- - - -'],
  ['the role of the function', 'sts:AssumeRole', ofApi, {}, '- - - -'],
  ['an administrator', 'sts:AssumeRole', iam('role/admin'), {}, '- - - -'],
  ['a role for CloudFormation', 'sts:AssumeRole', iam('role/cloudformation/discfg'), {}, '- - - -'],
  ['the role of the function to Lambda', 'iam:PassRole', ofApi, { 'iam:PassedToService': 'lambda.amazonaws.com' }, '- y - y'],
  ['the role of the function to EC2', 'iam:PassRole', ofApi, { 'iam:PassedToService': 'ec2.amazonaws.com' }, '- - - -'],
  ['another role to Lambda', 'iam:PassRole', iam('role/admin'), { 'iam:PassedToService': 'lambda.amazonaws.com' }, '- - - -'],
  ['the role for CloudFormation', 'iam:PassRole', iam('role/cloudformation/discfg'), { 'iam:PassedToService': 'cloudformation.amazonaws.com' }, '- - y -'],
  ['the role for CloudFormation to Lambda', 'iam:PassRole', iam('role/cloudformation/discfg'), { 'iam:PassedToService': 'lambda.amazonaws.com' }, '- - - -'],
  ['another role to CloudFormation', 'iam:PassRole', iam('role/admin'), { 'iam:PassedToService': 'cloudformation.amazonaws.com' }, '- - - -'],

  // Stacks. The simulator takes the first type alone of an import.
  ['a change set', 'cloudformation:CreateChangeSet', cloudformation('stack/discfg-payments/1'), {}, 'y y y y'],
  ['an import of a table', 'cloudformation:CreateChangeSet', cloudformation('stack/discfg-payments/1'), { 'cloudformation:ImportResourceTypes': ['AWS::DynamoDB::Table'] }, 'y y y y'],
  ['an import of a key', 'cloudformation:CreateChangeSet', cloudformation('stack/discfg-payments/1'), { 'cloudformation:ImportResourceTypes': ['AWS::KMS::Key'] }, '- - - -'],
  ['a stack of another name', 'cloudformation:CreateChangeSet', cloudformation('stack/network/1'), {}, '- - - -'],
  ['an update without a change set', 'cloudformation:UpdateStack', cloudformation('stack/discfg-payments/1'), {}, '- - - -'],
  ['a stack without a change set', 'cloudformation:CreateStack', cloudformation('stack/discfg-payments/1'), {}, '- - - -'],

  // Values.
  ['settings read', 'dynamodb:GetItem', table, named('@config'), 'y y y y'],
  ['settings queried', 'dynamodb:Query', table, named('@config'), 'y y y y'],
  ['settings written', 'dynamodb:PutItem', table, named('@config'), 'y y y y'],
  ['a value read', 'dynamodb:GetItem', table, named('/db'), '- - - -'],
  ['a value among settings', 'dynamodb:BatchGetItem', table, named('@config', '/db'), '- - - -'],
  ['values queried', 'dynamodb:Query', table, named('/db'), '- - - -'],
  ['values of an index', 'dynamodb:Query', `${table}/index/any`, named('/db'), '- - - -'],
  ['a value written', 'dynamodb:PutItem', table, named('/db'), '- - - -'],
  ['a value of the root section written', 'dynamodb:UpdateItem', table, named('@root'), '- - - -'],
  ['a value deleted', 'dynamodb:DeleteItem', table, named('/db'), '- - - -'],
  ['a value written in a transaction', 'dynamodb:PutItem', table, { ...named('@config', '/db'), 'dynamodb:EnclosingOperation': 'TransactWriteItems' }, '- - - -'],
  ['items without a name', 'dynamodb:BatchGetItem', table, {}, '- - - -'],
  ['all values', 'dynamodb:Scan', table, {}, '- - - -'],
  ['values in a language', 'dynamodb:PartiQLSelect', table, named('@config'), '- - - -'],
  ['another table', 'dynamodb:GetItem', dynamodb('table/orders'), named('@config'), '- - - -'],
  ['an export', 'dynamodb:ExportTableToPointInTime', table, {}, '- - - -'],
  ['a backup', 'dynamodb:CreateBackup', table, {}, '- - - -'],
  ['a copy', 'dynamodb:RestoreTableToPointInTime', table, {}, '- - - -'],
  ['a policy of the table', 'dynamodb:PutResourcePolicy', table, {}, '- - - -'],
  ['a stream', 'dynamodb:GetRecords', `${table}/stream/2026-01-01T00:00:00.000`, {}, '- - - -'],
  ['a stream of Kinesis', 'dynamodb:EnableKinesisStreamingDestination', table, {}, '- - - -'],
  ['the table', 'dynamodb:DeleteTable', table, {}, '- - - -'],

  // Keys.
  ['a new key', 'kms:CreateKey', '*', { ...via, ...made }, 'y y - y'],
  ['a new key beside CloudFormation', 'kms:CreateKey', '*', made, '- - - y'],
  ['a new key without the tag', 'kms:CreateKey', '*', via, '- - - -'],
  ['the policy of our key', 'kms:PutKeyPolicy', key, { ...via, ...tagged }, 'y y - y'],
  ['the policy of our key beside CloudFormation', 'kms:PutKeyPolicy', key, tagged, '- - - y'],
  ['the policy of a foreign key', 'kms:PutKeyPolicy', key, via, '- - - -'],
  ['our key deleted', 'kms:ScheduleKeyDeletion', key, { ...via, ...tagged }, 'y y - y'],
  ['our key deleted beside CloudFormation', 'kms:ScheduleKeyDeletion', key, tagged, '- - - y'],
  ['a foreign key deleted', 'kms:ScheduleKeyDeletion', key, via, '- - - -'],
  ['the tag on a foreign key', 'kms:TagResource', key, made, '- - - y'],
  ['the tag taken off a foreign key', 'kms:UntagResource', key, { ...via, 'aws:TagKeys': ['owner'] }, '- - - -'],
  ['a foreign key disabled', 'kms:DisableKey', key, via, '- - - -'],
  ['an alias', 'kms:CreateAlias', kms('alias/discfg-payments'), via, 'y y - y'],
  ['an alias beside CloudFormation', 'kms:CreateAlias', kms('alias/discfg-payments'), {}, '- - - y'],
  ['an alias of another application', 'kms:UpdateAlias', kms('alias/orders'), via, '- - - -'],
  ['the table at rest', 'kms:Decrypt', key, viaTable, 'y y y y'],
  ['a ciphertext', 'kms:Decrypt', key, {}, '- - - -'],
  ['a secret', 'kms:Decrypt', key, { ...tagged, ...encrypted('discfg:config', 'payments') }, '- - - -'],
  ['a ciphertext through CloudFormation', 'kms:Decrypt', key, { ...via, ...tagged }, '- - - -'],
  ['an object of S3', 'kms:Decrypt', key, { 'kms:ViaService': `s3.${region}.amazonaws.com` }, '- - - -'],
  ['a data key', 'kms:GenerateDataKey', key, tagged, '- - - -'],
  ['a grant for DynamoDB', 'kms:CreateGrant', key, { ...viaTable, 'kms:GrantIsForAWSResource': 'true' }, 'y y - y'],
  ['a grant for oneself', 'kms:CreateGrant', key, { ...tagged, 'kms:GrantIsForAWSResource': 'false' }, '- - - -'],
  ['a grant by way of DynamoDB for oneself', 'kms:CreateGrant', key, { ...viaTable, 'kms:GrantIsForAWSResource': 'false' }, '- - - -'],

  // Code.
  ['code', 's3:PutObject', `${bucket}/code.zip`, { 's3:if-none-match': '*', 'aws:SecureTransport': 'true' }, '- y - y'],
  ['code over other code', 's3:PutObject', `${bucket}/code.zip`, { 'aws:SecureTransport': 'true' }, '- - - -'],
  ['code in the clear', 's3:PutObject', `${bucket}/code.zip`, { 's3:if-none-match': '*', 'aws:SecureTransport': 'false' }, '- - - -'],
  ['code deleted', 's3:DeleteObject', `${bucket}/code.zip`, { 'aws:SecureTransport': 'true' }, '- - - -'],
  ['a version of code deleted', 's3:DeleteObjectVersion', `${bucket}/code.zip`, { 'aws:SecureTransport': 'true' }, '- - - -'],
  ['the policy of the bucket', 's3:PutBucketPolicy', bucket, { ...via, 'aws:SecureTransport': 'true' }, '- y - y'],
  ['the policy of the bucket beside CloudFormation', 's3:PutBucketPolicy', bucket, { 'aws:SecureTransport': 'true' }, '- - - y'],
  ['the versions of the bucket', 's3:PutBucketVersioning', bucket, { 'aws:SecureTransport': 'true' }, '- - - y'],
  ['another bucket', 's3:GetObject', 'arn:aws:s3:::backups/all', {}, '- - - -'],
  ['our function', 'lambda:UpdateFunctionCode', lambda('function:discfg-payments'), {}, '- y - y'],
  ['another function', 'lambda:UpdateFunctionCode', lambda('function:orders'), {}, '- - - -'],
  ['our function invoked', 'lambda:InvokeFunction', lambda('function:discfg-payments'), {}, '- - - -'],
  ['an address of the function', 'lambda:CreateFunctionUrlConfig', lambda('function:discfg-payments'), {}, '- - - -'],
  ['an event that invokes the function', 'lambda:CreateEventSourceMapping', '*', {}, '- - - -'],
]

// What a role may that has every right and the boundary.
const atMost = [
  ['values', 'dynamodb:PutItem', table, named('/db'), 'y'],
  ['a value guarded', 'dynamodb:ConditionCheckItem', table, named('/db'), 'y'],
  ['values of another table', 'dynamodb:GetItem', dynamodb('table/orders'), named('/db'), '-'],
  ['all values', 'dynamodb:Scan', table, {}, '-'],
  ['the table', 'dynamodb:DeleteTable', table, {}, '-'],
  ['the table at rest', 'kms:Decrypt', key, { ...viaTable, ...encrypted('aws:dynamodb:tableName', 'discfg-payments') }, 'y'],
  ['another table at rest', 'kms:Decrypt', key, { ...viaTable, ...encrypted('aws:dynamodb:tableName', 'orders') }, '-'],
  ['a secret', 'kms:Decrypt', key, encrypted('discfg:config', 'payments'), 'y'],
  ['a ciphertext of something else', 'kms:Decrypt', key, encrypted('app', 'orders'), '-'],
  ['a ciphertext', 'kms:Decrypt', key, {}, '-'],
  ['the policy of a key', 'kms:PutKeyPolicy', key, {}, '-'],
  ['a call of an API', 'execute-api:Invoke', execute('abc123/$default/GET/v1/payments/db/keys/url'), {}, 'y'],
  ['a call of another stage', 'execute-api:Invoke', execute('abc123/prod/GET/v1/payments/db/keys/url'), {}, '-'],
  ['a log of the function', 'logs:PutLogEvents', logs('log-group:/aws/lambda/discfg-payments:log-stream:x'), {}, 'y'],
  ['another log', 'logs:PutLogEvents', logs('log-group:/aws/lambda/orders:log-stream:x'), {}, '-'],
  ['another role', 'sts:AssumeRole', iam('role/admin'), {}, '-'],
  ['a role', 'iam:CreateRole', role, {}, '-'],
  ['a policy', 'iam:CreatePolicyVersion', BOUNDARY, {}, '-'],
  ['a stack', 'cloudformation:CreateChangeSet', cloudformation('stack/discfg-payments/1'), {}, '-'],
  ['the function invoked', 'lambda:InvokeFunction', lambda('function:discfg-payments'), {}, '-'],
  ['another bucket', 's3:GetObject', 'arn:aws:s3:::backups/all', {}, '-'],
]

const allow = (Action) => ({ Version: '2012-10-17', Statement: [{ Sid: 'All', Effect: 'Allow', Action, Resource: '*' }] })

/** What the resource itself says: keys and roles delegate to the account, the bucket has the policy of its template. */
function resourcePolicy(action, resource) {
  return delegated(account, action, resource) ?? (resource.startsWith(bucket) ? bucketPolicy : undefined)
}

// An administrator invokes the function past API Gateway, by itself and with each of the policies that deny it.
const invoked = ['the function past API Gateway', 'lambda:InvokeFunction', lambda('function:discfg-payments'), { 'aws:PrincipalIsAWSService': 'false' }]
const invocation = [
  ['plain', {}, 'y'],
  ['function', { resource: functionPolicy }, '-'],
  ['another organization', { organization: [allow('*')] }, 'y'],
  ['organization', { organization: [allow('*'), organizationPolicy] }, '-'],
]

const wrong = []
let asked = 0

async function judge(words, way, cell, policies, bounds) {
  const [name, action, resource, contextVariables] = way
  if (cell !== 'y' && cell !== '-') throw new Unprovable(`${name}: ${cell} is no outcome`)
  const request = {
    principal: `arn:aws:iam::${account}:user/deployer`,
    action,
    resource: { resource, accountId: account },
    contextVariables,
  }
  const allowed = await isAllowed(request, policies, bounds?.resource ?? resourcePolicy(action, resource), bounds)
  asked += 1
  if ((cell === 'y') !== allowed) {
    wrong.push(`${words} ${name} (${action}): ${allowed ? 'allowed' : 'denied'}, against the table`)
  }
}

try {
  const names = ['direct', 'fronted', 'passed', 'service']
  for (const way of ways) {
    const cells = way[4].split(' ')
    if (cells.length !== names.length) throw new Unprovable(`${way[0]}: ${cells.length} cells`)
    for (const [index, name] of names.entries()) await judge(name, way, cells[index], setups[name])
  }
  for (const [name, bounds, cell] of invocation) await judge(name, invoked, cell, [allow('lambda:*')], bounds)
  for (const way of atMost) await judge('bounded', way, way[4], [allow('*')], { boundaries: [boundary] })
} catch (error) {
  console.error(error instanceof Unprovable ? error.message : error)
  process.exit(2)
}
if (wrong.length > 0) {
  console.error(wrong.join('\n'))
  process.exit(1)
}
console.log(`${asked} requests, each answered as the tables say`)
