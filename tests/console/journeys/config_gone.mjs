import assert from 'node:assert/strict'

import { button, fill, go, heading, live, review, row } from '../harness/pages.mjs'

export default async function ({ browser, product, step }) {
  const page = await browser.open()
  await go(page, '/c/stage?view=flat')
  await row(page, '/app/port').waitFor()
  await live(page)
  const editing = await page.context().newPage()
  await editing.goto(new URL('/c/stage/edit/app/port', page.url()).href)
  await fill(editing, { value: '1' })
  await review(editing)

  step('the config goes while it is open')
  browser.allow(/status of (4|5)\d\d/)
  await product.run(['destroy', 'stage', '--delete-data', '--yes', '--local'])
  await button(editing, 'Save').click()
  await editing.getByRole('alert').waitFor()
  assert.match(await editing.getByRole('alert').innerText(), /not found|deleted/)
  assert.ok((await go(page, '/c/stage')) >= 400)
  await page.getByRole('alert').waitFor()

  step('the others are still there')
  assert.equal(await go(page, '/'), 200)
  await heading(page, 'Configs')
  assert.equal(await go(page, '/c/shop'), 200)
}
