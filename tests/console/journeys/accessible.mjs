import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import { fill, fits, go, heading, isFocused, link, review } from '../harness/pages.mjs'

export default async function ({ browser, console: { url }, packages, product, step }) {
  const axe = readFileSync(createRequire(`${packages}/`).resolve('axe-core/axe.min.js'), 'utf8')
  const faults = []
  const look = async (page, what) => {
    for (const scheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      await page.evaluate(axe)
      const violations = await page.evaluate(async () => (await globalThis.axe.run(document)).violations)
      for (const { id, impact, help, nodes } of violations) {
        if (!['serious', 'critical'].includes(impact)) continue
        const where = nodes.slice(0, 3).map(({ html, failureSummary }) => `    ${html.slice(0, 200)}\n    ${failureSummary}`)
        faults.push(`${what}, ${scheme}: ${id} (${impact}): ${help}\n${where.join('\n')}`)
      }
    }
  }

  browser.allow(/status of 4\d\d/)
  const page = await browser.open(url)
  await look(page, 'Configs')
  const { changes } = await product.json(['history', 'shop', 'db/url'])
  const [now, before] = changes.map(({ revision }) => revision)
  const pages = {
    Keys: '/c/shop',
    'Keys, flat': '/c/shop?view=flat',
    'Keys, none found': '/c/shop?q=no-such-key',
    'Keys, with a TTL': '/c/shop?ttl=on',
    Key: '/c/shop/key/db/url',
    'Key, secret': '/c/shop/key/db/password',
    'Key, bytes': '/c/shop/key/bin/logo',
    'Key, not found': '/c/shop/key/no/such',
    Edit: '/c/shop/edit/db/url',
    New: '/c/shop/new',
    Delete: '/c/shop/delete/db/url',
    'Roll back': `/c/shop/rollback/db/url?to=${before}`,
    Timeline: '/c/shop/timeline',
    Compare: `/c/shop/compare?section=/db&from=${before}&to=${now}`,
    Access: '/c/shop/access',
    Grid: '/grid?side=shop/app&side=shop/db',
    'Grid, empty': '/grid',
    'No such page': '/no/such/page',
    'No such config': '/c/none',
  }
  for (const [what, path] of Object.entries(pages)) {
    step(what)
    await go(page, path)
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
  await go(page, '/c/shop')
  await page.keyboard.press('?')
  await page.getByRole('dialog').waitFor()
  await look(page, 'Help')
  await page.keyboard.press('Escape')

  step('the skip link comes first and leads to the content')
  await go(page, '/c/shop')
  await page.keyboard.press('Tab')
  const skip = link(page, 'Skip to content')
  assert.ok(await isFocused(skip))
  const box = await skip.boundingBox()
  assert.ok(box && box.x >= 0 && box.y >= 0 && box.width > 20, 'it is seen when it has the focus')
  await page.keyboard.press('Enter')
  assert.ok(await isFocused(page.locator('#main')))

  step('the focus is seen wherever it goes')
  for (const path of ['/c/shop', '/c/shop/key/db/url', '/c/shop/edit/db/url', '/grid?side=shop/app&side=shop/db']) {
    for (const scheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      await go(page, path)
      const first = await page.evaluate(() => document.body.outerHTML.length)
      assert.ok(first > 0)
      for (let presses = 0; presses < 40; presses += 1) {
        await page.keyboard.press('Tab')
        const { at, seen } = await page.evaluate(() => {
          const element = document.activeElement
          if (element === document.body) return { at: '', seen: true }
          const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
          const seen = (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1) || boxShadow !== 'none'
          return { at: element.outerHTML.slice(0, 120), seen }
        })
        if (!at) break
        if (!seen) faults.push(`the focus isn't seen on ${path}, ${scheme}: ${at}`)
      }
    }
  }

  step('the sign-in pages')
  const out = await (await browser.context()).newPage()
  await out.goto(new URL('/', url).href)
  await look(out, 'Signed out')

  step('text of twice the size, at 360 px')
  await page.setViewportSize({ width: 360, height: 740 })
  for (const path of ['/', ...Object.values(pages).slice(0, -2)]) {
    await go(page, path)
    await fits(page)
  }
  assert.deepEqual([...new Set(faults)], [])
}
