import assert from 'node:assert/strict'

import { button, go, heading, live, row } from '../harness/pages.mjs'
import { says, until } from '../harness/wait.mjs'

export default async function ({ browser, product, more, step }) {
  browser.allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/, /status of 401/)
  const serve = (listen) => product.start(['serve', '--ui', '--token-file', 'tokens.toml', '--listen', listen, 'shop'])
  const server = await serve('127.0.0.1:0')
  browser.origin(server.url)
  const page = await (await browser.context()).newPage()
  const signIn = async () => {
    await page.getByLabel('Token', { exact: true }).fill(more.writer)
    await button(page, 'Sign in').click()
    await heading(page, 'Configs')
  }
  await page.goto(new URL('/signin', server.url).href)
  await signIn()
  await go(page, '/c/shop?view=flat')
  await live(page)
  const filter = page.getByRole('searchbox', { name: 'Filter keys' })
  await filter.pressSequentially('port')
  await row(page, '/db/url').waitFor({ state: 'detached' })

  step('the server goes: the page says so and keeps what it shows')
  await server.end('SIGKILL')
  await page.locator('#live[data-state="lost"]').waitFor()
  assert.match(await row(page, '/app/port').innerText(), /8080/)
  await product.run(['set', 'shop', 'app/port', '9090'])

  step('the server is back at the same address')
  const again = await serve(new URL(server.url).host)
  assert.equal(again.url, server.url)
  // A session lives as long as the server; the page says what to do.
  const over = page.getByRole('link', { name: 'Sign in again' })
  await until('the page is live or says that the session is over', async () => {
    return (await over.count()) > 0 || (await page.locator('#live[data-state="on"]').count()) > 0
  })
  assert.equal(await filter.inputValue(), 'port')
  if ((await over.count()) > 0) {
    await over.click()
    await page.getByRole('link', { name: 'Sign in', exact: true }).click()
    await signIn()
    await go(page, '/c/shop?view=flat')
  }
  await says(row(page, '/app/port'), '9090')
  await live(page)

  step('it stops as servers stop')
  await again.end('SIGTERM')
  await page.locator('#live[data-state="lost"]').waitFor()
}
