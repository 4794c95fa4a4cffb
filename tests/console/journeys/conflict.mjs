import assert from 'node:assert/strict'

import { button, field, fill, go, heading, review, save } from '../harness/pages.mjs'

export default async function ({ browser, product, step }) {
  const page = await browser.open()
  await go(page, '/c/shop/edit/db/url')
  await fill(page, { value: 'postgres://mine', message: 'mine' })

  step('another process writes meanwhile')
  await review(page)
  await product.run(['set', 'shop', 'db/url', 'postgres://theirs', '-m', 'theirs'], { env: { USER: 'anna' } })

  step('three columns')
  browser.allow(/status of 409/)
  await button(page, 'Save').click()
  await heading(page, 'Conflict')
  const column = (name) => page.locator('section.column', { has: page.getByRole('heading', { name, exact: true }) })
  assert.match(await column('Mine').innerText(), /postgres:\/\/mine/)
  assert.match(await column('Now').innerText(), /postgres:\/\/theirs[^]*anna|anna[^]*postgres:\/\/theirs/)
  assert.match(await column('Base').innerText(), /postgres:\/\/one/)
  assert.equal(await product.run(['get', 'shop', 'db/url']), 'postgres://theirs\n')

  step('edit again, on top of theirs')
  await button(page, 'Edit again').click()
  await field(page, 'Value').waitFor()
  assert.equal(await field(page, 'Value').inputValue(), 'postgres://mine')
  assert.equal(await field(page, 'Message').inputValue(), 'mine')
  await fill(page, { value: 'postgres://both' })
  await review(page)
  const diff = await page.locator('table.diff').innerText()
  assert.match(diff, /postgres:\/\/theirs/)
  await save(page)
  await heading(page, '/db/url')
  assert.equal(await product.run(['get', 'shop', 'db/url']), 'postgres://both\n')

  step('the key is deleted meanwhile')
  await go(page, '/c/shop/edit/db/url')
  await fill(page, { value: 'postgres://three' })
  await review(page)
  await product.run(['delete', 'shop', 'db/url'])
  await button(page, 'Save').click()
  await heading(page, 'Conflict')
  assert.match(await column('Now').innerText(), /deleted|not found|no value/i)

  step('leaving what is typed asks')
  browser.accept('beforeunload')
  await go(page, '/c/shop')

  step('a new key that another process creates first')
  await go(page, '/c/shop/new')
  await field(page, 'Key').fill('/db/first')
  await fill(page, { value: 'a' })
  await review(page)
  await product.run(['set', 'shop', 'db/first', 'b'])
  await button(page, 'Save').click()
  await heading(page, 'Conflict')
  assert.equal(await product.run(['get', 'shop', 'db/first']), 'b\n')
}
