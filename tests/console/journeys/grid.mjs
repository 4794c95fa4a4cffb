import assert from 'node:assert/strict'

import { go, heading, link } from '../harness/pages.mjs'
import { says } from '../harness/wait.mjs'

export default async function ({ browser, product, step }) {
  const page = await browser.open()

  step('several configs side by side')
  await link(page, 'Grid').click()
  await heading(page, 'Grid')
  await go(page, '/grid?side=shop&side=stage')
  const line = (key) => page.locator('.grid tr', { has: page.getByRole('rowheader', { name: key, exact: true }) })
  await says(line('/app/port'), '8080')
  await says(line('/app/port'), '8081')
  assert.equal(await line('/app/port').locator('td.differs').count() > 0, true)
  assert.equal(await line('/db/user').locator('td.differs, td.gap').count(), 0)
  assert.equal(await line('/app/limits').locator('td.gap').count(), 1)
  await says(line('/app/limits').locator('td.gap'), 'missing')

  step('differences only')
  await page.getByRole('checkbox', { name: 'Differences only' }).check()
  await line('/db/user').waitFor({ state: 'detached' })
  await line('/app/port').waitFor()

  step('timeline: filters')
  await go(page, '/c/shop')
  await link(page, 'Timeline').click()
  await heading(page, 'Timeline')
  const items = page.locator('ol.timeline > li')
  const all = await items.count()
  await product.run(['set', 'shop', 'app/port', '9090', '-m', 'by anna'], { env: { USER: 'anna' } })
  await go(page, '/c/shop/timeline?by=anna')
  await says(items.first(), 'by anna')
  assert.ok((await items.count()) < all + 1)
  await go(page, '/c/shop/timeline?section=/db')
  await items.first().waitFor()
  assert.ok(!(await page.locator('ol.timeline').innerText()).includes('/app/port'))

  step('access says that there is none to control')
  await go(page, '/c/shop')
  await link(page, 'Access').click()
  await heading(page, 'Access')
  await says(page.locator('main'), 'no access control')
}
