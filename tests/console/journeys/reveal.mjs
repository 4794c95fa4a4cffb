import assert from 'node:assert/strict'

import { button, field, go, heading, link, review, save } from '../harness/pages.mjs'
import { says } from '../harness/wait.mjs'

export default async function ({ browser, product, step }) {
  browser.hide('correct-horse', 'battery-staple')
  const page = await browser.open()

  step('reveal by one POST')
  await go(page, '/c/shop/key/db/password')
  const posted = page.waitForRequest((request) => request.method() === 'POST')
  await button(page, 'Reveal').click()
  assert.equal(new URL((await posted).url()).pathname, '/c/shop/reveal/db/password')
  await says(page.locator('#secret-value'), 'correct-horse')
  await button(page, 'Hide').click()
  await page.getByText('correct-horse').waitFor({ state: 'detached' })
  assert.ok(!(await page.content()).includes('correct-horse'))

  step('neither reload nor history has it')
  await button(page, 'Reveal').click()
  await says(page.locator('#secret-value'), 'correct-horse')
  await page.reload()
  await heading(page, '/db/password')
  assert.ok(!(await page.content()).includes('correct-horse'))

  step('a new secret is written without the old one being shown')
  await link(page, 'Edit').click()
  await field(page, 'Value').waitFor()
  assert.ok(!(await page.content()).includes('correct-horse'))
  await field(page, 'Value').fill('battery-staple')
  await review(page)
  assert.ok(!(await page.locator('table.diff').innerText()).includes('correct-horse'))
  await save(page)
  assert.ok(!(await page.content()).includes('battery-staple'))
  assert.equal(await product.run(['get', 'shop', 'db/password']), 'battery-staple\n')
  const node = (await product.json(['ls', '-c', 'shop', '-r'])).nodes.find(({ key }) => key === '/db/password')
  assert.equal(node.secret, true, 'it stays a secret')

  step('masked everywhere')
  const pages = {
    '/c/shop?view=flat': 'shop',
    '/c/shop/key/db/password': '/db/password',
    '/c/shop/timeline': 'Timeline',
    '/grid?side=shop/db&side=stage/db': 'Grid',
  }
  for (const [path, title] of Object.entries(pages)) {
    await go(page, path)
    await heading(page, title)
    await says(page.locator('main'), 'secret')
    assert.ok(!/correct-horse|battery-staple/.test(await page.content()), path)
  }
}
