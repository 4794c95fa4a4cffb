import assert from 'node:assert/strict'

import { heading, live, row, streams } from '../harness/pages.mjs'
import { says } from '../harness/wait.mjs'

const TABS = 8

// HTTP/1.1 lets a browser have six connections to a server: eight streams would leave none for anything else.
export default async function ({ browser, product, step }) {
  const first = await browser.open()
  const context = first.context()
  await context.addInitScript(hideOnRequest)
  const open = streams(context)

  step('eight tabs load, each behind the one before')
  const tabs = []
  for (let number = 0; number < TABS; number += 1) {
    const tab = number === 0 ? first : await context.newPage()
    if (number > 0) await show(tabs.at(-1), false)
    await tab.goto(new URL('/c/shop?view=flat', first.url()).href)
    await heading(tab, 'shop')
    await live(tab)
    tabs.push(tab)
  }

  step('only the one in front has a stream')
  await open.settle(1)

  step('a tab that comes to the front shows what happened meanwhile')
  await product.run(['set', 'shop', 'app/port', '9090'])
  await says(row(tabs.at(-1), '/app/port'), '9090', 3000)
  assert.match(await row(tabs[2], '/app/port').innerText(), /8080/)
  await show(tabs.at(-1), false)
  await show(tabs[2], true)
  await says(row(tabs[2], '/app/port'), '9090', 3000)
  await open.settle(1)
}

const show = (tab, visible) => tab.evaluate((is) => globalThis.show(is), visible)

// Chromium without a screen has all pages in front; people see one at a time.
function hideOnRequest() {
  let visible = true
  Object.defineProperty(document, 'hidden', { get: () => !visible })
  Object.defineProperty(document, 'visibilityState', { get: () => (visible ? 'visible' : 'hidden') })
  globalThis.show = (is) => {
    visible = is
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
  }
}
