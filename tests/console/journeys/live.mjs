import assert from 'node:assert/strict'

import { go, heading, isFocused, live, row } from '../harness/pages.mjs'
import { says } from '../harness/wait.mjs'

const SOON = 3000

export default async function ({ browser, product, step }) {
  const page = await browser.open()

  step('keys: a value, with focus and typed text kept')
  await go(page, '/c/shop?view=flat')
  await live(page)
  const filter = page.getByRole('searchbox', { name: 'Filter keys' })
  await filter.fill('')
  await filter.pressSequentially('p')
  await row(page, '/db/url').waitFor({ state: 'detached' })
  await product.run(['set', 'shop', 'app/port', '9090'])
  await says(row(page, '/app/port'), '9090', SOON)
  await says(page.locator('#status'), 'Updated', SOON)
  assert.ok(await isFocused(filter), 'the filter keeps the focus')
  await page.keyboard.type('or')
  assert.equal(await filter.inputValue(), 'por')

  step('keys: a new one and a deleted one')
  await go(page, '/c/shop?view=flat')
  await live(page)
  const opened = row(page, '/app/limits').locator('details')
  await opened.locator('summary').click()
  await product.run(['set', 'shop', 'app/new', 'fresh'])
  await row(page, '/app/new').waitFor({ timeout: SOON })
  assert.equal(await opened.getAttribute('open'), '', 'what was unfolded stays so')
  await product.run(['delete', 'shop', 'app/new'])
  await row(page, '/app/new').waitFor({ state: 'detached', timeout: SOON })

  step('key: value and history')
  await go(page, '/c/shop/key/app/port')
  await live(page)
  await product.run(['set', 'shop', 'app/port', '7070', '-m', 'seventy'])
  await says(page.locator('main'), '7070', SOON)
  await says(page.getByRole('region', { name: 'History' }), 'seventy', SOON)

  step('timeline')
  await go(page, '/c/shop/timeline')
  await heading(page, 'Timeline')
  await live(page)
  await product.run(['set', 'shop', 'app/port', '6060', '-m', 'sixty'])
  await says(page.locator('main'), 'sixty', SOON)

  step('configs and grid')
  await go(page, '/')
  await live(page)
  await product.run(['set', 'shop', 'cache/size', '1'])
  await says(page.locator('main'), '/cache', SOON)
  await go(page, '/grid?side=shop/app&side=shop/db')
  await live(page)
  await product.run(['set', 'shop', 'app/shared', 'visible'])
  await says(page.locator('main'), 'visible', SOON)
}
