// Puts calls that were made to policies that should allow them, and says which are denied.
//
//   node recorded.mjs CALLS.json MODULES
//
// CALLS holds an account, policies, and calls: each an action, a resource and a context. MODULES is a folder with
// node_modules. Exit code 0: all are allowed; 1: some aren't, on standard error; 2: the proof itself can't be held.

import { readFileSync } from 'node:fs'
import { delegated, simulator, Unprovable } from './simulate.mjs'

const [file, modules] = process.argv.slice(2)
const isAllowed = simulator(modules)
// The simulator has data for REST APIs alone. Both kinds have paths of one form, and nothing here speaks of REST APIs.
const text = readFileSync(file, 'utf8').replaceAll('::/apis', '::/restapis')
const { account, policies, calls } = JSON.parse(text)

// AWS denies these to nobody (STS API reference).
const FREE = ['sts:GetCallerIdentity']

// A stack that is called by its name has an ID. What is about all stacks is allowed if it is about one of any name, but
// for actions that know no stack.
const ANY = `arn:aws:cloudformation:eu-central-1:${account}:stack/any/1`
function one(action, resource) {
  if (action === 'cloudformation:DescribeStacks' && resource === '*') return ANY
  return resource.endsWith(':stack/*/*') ? '*' : resource.replace(/\/\*$/, '/1')
}
// What no policy asks about can't change an answer, and the simulator ends where it has no data for a key.
const wording = JSON.stringify(policies).toLowerCase()
const relevant = (context) =>
  Object.fromEntries(Object.entries(context).filter(([key]) => wording.includes(`"${key.toLowerCase()}"`)))

const denied = []
let asked = 0
try {
  for (const { action, resource, context } of calls) {
    if (FREE.includes(action)) continue
    const request = {
      principal: `arn:aws:iam::${account}:user/deployer`,
      action,
      resource: { resource: one(action, resource), accountId: account },
      contextVariables: relevant(context),
    }
    asked += 1
    if (!(await isAllowed(request, policies, delegated(account, action, resource)))) {
      denied.push(`${action} on ${resource} with ${JSON.stringify(context)}`)
    }
  }
} catch (error) {
  console.error(error instanceof Unprovable ? error.message : error)
  process.exit(2)
}
if (denied.length > 0) {
  console.error(denied.join('\n'))
  process.exit(1)
}
console.log(`${asked} calls, each allowed`)
