import assert from 'node:assert/strict'

import { button, change, field, go, heading, link, review, row } from '../harness/pages.mjs'
import { says } from '../harness/wait.mjs'

export default async function ({ browser, product, console: { url }, step }) {
  browser.hide('correct-horse')
  const page = await browser.open(url, { javaScript: false })

  step('read')
  await link(page, 'shop').click()
  await heading(page, 'shop')
  await link(page, 'Flat').click()
  await row(page, '/app/limits').waitFor()
  await link(page, 'Tree').click()
  await page.locator('a.folder', { hasText: 'db' }).click()
  await row(page, '/db/url').waitFor()

  step('filter by form')
  await go(page, '/c/shop')
  const filter = page.getByRole('searchbox', { name: 'Filter keys' })
  await filter.fill('port')
  await filter.press('Enter')
  await row(page, '/app/port').waitFor()
  assert.equal(await row(page, '/db/url').count(), 0)
  await go(page, '/c/shop?view=flat')
  await page.getByRole('checkbox', { name: 'With TTL only' }).check()
  await page.getByRole('searchbox', { name: 'Filter keys' }).press('Enter')
  await row(page, '/svc/web/1').waitFor()
  assert.equal(await row(page, '/db/url').count(), 0)

  step('edit one key')
  await go(page, '/c/shop/key/db/url')
  await link(page, 'Edit').click()
  await change(page, { value: 'postgres://two', message: 'without a script' })
  await heading(page, '/db/url')
  assert.equal(await product.run(['get', 'shop', 'db/url']), 'postgres://two\n')

  step('back to editing keeps the text')
  await link(page, 'Edit').click()
  await field(page, 'Value').fill('postgres://three')
  await review(page)
  await button(page, 'Back to editing').click()
  assert.equal(await field(page, 'Value').inputValue(), 'postgres://three')

  step('roll back')
  const { changes } = await product.json(['history', 'shop', 'db/url'])
  const [now, before] = changes.map(({ revision }) => revision)
  await go(page, '/c/shop/key/db/url')
  await link(page, `Roll back to ${before}`).click()
  await button(page, 'Roll back').click()
  await heading(page, '/db/url')
  assert.equal(await product.run(['get', 'shop', 'db/url']), 'postgres://one\n')

  step('reveal')
  await go(page, '/c/shop/key/db/password')
  assert.ok(!(await page.content()).includes('correct-horse'))
  await button(page, 'Reveal').click()
  await says(page.locator('#secret-value'), 'correct-horse')

  step('delete')
  await go(page, '/c/shop/key/app/limits')
  await link(page, 'Delete').click()
  await button(page, 'Delete key').click()
  await product.run(['get', 'shop', 'app/limits'], { code: 3 })

  step('diff')
  await go(page, `/c/shop/compare?section=/db&from=${before}&to=${now}`)
  await heading(page, 'Compare')
  await says(page.locator('main'), 'postgres://two')
  await go(page, '/grid?side=shop/app&side=shop/db')
  await heading(page, 'Grid')

  step('nothing promises what needs a script')
  await go(page, '/c/shop')
  assert.equal(await page.locator('#shortcuts').isVisible(), false)
  await button(page, 'Sign out').click()
  browser.allow(/status of 401/)
  await heading(page, 'Signed out')
}
