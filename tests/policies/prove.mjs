// Puts every request of the tables to the policies as they are deployed, and says where the answer isn't the table's.
//
//   node prove.mjs DEPLOYED.json MODULES
//
// DEPLOYED holds the account and, by config, its KMS key if it has one and, by role, the role's ARN, trust and policies;
// MODULES is a folder with node_modules. Exit code 0: all are as written; 1: some aren't, on standard error; 2: the proof itself can't be held.

import { readFileSync } from 'node:fs'
import { calls } from './calls.mjs'
import { keys, ways } from './keys.mjs'
import { permissions, places } from './permissions.mjs'
import { ALIAS, CONTEXT_ALIAS, EXTERNAL_ALIAS, GITHUB, simulator, Unprovable } from './simulate.mjs'
import { trust } from './trust.mjs'

const [deployedFile, modules] = process.argv.slice(2)
const isAllowed = simulator(modules)
const { account, other, third, region, org, externalId, api, configs } = JSON.parse(readFileSync(deployedFile, 'utf8'))
const accounts = { ACCOUNT: account, OTHER: other, THIRD: third }

function* rows(table) {
  const [columns, ...lines] = table.trim().split('\n').map((line) => line.trim().split(/\s+/))
  for (const [action, ...cells] of lines) {
    if (cells.length !== columns.length) throw new Unprovable(`${action}: ${cells.length} cells`)
    for (const [index, cell] of cells.entries()) yield [action, columns[index], cell]
  }
}

const wrong = []
let asked = 0

function judge(words, expected, allowed) {
  if (expected !== 'y' && expected !== '-') throw new Unprovable(`${words}: ${expected} is no outcome`)
  asked += 1
  if ((expected === 'y') !== allowed) wrong.push(`${words}: ${allowed ? 'allowed' : 'denied'}, against the table`)
}

/** Who has assumed the role. */
function session(role) {
  return role.arn.replace(':iam:', ':sts:').replace(/:role\/.*?([^/]+)$/, ':assumed-role/$1/session')
}

async function provePermissions(config, name, role, tables) {
  const table = (suffix) => `arn:aws:dynamodb:${region}:${account}:table/discfg-${suffix}`
  const arns = { own: table(config), theirs: table('orders'), longer: table(`${config}-eu`) }
  const principal = session(role)
  for (const [about, text] of Object.entries(tables)) {
    for (const [action, column, expected] of rows(text)) {
      if (expected === '.') continue
      const place = places[column]
      const [operation, enclosing] = action.split('/')
      const contextVariables = {}
      if (about === 'items' && place.keys) contextVariables['dynamodb:LeadingKeys'] = place.keys
      if (enclosing) contextVariables['dynamodb:EnclosingOperation'] = enclosing
      const resource = arns[place.table ?? 'own'] + (place.index ? '/index/any' : '')
      const request = {
        principal,
        action: `dynamodb:${operation}`,
        resource: { resource, accountId: account },
        contextVariables,
      }
      judge(`${name} ${action} ${column}`, expected, await isAllowed(request, role.policies))
    }
  }
}

/** Who asks for a key: a role of the config, or someone who is allowed everything, here or elsewhere. */
function asker(config, name) {
  if (config[name]) return { principal: session(config[name]), policies: config[name].policies }
  const theirs = { administrator: account, stranger: other }[name]
  if (!theirs) throw new Unprovable(`${name} is nobody`)
  const statement = { Effect: 'Allow', Action: '*', Resource: '*' }
  return {
    principal: `arn:aws:iam::${theirs}:user/admin`,
    policies: [{ Version: '2012-10-17', Statement: [statement] }],
  }
}

async function proveKeys(config, name, tables) {
  const { principal, policies } = asker(configs[config], name)
  const otherKey = Object.entries(configs).find(([known, { key }]) => key && known !== config)[1].key
  for (const [action, column, expected] of Object.values(tables).flatMap((text) => [...rows(text)])) {
    const way = ways(config)[column]
    const key = way.key ? otherKey : configs[config].key
    const contextVariables = {}
    if (way.via) contextVariables['kms:ViaService'] = way.via
    for (const [name, value] of Object.entries(way.context)) contextVariables[`${CONTEXT_ALIAS}${name}`] = value
    const request = {
      principal,
      action: `kms:${action}`,
      resource: { resource: key.arn, accountId: account },
      contextVariables,
    }
    judge(`${config} ${name} ${action} ${column}`, expected, await isAllowed(request, policies, key.policy))
  }
}

/** A call of the API itself is judged by the table; what is allowed there is denied of another API and another stage. */
async function proveCalls() {
  const of = (id, rest) => `arn:aws:execute-api:${region}:${account}:${id}/${rest}`
  for (const [call, name, expected] of rows(calls)) {
    const role = configs.fronted[name]
    const [method, path] = call.split(':')
    const answer = async (resource, action = 'execute-api:Invoke') => {
      const request = {
        principal: session(role),
        action,
        resource: { resource, accountId: account },
        contextVariables: {},
      }
      return isAllowed(request, role.policies)
    }
    const own = of(api, `$default/${method}${path}`)
    judge(`${name} ${call}`, expected, await answer(own))
    if (expected !== 'y') continue
    judge(`${name} ${call} otherapi`, '-', await answer(of(`${api}x`, `$default/${method}${path}`)))
    judge(`${name} ${call} otherstage`, '-', await answer(of(api, `prod/${method}${path}`)))
    judge(`${name} ${call} InvalidateCache`, '-', await answer(own, 'execute-api:InvalidateCache'))
  }
}

/** Whose tokens the tables speak of. */
const issuers = {
  github: GITHUB,
  google: 'accounts.google.com',
  gitlab: 'gitlab.com',
  selfhosted: 'gitlab.example.com',
  eks: 'oidc.eks.eu-central-1.amazonaws.com/id/0A1B2C',
  othereks: 'oidc.eks.eu-central-1.amazonaws.com/id/0A1B2D',
}

async function proveTrust() {
  const written = trust.split('\n').filter((line) => line.trim() && !line.startsWith('#'))
  // The config `tokens` trusts whom `payments` trusts, and OIDC issuers besides, by a trust that is written otherwise.
  const ofTokens = written.filter((line) => /^payments +read /.test(line)).map((line) => line.replace('payments', 'tokens'))
  for (const line of [...written, ...ofTokens]) {
    const [config, roleName, where, who, with_, expected, more] = line.trim().split(/\s+/)
    if (more !== undefined || expected === undefined) throw new Unprovable(`${line}: not six words`)
    const role = configs[config][roleName]
    const given = new Set(with_.split(','))
    const resource = { resource: role.arn, accountId: account }
    const contextVariables = {}
    let principal
    let action = 'sts:AssumeRole'
    let policies = []
    if (issuers[where]) {
      const provider = issuers[where]
      principal = `arn:aws:iam::${account}:oidc-provider/${provider}`
      action = 'sts:AssumeRoleWithWebIdentity'
      contextVariables[`${ALIAS}:sub`] = who
      if (given.has('aud')) contextVariables[`${ALIAS}:aud`] = 'sts.amazonaws.com'
      else if (given.has('otheraud')) contextVariables[`${ALIAS}:aud`] = 'https://github.com/acme'
      else if (given.has('ownaud')) contextVariables[`${ALIAS}:aud`] = `https://${provider}`
      else if (!given.has('noaud')) throw new Unprovable(`${line}: which audience?`)
    } else {
      const theirs = accounts[where]
      const arn = `arn:aws:iam::${theirs}:${who}`
      principal = who.startsWith('role/')
        ? `arn:aws:sts::${theirs}:assumed-role/${who.split('/').at(-1)}/session`
        : arn
      contextVariables['aws:PrincipalArn'] = arn
      if (given.has('org')) contextVariables['aws:PrincipalOrgID'] = org
      if (given.has('otherorg')) contextVariables['aws:PrincipalOrgID'] = `${org}x`
      if (given.has('external')) contextVariables['sts:ExternalId'] = externalId
      if (given.has('otherexternal')) contextVariables['sts:ExternalId'] = `${externalId}x`
      const statement = { Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:TagSession'], Resource: role.arn }
      if (given.has('wide')) Object.assign(statement, { Action: '*', Resource: '*' })
      if (given.has('without')) Object.assign(statement, { Resource: `${role.arn}-other` })
      policies = [{ Version: '2012-10-17', Statement: [statement] }]
    }
    const words = line.trim().replace(/\s+/g, ' ')
    const answer = async (action, contextVariables, policies, document = role.trust) => {
      return isAllowed({ principal, action, resource, contextVariables }, policies, document)
    }
    judge(words, expected, await answer(action, contextVariables, policies))
    // Tags of the caller's session pass on where the role may be assumed, whatever they are, and nowhere else: a job's
    // never do.
    const tags = { 'aws:RequestTag/team': 'payments', 'aws:TagKeys': ['team'], 'sts:TransitiveTagKeys': ['team'] }
    const isPrincipal = action === 'sts:AssumeRole'
    const { 'sts:ExternalId': external, ...others } = contextVariables
    const tagged = isPrincipal ? { ...others, ...tags, ...(external && { [EXTERNAL_ALIAS]: external }) } : tags
    const ofTags = JSON.parse(JSON.stringify(role.trust).replaceAll('"sts:ExternalId"', `"${EXTERNAL_ALIAS}"`))
    judge(`${words} tagged`, isPrincipal ? expected : '-', await answer('sts:TagSession', tagged, policies, ofTags))
    if (!isPrincipal || expected !== 'y') continue
    const assumeOnly = [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: role.arn }] }]
    judge(`${words} untaggable`, '-', await answer('sts:TagSession', tagged, assumeOnly, ofTags))
  }
}

try {
  for (const [name, tables] of Object.entries(permissions)) {
    await provePermissions('payments', name, configs.payments[name], tables)
  }
  // The API's function may on the table what the write role may.
  await provePermissions('fronted', 'api', configs.fronted.api, permissions.write)
  await proveCalls()
  for (const [config, askers] of Object.entries(keys)) {
    for (const [name, tables] of Object.entries(askers)) await proveKeys(config, name, tables)
  }
  await proveTrust()
} catch (error) {
  console.error(error instanceof Unprovable ? error.message : error)
  process.exit(2)
}
if (wrong.length > 0) {
  console.error(wrong.join('\n'))
  process.exit(1)
}
console.log(`${asked} requests, each answered as the tables say`)
