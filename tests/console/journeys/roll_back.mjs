import assert from 'node:assert/strict'

import { button, go, heading, link } from '../harness/pages.mjs'
import { says } from '../harness/wait.mjs'

export default async function ({ browser, product, step }) {
  await product.run(['set', 'shop', 'db/url', 'postgres://wrong', '-m', 'a mistake'])
  const page = await browser.open()
  await go(page, '/c/shop/key/db/url')
  const history = page.getByRole('region', { name: 'History' })
  const { changes } = await product.json(['history', 'shop', 'db/url'])
  const [now, before] = changes.map(({ revision }) => revision)
  await says(history, `Revision ${now}`)
  await says(history, `Revision ${before}`)
  await says(history, 'a mistake')

  step('a preview, which changes nothing')
  await link(page, `Roll back to ${before}`).click()
  const preview = page.locator('table.diff')
  await says(preview, 'postgres://wrong')
  await says(preview, 'postgres://one')
  assert.equal(await product.run(['get', 'shop', 'db/url']), 'postgres://wrong\n')

  step('roll back')
  await button(page, 'Roll back').click()
  await heading(page, '/db/url')
  assert.equal(await product.run(['get', 'shop', 'db/url']), 'postgres://one\n')
  await says(history, `Revision ${now + 1}`)

  step('a preview that another change overtakes')
  await link(page, `Roll back to ${now}`).click()
  await preview.waitFor()
  await product.run(['set', 'shop', 'db/url', 'postgres://three'])
  browser.allow(/status of 409/)
  await button(page, 'Roll back').click()
  await page.getByRole('alert').waitFor()
  assert.equal(await product.run(['get', 'shop', 'db/url']), 'postgres://three\n')
}
