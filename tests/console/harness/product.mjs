// The built binary, as other processes that a journey has beside the browser.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

import { until } from './wait.mjs'

export class Product {
  #running = new Set()

  constructor({ binary, env, dir }) {
    this.binary = binary
    this.options = { env, cwd: dir }
  }

  // Runs the binary to its end and gives standard output. `input` is on standard input, `env` are further variables.
  async run(args, { input = '', env = {}, code = 0 } = {}) {
    const child = this.#spawn(args, env)
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
    const ended = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
    if (ended !== code) {
      throw new Error(`discfg ${args.slice(0, 3).join(' ')}: exit code ${ended}, wanted ${code}\n${stdout()}\n${stderr()}`)
    }
    return stdout()
  }

  // Runs it and reads what it printed as JSON.
  async json(args, options) {
    return JSON.parse(await this.run([...args, '-f', 'json'], options))
  }

  // Starts a server, and gives what it says once it is ready.
  async start(args) {
    const child = this.#spawn([...args, '-f', 'json'], {})
    child.stdin.end()
    const stderr = collect(child.stderr)
    const lines = createInterface({ input: child.stdout })
    const ready = await new Promise((resolve, reject) => {
      lines.once('line', (line) => resolve(JSON.parse(line)))
      child.once('close', (code) => reject(new Error(`discfg ${args[0]} ended with ${code}\n${stderr()}`)))
    })
    return {
      ...ready,
      pid: child.pid,
      stderr,
      end: async (signal = 'SIGTERM') => {
        child.kill(signal)
        await until('the server ends', () => child.exitCode !== null || child.signalCode !== null)
      },
    }
  }

  kill() {
    for (const child of this.#running) child.kill('SIGKILL')
  }

  #spawn(args, env) {
    const child = spawn(this.binary, args, { ...this.options, env: { ...this.options.env, ...env } })
    this.#running.add(child)
    child.once('close', () => this.#running.delete(child))
    return child
  }
}

function collect(stream) {
  const pieces = []
  stream.on('data', (piece) => pieces.push(piece))
  return () => Buffer.concat(pieces).toString()
}
