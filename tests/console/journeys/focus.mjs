import assert from 'node:assert/strict'

import { addresses } from '../harness/addresses.mjs'
import { fits, go, isFocused, link, live, row } from '../harness/pages.mjs'

export default async function ({ browser, product, step }) {
  browser.allow(/status of 404/)
  const faults = []
  const page = await browser.open()

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

  step('nothing moves for who wants that')
  await go(page, '/c/shop?view=flat')
  await live(page)
  await product.run(['set', 'shop', 'app/port', '9090'])
  await row(page, '/app/port').and(page.locator('.fresh')).waitFor()
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0)

  step('nothing is wider than 360 px')
  await page.setViewportSize({ width: 360, height: 740 })
  for (const path of ['/', ...Object.values(await addresses(product))]) {
    await go(page, path)
    await fits(page)
  }
  assert.deepEqual([...new Set(faults)], [])
}
