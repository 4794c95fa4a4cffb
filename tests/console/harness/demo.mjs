// A shop's configs, as a team might have them.

const services = [
  ['web/10.0.3.17', { port: 8080, version: '2026.11.3', zone: 'eu-central-1a' }, '75s'],
  ['web/10.0.4.22', { port: 8080, version: '2026.11.3', zone: 'eu-central-1b' }, '90s'],
  ['worker/10.0.3.40', { port: 9100, version: '2026.11.2', zone: 'eu-central-1a' }, '2m'],
]

const production = [
  ['anna', 'First keys of the shop', { 'app/name': 'shop', 'app/log-level': 'info', 'app/base-url': 'https://shop.example' }],
  ['anna', 'Postgres 17', { 'db/url': 'postgres://db.internal:5432/shop', 'db/pool': '{"min":4,"max":16,"idle":"30s"}' }],
  ['marco', 'Limits from the load test', { 'app/limits': '{"requests":500,"burst":120,"timeout":"8s","retries":2}' }],
  ['priya', 'Mail by the new provider', { 'mail/from': 'Shop <hello@shop.example>', 'mail/host': 'smtp.mail.example:587' }],
  ['priya', '', { 'payments/provider': 'adyen', 'payments/webhook': 'https://shop.example/hooks/payments' }],
  ['marco', 'Redis in front of the catalogue', { 'cache/url': 'redis://cache.internal:6379', 'cache/ttl': '300' }],
  ['deploy', 'Release 2026.11.2', { 'app/version': '2026.11.2' }],
  ['anna', 'Checkout for one customer in four', { 'flags/checkout-v2': '{"enabled":true,"percent":25,"countries":["DE","AT"]}' }],
  ['deploy', 'Release 2026.11.3', { 'app/version': '2026.11.3' }],
  ['marco', 'More connections for the sale', { 'db/pool': '{"min":8,"max":48,"idle":"30s"}' }],
  ['anna', 'Checkout for all', { 'flags/checkout-v2': '{"enabled":true,"percent":100,"countries":["DE","AT","CH"]}' }],
]

const staging = [
  ['anna', 'Staging as production', { 'app/name': 'shop', 'app/log-level': 'debug', 'app/base-url': 'https://staging.shop.example' }],
  ['anna', '', { 'db/url': 'postgres://db.staging:5432/shop', 'db/pool': '{"min":1,"max":4,"idle":"30s"}' }],
  ['marco', '', { 'app/limits': '{"requests":500,"burst":120,"timeout":"8s","retries":2}', 'cache/ttl': '5' }],
  ['priya', 'Try the new provider', { 'payments/provider': 'stripe', 'mail/host': 'smtp.mail.example:587' }],
  ['deploy', 'Release 2026.12.0-rc1', { 'app/version': '2026.12.0-rc1' }],
  ['priya', '', { 'flags/checkout-v2': '{"enabled":true,"percent":100,"countries":["DE","AT","CH"]}', 'flags/gift-cards': 'on' }],
]

// Creates the configs `shop-production` and `shop-staging` on the embedded engine.
export async function seed(product) {
  for (const [config, changes] of [['shop-production', production], ['shop-staging', staging]]) {
    await product.run(['init', config, '--local'])
    for (const [user, message, keys] of changes) {
      const pairs = Object.entries(keys)
      const args = pairs.length === 1 ? pairs[0] : pairs.map((pair) => pair.join('='))
      await product.run(['set', '-c', config, '--local', ...args, ...(message ? ['-m', message] : [])], { env: { USER: user } })
    }
    for (const key of ['db/password', 'payments/api-key']) {
      const message = ['-m', 'Rotated']
      const args = ['set', '-c', config, '--local', key, '--secret', ...message]
      await product.run(args, { input: `${config}-9f2c`, env: { USER: 'priya' } })
    }
  }
  await product.run(['use', 'shop-production', '--local'])
  const logo = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
  await product.run(['set', 'app/icon', '-d', '-'], { input: logo, env: { USER: 'anna' } })
  await register(product)
}

// Registers the services, as they do again and again.
export async function register(product) {
  for (const [key, value, ttl] of services) {
    await product.run(['set', `svc/${key}`, JSON.stringify(value), '--ttl', ttl], { env: { USER: 'shop' } })
  }
}
