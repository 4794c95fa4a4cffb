// The console's pages as people find their way on them: by roles and names.

import assert from 'node:assert/strict'

import { until } from './wait.mjs'

// The row of a key in a list.
export const row = (page, key) => page.locator(`tr[data-key="${key}"]`)

export const button = (page, name) => page.getByRole('button', { name, exact: true })

export const link = (page, name) => page.getByRole('link', { name, exact: true })

export const field = (page, name) => page.getByRole('textbox', { name, exact: true })

export async function heading(page, name) {
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
}

// Goes to an address of the console, and gives the answer's status.
export async function go(page, path) {
  const answer = await page.goto(new URL(path, page.url()).href)
  return answer.status()
}

// Waits until changes come to the page as they happen.
export async function live(page) {
  await page.locator('#live[data-state="on"]').waitFor()
}

export const isFocused = (locator) => locator.evaluate((element) => element === document.activeElement)

// Goes to an element as who has no mouse does.
export async function tabTo(page, locator, key = 'Tab') {
  await locator.waitFor()
  const passed = []
  for (let presses = 0; presses < 80; presses += 1) {
    if (await isFocused(locator)) return
    await page.keyboard.press(key)
    passed.push(await page.evaluate(() => document.activeElement.outerHTML.slice(0, 80)))
  }
  assert.fail(`${locator} isn't reached by ${key}; passed: ${passed.join('\n')}`)
}

// The page is not wider than its window.
export async function fits(page) {
  const wide = await page.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
    by: [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .slice(0, 5)
      .map((element) => element.outerHTML.slice(0, 120)),
  }))
  assert.ok(wide.page <= wide.window, `${page.url()} is ${wide.page} px wide in ${wide.window} px: ${wide.by.join('\n')}`)
}

// Fills in the form of a key, and goes through the review to the key's page.
export async function change(page, { value, message }) {
  await fill(page, { value, message })
  await review(page)
  await save(page)
}

export async function fill(page, { value, message }) {
  await field(page, 'Value').fill(value)
  if (message !== undefined) await field(page, 'Message').fill(message)
}

export async function review(page) {
  await button(page, 'Review change').click()
  await heading(page, 'Review change')
}

export async function save(page) {
  await button(page, 'Save').click()
  await page.waitForURL((url) => url.pathname.includes('/key/'))
}

// The session is over, or there never was one.
export async function signedOut(page) {
  assert.equal(await go(page, '/'), 401)
  await heading(page, 'Signed out')
}

// How many streams the pages hold open.
export function streams(context) {
  const open = new Set()
  const isStream = (request) => new URL(request.url()).pathname === '/live'
  context.on('request', (request) => isStream(request) && open.add(request))
  for (const end of ['requestfinished', 'requestfailed']) context.on(end, (request) => open.delete(request))
  return { count: () => open.size, settle: (number) => until(`${number} streams`, () => open.size === number) }
}
