// Chromium, whose pages are watched for what no page of the console may do.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const PATIENCE = 15_000

export class Browser {
  #browser
  #contexts = []
  #faults = []
  #allowed = []
  #hidden = []
  #dialogs = []
  #origins = new Set()

  constructor(facts) {
    this.facts = facts
  }

  // A window of its own: cookies and storage are shared with no other. Sizes are in CSS pixels.
  async context({ javaScript = true, scheme = 'light', width = 1280, height = 900, ...more } = {}) {
    this.#browser ??= await this.#launch()
    const context = await this.#browser.newContext({
      javaScriptEnabled: javaScript,
      colorScheme: scheme,
      viewport: { width, height },
      locale: 'en-GB',
      timezoneId: 'UTC',
      ...more,
    })
    context.setDefaultTimeout(PATIENCE)
    this.#contexts.push(context)
    this.#watch(context)
    if (javaScript) await context.addInitScript(tellViolations)
    return context
  }

  // A signed-in page in a window of its own, which shows the configs.
  async open(address = this.facts.console.url, options = {}) {
    const context = await this.context(options)
    const page = await context.newPage()
    this.origin(address)
    await page.goto(address)
    const button = page.getByRole('button', { name: 'Open console' })
    if (options.javaScript === false) await button.click()
    await page.waitForURL((url) => url.pathname === '/')
    await page.getByRole('heading', { level: 1, name: 'Configs' }).waitFor()
    return page
  }

  // Pages may load what is there.
  origin(address) {
    this.#origins.add(new URL(address).origin)
  }

  // A console message that a journey brings about itself.
  allow(...patterns) {
    this.#allowed.push(...patterns)
  }

  // Words that must be in no address and no title.
  hide(...words) {
    this.#hidden.push(...words)
  }

  // The next dialog, of that type, is answered with yes; any other dialog is a fault.
  accept(type) {
    this.#dialogs.push(type)
  }

  pages() {
    return this.#contexts.flatMap((context) => context.pages())
  }

  faults() {
    return [...new Set(this.#faults)].filter((fault) => !this.#allowed.some((pattern) => pattern.test(fault)))
  }

  // Fails on whatever the pages did that they must not do.
  async verify() {
    for (const page of this.pages()) {
      if ((await page.locator('dialog[open]').count()) > 0) this.#faults.push(`a dialog is left open on ${page.url()}`)
      this.#check(`the title of ${page.url()}`, await page.title())
    }
    assert.deepEqual(this.#dialogs, [], 'dialogs that did not come')
    const { length } = this.faults()
    assert.equal(length, 0, `the pages did ${length} things that no page may do`)
  }

  async close() {
    await this.#browser?.close()
  }

  async #launch() {
    const { chromium } = createRequire(`${this.facts.packages}/`)('playwright-core')
    const { path, libraries } = this.facts.chromium
    const env = { ...process.env }
    if (libraries) env.LD_LIBRARY_PATH = libraries
    return chromium.launch({
      executablePath: path,
      env,
      // The tests may run as root and in containers, where Chromium can't have its sandbox.
      chromiumSandbox: false,
      args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE *.localhost, EXCLUDE 127.0.0.1', '--disable-dev-shm-usage'],
    })
  }

  #watch(context) {
    context.on('request', (request) => {
      const url = request.url()
      if (!this.#origins.has(new URL(url).origin)) this.#faults.push(`a request to another origin: ${url}`)
      this.#check('an address', decodeURIComponent(url))
    })
    context.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return
      this.#faults.push(`console ${message.type()} on ${message.location().url}: ${message.text()}`)
    })
    context.on('weberror', (error) => this.#faults.push(`page error: ${error.error().stack}`))
    context.on('page', (page) => page.on('crash', () => this.#faults.push(`${page.url()} crashed`)))
    context.on('dialog', async (dialog) => {
      if (this.#dialogs[0] === dialog.type()) {
        this.#dialogs.shift()
        await dialog.accept()
        return
      }
      this.#faults.push(`a ${dialog.type()} dialog: ${dialog.message()}`)
      await dialog.dismiss()
    })
  }

  #check(what, text) {
    for (const word of this.#hidden) {
      if (text.includes(word)) this.#faults.push(`${what} has a value in it: ${text}`)
    }
  }
}

// Runs in each page before its own module.
function tellViolations() {
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
    console.error(`violation of ${violatedDirective} by ${blockedURI || 'inline'} at ${sourceFile}:${lineNumber}`)
  })
}
