import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../scripts/setup.mjs'
import { READY, wranglerDev } from '../scripts/wrangler.mjs'

export interface DevServerOptions {
  /** The Wrangler file of another Worker than the demo's, from the root of the repository. */
  readonly config?: string
  /** Where KV and the Durable Objects keep their data; by default a new folder, removed at the end. */
  readonly persistTo?: string
  /** A free one by default. Give that of a stopped server to come back under its address. */
  readonly port?: number
  /** More arguments for `wrangler dev`. */
  readonly args?: readonly string[]
}

export interface DevServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** What it has printed so far. */
  output(): string
  /** Ends it and the workerd processes below it. */
  stop(): Promise<void>
  /** Kills it and all processes below it, at once: none of them has time to write or to say anything more. */
  kill(): Promise<void>
}

/** Builds the demo, or whatever `config` is of, and serves it with `wrangler dev`; resolves once it answers. */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const { config } = options
  // Wrangler itself builds the Worker: the page is the demo's own.
  if (config === undefined) {
    await promisify(execFile)(process.execPath, [join(root, 'examples/countries/build.mjs')])
  }
  const scratch = await mkdtemp(join(tmpdir(), 'nearcache-e2e-'))
  const { args, env } = wranglerDev(
    ...(config === undefined ? [] : [`--config=${config}`]),
    '--ip=127.0.0.1',
    `--port=${options.port ?? 0}`,
    `--persist-to=${options.persistTo ?? join(scratch, 'state')}`,
    ...(options.args ?? []),
  )
  const server = spawn(process.execPath, [join(root, 'e2e/tethered.mjs'), ...args], {
    cwd: root,
    // The registry is how dev servers find each other's bindings: two tests must not.
    env: { ...env, NO_COLOR: '1', WRANGLER_REGISTRY_PATH: join(scratch, 'registry') },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A process group of its own, so that one signal reaches wrangler, esbuild and workerd alike.
    detached: true,
  })
  const closed = once(server, 'close')
  const killGroup = (signal: NodeJS.Signals): void => {
    try {
      if (server.pid !== undefined) process.kill(-server.pid, signal)
    } catch {
      // ESRCH: the whole group is gone already.
    }
  }

  let output = ''
  const stop = async (): Promise<void> => {
    killGroup('SIGTERM')
    const late = setTimeout(killGroup, 5_000, 'SIGKILL')
    await closed
    clearTimeout(late)
    // Wrangler is gone; what it may have left behind is not asked again.
    killGroup('SIGKILL')
    await rm(scratch, { recursive: true, force: true })
  }
  const kill = (): Promise<void> => {
    killGroup('SIGKILL')
    return stop()
  }

  const url = await new Promise<string>((resolve, reject) => {
    const listen = (text: string): void => {
      output += text
      const ready = READY.exec(output)?.[1]
      if (ready !== undefined) resolve(ready)
    }
    server.stdout.setEncoding('utf8').on('data', listen)
    server.stderr.setEncoding('utf8').on('data', listen)
    server.once('error', reject)
    server.once('close', (code) => reject(new Error(`wrangler dev ended with ${code}:\n${output}`)))
  }).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return {
    url,
    port: Number(new URL(url).port),
    output: () => output,
    stop,
    kill,
    [Symbol.asyncDispose]: stop,
  }
}
