import assert from 'node:assert/strict'

import { button, go, heading, link, row } from '../harness/pages.mjs'
import { says, until } from '../harness/wait.mjs'

export default async function ({ browser, product, step }) {
  const page = await browser.open()
  await go(page, '/c/shop')
  await heading(page, 'shop')

  step('tree: folders open, and the path leads back')
  await page.locator('a.folder', { hasText: 'app' }).click()
  await row(page, '/app/port').waitFor()
  assert.equal(await row(page, '/db/url').count(), 0)
  await page.getByRole('navigation', { name: 'Path' }).getByRole('link', { name: '/', exact: true }).click()
  await page.locator('a.folder', { hasText: 'db' }).waitFor()

  step('flat: all keys')
  await link(page, 'Flat').click()
  for (const key of ['/db/url', '/app/port', '/app/limits', '/svc/web/1']) await row(page, key).waitFor()
  await link(page, 'Tree').click()
  await page.locator('a.folder', { hasText: 'db' }).waitFor()

  step('filter as you type, without a new page')
  await page.evaluate(() => (window.stays = true))
  await page.keyboard.press('/')
  await page.keyboard.type('port')
  await row(page, '/app/port').waitFor()
  await row(page, '/db/url').waitFor({ state: 'detached' })
  await until('the address has the filter', () => new URL(page.url()).searchParams.get('q') === 'port')
  assert.equal(await page.evaluate(() => window.stays), true)
  await page.reload()
  await row(page, '/app/port').waitFor()
  assert.equal(await page.getByRole('searchbox', { name: 'Filter keys' }).inputValue(), 'port')

  step('nothing found')
  await page.getByRole('searchbox', { name: 'Filter keys' }).fill('no-such-key')
  await row(page, '/app/port').waitFor({ state: 'detached' })
  await says(page.locator('main'), 'No key contains this text.')

  step('values are searched on request, and not by the address')
  browser.hide('8080')
  await go(page, '/c/shop?view=flat')
  await page.getByRole('searchbox', { name: 'Search keys and values' }).fill('8080')
  await button(page, 'Search values too').click()
  await row(page, '/app/port').waitFor()
  assert.equal(await row(page, '/db/url').count(), 0)

  step('JSON is folded')
  await go(page, '/c/shop?view=flat')
  const json = row(page, '/app/limits').locator('details.json')
  assert.equal(await json.locator('pre').isVisible(), false)
  await json.locator('summary').click()
  await json.locator('pre').waitFor()

  step('keys with a time to live count down')
  await page.getByRole('checkbox', { name: 'With TTL only' }).check()
  await row(page, '/svc/web/1').waitFor()
  await row(page, '/db/url').waitFor({ state: 'detached' })
  const time = row(page, '/svc/web/1').locator('time[data-expires]')
  const first = await time.innerText()
  await until('the seconds pass', async () => (await time.innerText()) !== first)
  await product.run(['set', 'shop', 'svc/web/2', 'b', '--ttl', '5s'])
  await go(page, '/c/shop?ttl=on')
  await row(page, '/svc/web/2').waitFor()
  await until('it expires', async () => {
    const shown = await row(page, '/svc/web/2').allInnerTexts()
    return shown.every((text) => text.includes('expired'))
  })
}
