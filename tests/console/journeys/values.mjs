import assert from 'node:assert/strict'

import { button, change, field, fill, fits, go, heading, link, review, save } from '../harness/pages.mjs'
import { says } from '../harness/wait.mjs'

const LARGEST = 190_000

export default async function ({ browser, product, step }) {
  const page = await browser.open()

  step('a value of 190 KB is shown and edited')
  const began = Date.now()
  await go(page, '/c/shop/key/big/value')
  await heading(page, '/big/value')
  await link(page, 'Edit').click()
  const value = field(page, 'Value')
  await value.waitFor()
  const is = await value.inputValue()
  assert.equal(is.length, LARGEST)
  await value.fill(`b${is.slice(1)}`)
  await review(page)
  await save(page)
  assert.equal(await product.run(['get', 'shop', 'big/value']), `b${is.slice(1)}\n`)
  assert.ok(Date.now() - began < 20_000, 'without a hitch')
  await fits(page)

  step('a larger one is refused, and the text is not lost')
  browser.allow(/status of 4\d\d/)
  await go(page, '/c/shop/edit/db/url')
  await field(page, 'Value').fill('x'.repeat(LARGEST + 1))
  await button(page, 'Review change').click()
  await says(page.getByRole('alert'), 'too large')
  assert.equal((await field(page, 'Value').inputValue()).length, LARGEST + 1)
  await field(page, 'Value').fill('')
  browser.accept('beforeunload')
  await go(page, '/c/shop')

  step('bytes')
  await go(page, '/c/shop/key/bin/logo')
  await says(page.locator('main'), 'bytes')
  assert.ok(!(await page.content()).includes('\ufffd'))

  step('JSON: invalid, and then valid')
  await go(page, '/c/shop/edit/app/limits')
  await fill(page, { value: '{"cpu": 2,\n "memory": }' })
  await button(page, 'Review change').click()
  await says(page.getByRole('alert'), 'line 2')
  assert.equal(await field(page, 'Value').inputValue(), '{"cpu": 2,\n "memory": }')
  assert.equal(await field(page, 'Value').getAttribute('aria-invalid'), 'true')
  await change(page, { value: '{"cpu": 2, "memory": "1Gi"}' })
  assert.deepEqual(JSON.parse(await product.run(['get', 'shop', 'app/limits'])), { cpu: 2, memory: '1Gi' })

  step('a change of nothing')
  await go(page, '/c/shop/edit/db/url')
  await button(page, 'Review change').click()
  await says(page.locator('main'), 'Nothing changes.')
  assert.equal((await product.json(['history', 'shop', 'db/url'])).changes.length, 1)

  step('kind and time to live')
  await go(page, '/c/shop/edit/app/port')
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('json')
  await page.getByRole('combobox', { name: 'Time to live' }).selectOption('For …')
  await field(page, 'Duration').fill('30m')
  await field(page, 'Value').fill('9090')
  await review(page)
  await save(page)
  const { node } = await product.json(['get', 'shop', 'app/port'])
  assert.equal(node.kind, 'json')
  assert.equal(node.ttl, 1800, JSON.stringify(node))

  step('line ends and spaces stay as typed')
  await go(page, '/c/shop/edit/db/url')
  await change(page, { value: '\n  first\n\n  last \n' })
  assert.equal(await product.run(['get', 'shop', 'db/url', '-f', 'raw']), '\n  first\n\n  last \n')
  await link(page, 'Edit').click()
  assert.equal(await field(page, 'Value').inputValue(), '\n  first\n\n  last \n')
}
