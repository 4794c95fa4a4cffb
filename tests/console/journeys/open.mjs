import assert from 'node:assert/strict'

import { button, go, heading, link, signedOut } from '../harness/pages.mjs'

export default async function ({ browser, console: { url }, step }) {
  step('a look at the link, as a chat program takes one, spends nothing')
  const context = await browser.context()
  browser.origin(url)
  const looked = await fetch(url.replace(/[0-9a-f]{16}\.localhost/, '127.0.0.1'), {
    headers: { host: new URL(url).host },
  })
  assert.ok([200, 421, 403, 400].includes(looked.status), `${looked.status}`)

  step('the link opens the console')
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForURL((now) => now.pathname === '/')
  await heading(page, 'Configs')
  const [cookie, ...others] = await context.cookies()
  assert.deepEqual(others, [])
  const { httpOnly, sameSite, path, domain } = cookie
  assert.deepEqual({ httpOnly, sameSite, path }, { httpOnly: true, sameSite: 'Strict', path: '/' })
  assert.equal(domain, new URL(url).hostname)

  step('from config to key')
  await link(page, 'shop').click()
  await heading(page, 'shop')
  await go(page, '/c/shop/key/db/url')
  await heading(page, '/db/url')
  assert.match(await page.locator('main').innerText(), /postgres:\/\/one/)

  step('the second use of the link ends the session')
  browser.allow(/status of 4\d\d/)
  await page.goto(url)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.waitForLoadState('load')
  const spent = await context.newPage()
  await spent.goto(new URL('/', url).href)
  await signedOut(spent)
  assert.equal(await button(spent, 'Sign out').count(), 0)
}
