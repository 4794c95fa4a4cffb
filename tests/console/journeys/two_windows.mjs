import assert from 'node:assert/strict'

import { button, field, fill, go, heading, live, review, save } from '../harness/pages.mjs'

export default async function ({ browser, product, step }) {
  const first = await browser.open()
  const second = await first.context().newPage()
  await go(first, '/c/shop/edit/db/url')
  await second.goto(first.url())
  await live(second)
  await fill(first, { value: 'postgres://first' })
  await fill(second, { value: 'postgres://second', message: 'from the second window' })

  step('the first window saves')
  await review(first)
  await save(first)

  step('the second shows it, and keeps what was typed')
  await second.bringToFront()
  await second.locator('[data-stale]').waitFor()
  assert.equal(await field(second, 'Value').inputValue(), 'postgres://second')
  assert.equal(await field(second, 'Message').inputValue(), 'from the second window')

  step('it can not save over the first')
  browser.allow(/status of 409/)
  await button(second, 'Review change').click()
  const title = second.getByRole('heading', { level: 1 })
  await title.filter({ hasText: /Review change|Conflict/ }).waitFor()
  if ((await title.innerText()) === 'Review change') await button(second, 'Save').click()
  await heading(second, 'Conflict')
  assert.equal(await product.run(['get', 'shop', 'db/url']), 'postgres://first\n')
  await button(second, 'Edit again').click()
  await field(second, 'Value').waitFor()
  await review(second)
  await save(second)
  assert.equal(await product.run(['get', 'shop', 'db/url']), 'postgres://second\n')

  step('leaving with unsaved text asks')
  await go(second, '/c/shop/edit/db/url')
  await field(second, 'Value').pressSequentially('x')
  browser.accept('beforeunload')
  await go(second, '/c/shop')
  await heading(second, 'shop')
}
