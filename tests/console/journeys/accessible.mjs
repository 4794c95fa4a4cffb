import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import { addresses } from '../harness/addresses.mjs'
import { fill, go, heading, review } from '../harness/pages.mjs'

export default async function ({ browser, console: { url }, more: { scheme }, packages, product, step }) {
  const axe = readFileSync(createRequire(`${packages}/`).resolve('axe-core/axe.min.js'), 'utf8')
  const faults = []
  const look = async (page, what) => {
    await page.evaluate(axe)
    const violations = await page.evaluate(async () => (await globalThis.axe.run(document)).violations)
    for (const { id, impact, help, nodes } of violations) {
      if (!['serious', 'critical'].includes(impact)) continue
      const where = nodes.slice(0, 3).map(({ html, failureSummary }) => `    ${html.slice(0, 200)}\n    ${failureSummary}`)
      faults.push(`${what}: ${id} (${impact}): ${help}\n${where.join('\n')}`)
    }
  }

  browser.allow(/status of 4\d\d/)
  const page = await browser.open(url, { scheme })
  await look(page, 'Configs')
  const pages = await addresses(product)
  for (const [what, path] of Object.entries(pages)) {
    step(what)
    const status = await go(page, path)
    assert.equal(status, /not found|No such/.test(what) ? 404 : 200, `${what}: ${status}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await look(page, what)
    const titled = await page.title()
    assert.ok(titled.length > 0, `${what} has a title`)
    assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, `${what} has one heading of level 1`)
  }

  step('review and conflict')
  await go(page, '/c/shop/edit/db/url')
  await fill(page, { value: 'postgres://three' })
  await review(page)
  await look(page, 'Review')
  await product.run(['set', 'shop', 'db/url', 'postgres://theirs'])
  await page.getByRole('button', { name: 'Save' }).click()
  await heading(page, 'Conflict')
  await look(page, 'Conflict')

  step('the help')
  browser.accept('beforeunload')
  await go(page, '/c/shop')
  await page.keyboard.press('?')
  await page.getByRole('dialog').waitFor()
  await look(page, 'Help')
  await page.keyboard.press('Escape')

  step('the sign-in pages')
  const out = await (await browser.context({ scheme })).newPage()
  await out.goto(new URL('/', url).href)
  await look(out, 'Signed out')

  assert.deepEqual(faults, [])
}
