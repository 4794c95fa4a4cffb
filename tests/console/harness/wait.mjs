// Waiting for conditions, never for a fixed time.

import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE = 15_000

// Waits until `holds` gives something true, and gives that.
export async function until(what, holds, within = PATIENCE) {
  const end = Date.now() + within
  let last
  do {
    try {
      const is = await holds()
      if (is) return is
      last = undefined
    } catch (error) {
      last = error
    }
    await pause(20)
  } while (Date.now() < end)
  throw new Error(`not within ${within} ms: ${what}${last ? ` (${last.message})` : ''}`)
}

// Waits until the element's text holds this.
export async function says(locator, text, within = PATIENCE) {
  let seen = ''
  try {
    await until('', async () => (seen = await locator.innerText({ timeout: 1000 })).includes(text), within)
  } catch {
    throw new Error(`not within ${within} ms: ${JSON.stringify(text)} in ${locator}; it says ${JSON.stringify(seen.slice(0, 600))}`)
  }
}
