// Runs a journey through the console in Chromium: `node run.mjs JOURNEY`, with what it needs to know as JSON on stdin.
//
// It ends with 0, or says on stderr at which step the journey failed and what the pages showed.

import { readFileSync } from 'node:fs'

import { Browser } from './harness/browser.mjs'
import { Product } from './harness/product.mjs'
import { report } from './harness/report.mjs'

const LONGEST = 90_000

const [name] = process.argv.slice(2)
const facts = JSON.parse(readFileSync(0, 'utf8'))
const product = new Product(facts)
const browser = new Browser(facts)
const journey = {
  ...facts,
  steps: [],
  product,
  browser,
  // Says what comes next, for the report of a failure.
  step: (what) => {
    journey.steps.push(`${process.uptime().toFixed(1)} s: ${what}`)
  },
}

// Whatever ends this process ends what it started.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
process.on('exit', () => product.kill())

async function play() {
  const { default: steps } = await import(`./journeys/${name}.mjs`)
  await steps(journey)
  journey.step('the end: nothing that no journey may leave behind')
  await browser.verify()
}

let timer
const late = new Promise((_, reject) => {
  timer = setTimeout(() => reject(new Error(`the journey took longer than ${LONGEST / 1000} s`)), LONGEST)
})
try {
  await Promise.race([play(), late])
} catch (error) {
  process.exitCode = 1
  await report(name, journey, error)
} finally {
  clearTimeout(timer)
  await browser.close()
  product.kill()
}
