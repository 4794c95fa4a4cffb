import assert from 'node:assert/strict'

import { button, change, fill, fits, go, heading, link, review } from '../harness/pages.mjs'

export default async function ({ browser, console: { url }, more, product, step }) {
  const { key, value, message, writer } = more
  // Keys have no character that means anything in HTML; what is asked for may have.
  const asked = encodeURIComponent('"><img src=x onerror=hacked=1><script>window.hacked = 1</script>')

  browser.allow(/status of 4\d\d/)
  for (const javaScript of [true, false]) {
    step(`text stays text ${javaScript ? 'with' : 'without'} JavaScript`)
    // The link opens one session: the second browser is given its cookie.
    const page = javaScript
      ? await browser.open(url, { width: 360, height: 740 })
      : await follow(browser, { width: 360, height: 740 })
    const pages = {
      '/c/shop?view=flat': [key, value],
      '/c/shop?in=/evil/': [value],
      [`/c/shop?q=${asked}`]: [],
      [`/c/shop/timeline?by=${asked}&prefix=${asked}`]: [],
      [`/c/shop?in=${asked}`]: [],
      [`/grid?side=${asked}&side=shop`]: [],
      [`/c/shop/access?who=${asked}&key=${asked}`]: [],
      [`/c/${asked}`]: [],
      [`/c/shop/key/${asked}`]: [],
      [`/c/shop/compare?section=${asked}&from=${asked}&to=2`]: [],
      [`/c/shop/key${key}`]: [value, message, writer],
      [`/c/shop/edit${key}`]: [],
      [`/c/shop/delete${key}`]: [value],
      '/c/shop/timeline': [message, writer],
      '/c/shop/compare?section=/evil&from=1&to=2': [value],
      '/grid?side=shop/evil&side=shop/db': [value],
      '/c/shop/key/long/line': [],
      '/c/shop/key/long/json': [],
      '/c/shop/edit/long/line': [],
      '/c/shop/access': [],
      '/': [],
    }
    for (const [address, texts] of Object.entries(pages)) {
      step(`${address} ${javaScript ? 'with' : 'without'} JavaScript`)
      const status = await go(page, address)
      assert.ok(status === 200 || (address.includes(asked) && status < 500), `${address}: ${status}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      const shown = await page.locator('main').textContent()
      for (const text of texts) assert.ok(shown.includes(text), `${address} shows ${text} as it is`)
      await fits(page)
      assert.equal(await page.locator('main script, main img, main iframe, main style, main svg[onload]').count(), 0)
    }
  }

  step('no script of theirs ran')
  for (const page of browser.pages()) {
    assert.equal(await page.evaluate(() => window.hacked).catch(() => undefined), undefined)
  }

  step('characters that hide or turn text are shown')
  const [page] = browser.pages()
  await go(page, '/c/shop/key/evil/bidi')
  const escaped = await page.locator('main .esc').allInnerTexts()
  assert.ok(escaped.includes('U+202E') && escaped.includes('U+200B'), `${escaped}`)
  assert.ok(!/\u202e/.test(await page.locator('main').textContent()), 'no raw mark outside of the form')
  const isolated = await page.locator('main bdi').count()
  assert.ok(isolated > 0)

  step('a hostile value goes through the form as it is')
  await go(page, `/c/shop/edit${key}`)
  await fill(page, { value: `${value}\n</textarea><script>window.hacked = 1</script>`, message: '"><b>bold</b>' })
  await review(page)
  await fits(page)
  await button(page, 'Back to editing').click()
  await change(page, { value: `</textarea>${value}`, message: '"><b>bold</b>' })
  assert.equal(await product.run(['get', 'shop', key]), `</textarea>${value}\n`)
  await heading(page, key)
  assert.equal(await link(page, 'Edit').count(), 1)
}

async function follow(browser, options) {
  const [page] = browser.pages()
  const state = await page.context().storageState()
  const context = await browser.context({ ...options, javaScript: false, storageState: state })
  const other = await context.newPage()
  await other.goto(new URL('/', page.url()).href)
  return other
}
