// What a developer needs to see of a journey that failed.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

export async function report(name, { steps, failures, browser }, error) {
  const lines = [`journey ${name} failed after`, ...steps, error?.stack ?? String(error)]
  mkdirSync(failures, { recursive: true })
  for (const [number, page] of browser.pages().entries()) {
    lines.push('', `--- page ${number + 1}: ${page.url()}`)
    try {
      lines.push((await page.locator('body').innerText({ timeout: 2000 })).slice(0, 2500))
      const picture = join(failures, `${name}-${number + 1}.png`)
      await page.screenshot({ path: picture, timeout: 5000 })
      lines.push(`screenshot: ${picture}`)
    } catch (unreadable) {
      lines.push(`it can't be read: ${unreadable.message}`)
    }
  }
  const faults = browser.faults()
  if (faults.length) lines.push('', '--- faults on the pages', ...faults)
  process.stderr.write(`${lines.join('\n')}\n`)
}
