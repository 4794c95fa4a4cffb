import assert from 'node:assert/strict'

import { button, change, field, go, heading, link, live, row, signedOut } from '../harness/pages.mjs'
import { says } from '../harness/wait.mjs'

export default async function ({ browser, product, console: { url }, more, step }) {
  browser.hide(more.writer, more.reader)
  browser.origin(url)
  browser.allow(/status of 40[13]/)
  const context = await browser.context()
  const page = await context.newPage()

  step('nothing without a token')
  assert.equal((await page.goto(new URL('/', url).href)).status(), 401)
  assert.equal((await page.goto(new URL('/c/shop', url).href)).status(), 401)
  await page.goto(new URL('/signin', url).href)

  step('a wrong token')
  const signIn = async (token) => {
    await page.getByLabel('Token', { exact: true }).fill(token)
    await button(page, 'Sign in').click()
  }
  await signIn('dcfg_wrong')
  await page.getByRole('alert').waitFor()
  assert.deepEqual(await context.cookies(), [])
  assert.ok(!(await page.content()).includes('dcfg_wrong'))

  step('a token that reads')
  await signIn(more.reader)
  await heading(page, 'Configs')
  await go(page, '/c/shop/key/db/url')
  await heading(page, '/db/url')
  assert.equal(await link(page, 'Edit').count(), 0, 'it can not edit')
  assert.equal(await go(page, '/c/shop/edit/db/url'), 403)
  await page.getByRole('alert').waitFor()

  step('it reaches as far as the token')
  await go(page, '/c/shop?view=flat')
  await row(page, '/db/url').waitFor()
  assert.equal(await row(page, '/app/port').count(), 0)
  await go(page, '/c/shop/key/app/port')
  assert.ok(!(await page.locator('main').innerText()).includes('8080'))

  step('revoked while the page is open')
  await go(page, '/c/shop?view=flat')
  await live(page)
  await product.run(['serve', 'token', 'revoke', '--file', 'tokens.toml', '--name', 'reader'])
  await says(page.locator('#live'), 'signed out')
  await signedOut(page)

  step('a token that writes')
  await go(page, '/signin')
  await signIn(more.writer)
  await heading(page, 'Configs')
  await go(page, '/c/shop/edit/db/url')
  await change(page, { value: 'postgres://two', message: 'by token' })
  const { changes } = await product.json(['history', 'shop', 'db/url'])
  assert.equal(changes[0].by, 'token:writer')
  await button(page, 'Sign out').click()
  await signedOut(page)
  assert.equal(await field(page, 'Value').count(), 0)
}
