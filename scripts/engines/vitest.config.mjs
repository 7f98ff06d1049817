// The browser project of /vitest.config.ts in a browser that Playwright does not drive: Vitest's page needs no driver.
// It is opened, and reports by itself.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineBrowserProvider } from '@vitest/browser'
import { defineConfig } from 'vitest/config'
import { root } from '../setup.mjs'
import { BROWSERS, environment } from './browsers.mjs'

const engine = process.env['NEARCACHE_ENGINE'] === 'webkit' ? 'webkit' : 'firefox'
const { find, args } = BROWSERS[engine]

const opened = () =>
  defineBrowserProvider({
    name: 'opened',
    providerFactory: () => {
      /** @type {(() => Promise<void>)[]} */
      const closing = []
      return {
        name: 'opened',
        supportsParallelism: false,
        getCommandsContext: () => ({}),
        openPage: async (_session, url) => {
          closing.push(open(url))
        },
        close: async () => {
          for (const close of closing.splice(0)) await close()
        },
      }
    },
  })

/** @param {string} url */
function open(url) {
  const profile = mkdtempSync(join(tmpdir(), `nearcache-${engine}-`))
  const browser = spawn(find() ?? engine, args(profile, url), { env: environment(profile), stdio: 'ignore' })
  const gone = new Promise((resolve) => browser.once('error', resolve).once('exit', resolve))
  return async () => {
    browser.kill('SIGKILL')
    await gone
    // Its other processes may still be writing.
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
}

export default defineConfig({
  root,
  optimizeDeps: { include: ['idb', 'devalue', 'fast-check'] },
  test: {
    name: engine,
    provide: { modelRuns: 1 },
    include: ['src/**/*.browser.test.ts'],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      // The page asks for a size before each file, which only a driver could give it.
      commands: { __vitest_viewport: () => {} },
      provider: opened(),
      instances: [{ browser: engine }],
    },
  },
})
