// Takes screenshots of the console's pages with a shop's configs: `node shots.mjs BINARY PACKAGES`, into the folder `shots` there.

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'

import { Browser } from './harness/browser.mjs'
import { register, seed } from './harness/demo.mjs'
import { button, field, fill, go, heading, live, review } from './harness/pages.mjs'
import { Product } from './harness/product.mjs'

const [binary, packages] = process.argv.slice(2).map((path) => resolve(path))
const shots = join(packages, 'shots')
const root = mkdtempSync(join(tmpdir(), 'discfg-shots-'))
const at = (name) => join(root, name)
const env = {
  HOME: at('home'),
  XDG_CACHE_HOME: at('home/cache'),
  XDG_CONFIG_HOME: at('home/config'),
  XDG_DATA_HOME: at('home/data'),
  XDG_STATE_HOME: at('home/state'),
  DISCFG_CEILING: root,
  PATH: '/usr/bin:/bin',
}
for (const folder of ['home', 'work']) mkdirSync(at(folder))
rmSync(shots, { recursive: true, force: true })
mkdirSync(shots, { recursive: true })

const SIZES = [[1280, 800], [360, 740]]
const SCHEMES = ['light', 'dark']
const CONFIG = '/c/shop-production'

const product = new Product({ binary, env, dir: at('work') })
const browser = new Browser({ packages, chromium: { path: chromium() } })
process.on('exit', () => product.kill())
try {
  await seed(product)
  const served = await product.start(['ui', 'shop-production', 'shop-staging', '--no-open'])
  const page = await browser.open(served.url, { deviceScaleFactor: 2, reducedMotion: 'reduce' })
  for (const [width, height] of SIZES) {
    for (const scheme of SCHEMES) {
      await page.setViewportSize({ width, height })
      await page.emulateMedia({ colorScheme: scheme })
      await all(page, async (name) => {
        await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}.png`), fullPage: true })
      })
    }
  }
  process.stdout.write(`${shots}\n`)
} finally {
  await browser.close()
  product.kill()
  rmSync(root, { recursive: true, force: true })
}

async function all(page, take) {
  await register(product)
  const { changes } = await product.json(['history', 'db/pool'])
  const [now, before] = changes.map(({ revision }) => revision)
  const plain = {
    configs: '/',
    keys: CONFIG,
    folder: `${CONFIG}?in=/app/`,
    flat: `${CONFIG}?view=flat`,
    filtered: `${CONFIG}?q=db`,
    services: `${CONFIG}?ttl=on`,
    key: `${CONFIG}/key/db/pool`,
    secret: `${CONFIG}/key/db/password`,
    bytes: `${CONFIG}/key/app/icon`,
    edit: `${CONFIG}/edit/flags/checkout-v2`,
    new: `${CONFIG}/new`,
    delete: `${CONFIG}/delete/db/pool`,
    rollback: `${CONFIG}/rollback/db/pool?to=${before}`,
    timeline: `${CONFIG}/timeline`,
    compare: `${CONFIG}/compare?section=/db&from=${before}&to=${now}`,
    access: `${CONFIG}/access`,
    grid: '/grid?side=shop-production&side=shop-staging',
    differences: '/grid?side=shop-production&side=shop-staging&only=differences',
    'not-found': `${CONFIG}/key/no/such`,
  }
  for (const [name, path] of Object.entries(plain)) {
    await go(page, path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    if ((await page.locator('body[data-live]').count()) > 0) await live(page)
    await take(name)
  }

  await go(page, CONFIG)
  await page.keyboard.press('?')
  await page.getByRole('dialog').waitFor()
  await take('help')

  await go(page, `${CONFIG}?view=flat`)
  await page.getByRole('searchbox', { name: 'Search keys and values' }).fill('internal')
  await button(page, 'Search values too').click()
  await page.locator('tr[data-key="/cache/url"]').waitFor()
  await take('found')

  await go(page, `${CONFIG}/key/db/password`)
  await button(page, 'Reveal').click()
  await button(page, 'Hide').waitFor()
  await take('revealed')

  await go(page, `${CONFIG}/edit/app/limits`)
  await fill(page, { value: '{"requests":800,"burst":200,"timeout":"8s","retries":2}', message: 'For the sale' })
  await review(page)
  await take('review')
  const theirs = `{"requests":${600 + Math.floor(Math.random() * 100)},"burst":120,"timeout":"5s","retries":2}`
  await product.run(['set', 'app/limits', theirs, '-m', 'Shorter time-outs'], { env: { USER: 'marco' } })
  await button(page, 'Save').click()
  await heading(page, 'Conflict')
  await take('conflict')
  await button(page, 'Edit again').click()
  await field(page, 'Value').fill('{"requests": }')
  await button(page, 'Review change').click()
  await page.getByRole('alert').waitFor()
  await take('invalid')
  browser.accept('beforeunload')
}

function chromium() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const known = [process.env.CHROMIUM ?? '', ...folders.map((folder) => join(folder, 'chromium')), '/usr/bin/chromium']
  const path = known.find((name) => name && existsSync(name))
  if (!path) throw new Error('Chromium not found. Debian: apt-get install chromium. Elsewhere: set CHROMIUM to its path')
  return path
}
