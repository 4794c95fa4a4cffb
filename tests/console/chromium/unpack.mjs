// Unpacks the package's Chromium into a folder: `node unpack.mjs PACKAGES FOLDER`.

import { createRequire } from 'node:module'
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [packages, folder] = process.argv.slice(2).map((path) => resolve(path))
if (!existsSync(folder)) {
  const half = mkdtempSync(`${dirname(folder)}/half-`)
  // It unpacks into the temporary folder, with the libraries only for what it takes to be this environment.
  process.env.TMPDIR = half
  process.env.AWS_LAMBDA_JS_RUNTIME = 'nodejs20.x'
  const entry = createRequire(`${packages}/`).resolve('@sparticuz/chromium')
  const { default: chromium } = await import(pathToFileURL(entry))
  await (chromium.default ?? chromium).executablePath()
  try {
    renameSync(half, folder)
  } catch (error) {
    // Another process was quicker.
    if (!existsSync(folder)) throw error
    rmSync(half, { recursive: true })
  }
}
