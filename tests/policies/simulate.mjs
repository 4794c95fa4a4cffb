// The simulator of IAM, and what stands in for the keys that it has no data for.

import { createRequire } from 'node:module'
import { resolve } from 'node:path'

export const GITHUB = 'token.actions.githubusercontent.com'
// The simulator's data lack the audience and subject of GitHub and other issuers, so it would drop them and judge without.
// Google's have the same names and types, and nothing else here speaks of Google. Whose they are is told by the principal,
// so a statement may ask for those of its own provider alone.
export const ALIAS = 'accounts.google.com'
// It has no data for a key of an encryption context either. A principal's tags are named as freely, and nothing else
// here speaks of them.
const CONTEXT = 'kms:EncryptionContext:'
export const CONTEXT_ALIAS = 'aws:PrincipalTag/'
// Nor for the external id of a request that tags its session, which is that of the request that assumes the role: EKS asks
// for both actions with one statement and its external id (EKS user guide, "EKS Pod Identity target IAM roles"). This key
// is of such requests, and nothing else here speaks of it.
export const EXTERNAL_ALIAS = 'saml:aud'

export class Unprovable extends Error {}

/** What a key or a role of the account says: that the account's policies decide. */
export function delegated(account, action, resource) {
  const statement = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` } }
  const Version = '2012-10-17'
  if (action.startsWith('kms:') && resource.includes(':key/')) {
    return { Version, Statement: [{ ...statement, Action: 'kms:*', Resource: '*' }] }
  }
  if (action.startsWith('sts:')) return { Version, Statement: [{ ...statement, Action: action }] }
}

function aliased(document) {
  const text = JSON.stringify(document)
  if (text.includes(ALIAS)) throw new Unprovable(`${ALIAS} stands for GitHub and is in a policy`)
  if (text.includes(CONTEXT_ALIAS)) throw new Unprovable(`${CONTEXT_ALIAS} stands for ${CONTEXT} and is in a policy`)
  const copy = JSON.parse(text.replaceAll(`"${CONTEXT}`, `"${CONTEXT_ALIAS}`))
  for (const statement of [copy.Statement].flat()) {
    const provider = statement.Principal?.Federated?.split(':oidc-provider/')[1]
    for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
      const renamed = Object.entries(keys).map(([key, values]) => {
        const [, issuer, claim] = key.match(/^(.*):(aud|sub)$/) ?? []
        if (!claim || key === EXTERNAL_ALIAS) return [key, values]
        if (issuer !== provider) throw new Unprovable(`${key} is asked of tokens of ${provider}`)
        return [`${ALIAS}:${claim}`, values]
      })
      statement.Condition[operator] = Object.fromEntries(renamed)
    }
  }
  return copy
}

/** What tells whether a request is allowed, by the simulator in the node_modules of that folder. */
export function simulator(modules) {
  const { runSimulation } = createRequire(`${resolve(modules)}/`)('@cloud-copilot/iam-simulate')
  const named = (policies) => policies.map((policy, index) => ({ name: `policy-${index}`, policy: aliased(policy) }))

  /** An error, and every context key that isn't taken into account, is the proof's end. */
  return async function isAllowed(request, policies, resourcePolicy, { boundaries, organization } = {}) {
    const simulation = {
      request,
      identityPolicies: named(policies),
      permissionBoundaryPolicies: boundaries && named(boundaries),
      serviceControlPolicies: organization
        ? [{ orgIdentifier: 'o-a1b2c3d4e5', policies: named(organization) }]
        : [],
      resourceControlPolicies: [],
      resourcePolicy: resourcePolicy && aliased(resourcePolicy),
    }
    const answer = await runSimulation(simulation, {})
    if (answer.resultType !== 'single') {
      throw new Unprovable(`${JSON.stringify(request)}: ${JSON.stringify(answer.errors ?? answer.resultType)}`)
    }
    const dropped = answer.result.ignoredContextKeys ?? []
    if (dropped.length > 0) throw new Unprovable(`${JSON.stringify(request)}: dropped ${dropped.join(', ')}`)
    return answer.overallResult === 'Allowed'
  }
}
