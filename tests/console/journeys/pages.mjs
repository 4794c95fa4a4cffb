import assert from 'node:assert/strict'

import { fits, go, heading, row } from '../harness/pages.mjs'

export default async function ({ browser, step }) {
  const page = await browser.open()

  step('10,000 keys by pages')
  await go(page, '/c/shop?view=flat')
  await heading(page, 'shop')
  const seen = new Set()
  const next = page.getByRole('navigation', { name: 'Pages' }).locator('a[rel="next"]')
  for (let number = 0; number < 3; number += 1) {
    const keys = await page.locator('tr[data-key]').evaluateAll((rows) => rows.map((found) => found.dataset.key))
    assert.ok(keys.length >= 20 && keys.length <= 1000, `${keys.length} keys on a page`)
    for (const key of keys) assert.ok(!seen.has(key), `${key} comes twice`)
    keys.forEach((key) => seen.add(key))
    const last = keys.at(-1)
    await next.click()
    await row(page, last).waitFor({ state: 'detached' })
  }

  step('a filter finds the last one')
  await page.getByRole('searchbox', { name: 'Filter keys' }).fill('k09999')
  await row(page, '/app/k09999').waitFor()
  assert.equal(await page.locator('tr[data-key]').count(), 1)

  step('a folder of 10,000 keys')
  await go(page, '/c/shop?in=/app/')
  await row(page, '/app/k00000').waitFor()
  assert.ok((await page.locator('tr[data-key]').count()) <= 1000)
  await next.click()
  await row(page, '/app/k00000').waitFor({ state: 'detached' })

  step('1,000 sections')
  for (const path of ['/', '/c/stage', '/c/stage/timeline', '/c/stage/access', '/grid?side=shop&side=stage']) {
    const began = Date.now()
    assert.equal(await go(page, path), 200, path)
    assert.ok(Date.now() - began < 5000, `${path} takes ${Date.now() - began} ms`)
    await fits(page)
  }
  await go(page, '/c/stage?q=s999')
  await row(page, '/s999/key').waitFor()
}
