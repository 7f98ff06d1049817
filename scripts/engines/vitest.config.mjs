// Runs the browser tests in a browser that Playwright does not support. No driver is needed: once opened,
// Vitest's page runs the tests and reports the results.
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { root } from '../setup.mjs'
import { BROWSERS, environment } from './browsers.mjs'

const engine = process.env['NEARCACHE_ENGINE'] === 'webkit' ? 'webkit' : 'firefox'
const { find, args, leftOut } = BROWSERS[engine]

/** @returns {import('vitest/node').BrowserProvider} */
function opener() {
  /** @type {import('node:child_process').ChildProcess[]} */
  const opened = []
  return {
    name: 'opener',
    supportsParallelism: false,
    getCommandsContext: () => ({}),
    openPage: async (_session, url) => {
      const profile = mkdtempSync(join(tmpdir(), 'profile-'))
      const browser = spawn(find() ?? engine, args(profile, url), {
        env: environment(profile),
        stdio: 'ignore',
      })
      browser.on('error', (error) => console.error(error.message))
      opened.push(browser)
    },
    close: () => {
      for (const browser of opened) browser.kill('SIGKILL')
    },
  }
}

export default defineConfig({
  root,
  // A dependency that is found during the run would be bundled then, and the page reloaded under the running
  // tests.
  optimizeDeps: { include: ['idb', 'devalue', 'fast-check'] },
  test: {
    name: engine,
    provide: { modelRuns: 1 },
    include: ['{src,tests}/**/*.browser.test.ts'],
    testNamePattern: new RegExp(`^(?!.*(?:${leftOut.map(({ test }) => test).join('|') || '$.'}))`, 's'),
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: {
        name: 'opener',
        options: {},
        serverFactory: playwright().serverFactory,
        providerFactory: opener,
      },
      // Called before each file to set the window size, which only a driver can do.
      commands: { __vitest_viewport: () => {} },
      instances: [{ browser: engine }],
    },
  },
})
