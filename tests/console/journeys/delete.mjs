import assert from 'node:assert/strict'

import { button, go, heading, link, row } from '../harness/pages.mjs'
import { says } from '../harness/wait.mjs'

export default async function ({ browser, product, step }) {
  const page = await browser.open()
  await go(page, '/c/shop/key/app/port')

  step('a preview, which deletes nothing')
  await link(page, 'Delete').click()
  await button(page, 'Delete key').waitFor()
  await says(page.locator('main'), '8080')
  assert.equal(await product.run(['get', 'shop', 'app/port']), '8080\n')

  step('delete')
  await button(page, 'Delete key').click()
  await page.waitForURL((url) => !url.pathname.includes('/delete/'))
  await product.run(['get', 'shop', 'app/port'], { code: 3 })
  await go(page, '/c/shop?view=flat')
  await row(page, '/db/url').waitFor()
  assert.equal(await row(page, '/app/port').count(), 0)

  step('its history is still there')
  browser.allow(/status of 404/)
  await go(page, '/c/shop/key/app/port')
  await heading(page, '/app/port')
  await says(page.getByRole('region', { name: 'History' }), '8080')

  step('a key that another process changed first')
  await go(page, '/c/shop/delete/db/url')
  await product.run(['set', 'shop', 'db/url', 'postgres://new'])
  browser.allow(/status of 409/)
  await button(page, 'Delete key').click()
  await page.getByRole('alert').waitFor()
  assert.equal(await product.run(['get', 'shop', 'db/url']), 'postgres://new\n')
}
