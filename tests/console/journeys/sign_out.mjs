import assert from 'node:assert/strict'

import { button, go, heading, link, live, signedOut } from '../harness/pages.mjs'
import { says } from '../harness/wait.mjs'

export default async function ({ browser, step }) {
  const page = await browser.open()
  await go(page, '/c/shop/edit/db/url')
  const context = page.context()
  const watching = await context.newPage()
  await watching.goto(new URL('/c/shop', page.url()).href)
  await live(watching)
  const typed = await watching.getByRole('searchbox', { name: 'Filter keys' })
  await typed.fill('ur')

  step('who signs out in one window is out in all, and sees what was there')
  browser.allow(/status of 401/)
  await button(page, 'Sign out').click()
  await heading(page, 'Signed out')
  await says(watching.locator('#live'), 'signed out')
  await link(watching, 'Sign in again').waitFor()
  assert.equal(await typed.inputValue(), 'ur')
  assert.equal(await watching.getByRole('heading', { level: 1 }).innerText(), 'shop')

  step('nothing is shown any more')
  await signedOut(watching)
  for (const path of ['/c/shop', '/c/shop/key/db/url', '/live?config=shop', '/grid', '/c/shop/timeline']) {
    assert.equal(await go(page, path), 401, path)
  }
  assert.deepEqual(await context.cookies(), [])
}
