import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumLaunchOptions } from './e2e/chromium.ts'
import { generateSnippets } from './scripts/snippets.mjs'

generateSnippets()

const BROWSER = '**/*.browser.test.ts'
const WORKERD = '**/*.workerd.test.ts'
const ELSEWHERE = ['**/node_modules/**', '**/dist/**']

// The e2e tests have servers and browsers of their own: they come after the others, not beside them.
const first = { groupOrder: 1 }
const last = { groupOrder: 2 }

// A machine may be slow: how long a test takes is no part of what it says.
const patient = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 30_000 } } }

// `npm run test:long` asks for many times the usual number of random sequences.
const provide = { modelRuns: Number(process.env['NEARCACHE_MODEL_RUNS'] ?? 1) }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          ...patient,
          provide,
          environment: 'node',
          include: ['{src,tests,docs,examples,bench,.snippets}/**/*.test.ts'],
          exclude: [...ELSEWHERE, BROWSER, WORKERD],
          sequence: first,
          typecheck: {
            enabled: true,
            include: ['src/**/*.test-d.ts'],
            tsconfig: './tsconfig.json',
            // All other files are tsc's own run's affair.
            ignoreSourceErrors: true,
          },
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: {
          name: 'workerd',
          ...patient,
          provide,
          include: [WORKERD, `.snippets/${WORKERD}`],
          exclude: ELSEWHERE,
          sequence: first,
        },
      },
      {
        // Found only mid-run, a dependency is bundled then and the page reloaded under the running tests.
        optimizeDeps: { include: ['idb', 'devalue', 'fast-check'] },
        test: {
          name: 'browser',
          ...patient,
          provide,
          include: [BROWSER, `.snippets/${BROWSER}`],
          exclude: ELSEWHERE,
          sequence: first,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: chromiumLaunchOptions }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['e2e/**/*.test.ts'],
          exclude: [...ELSEWHERE, BROWSER, WORKERD],
          ...patient,
          fileParallelism: false,
          sequence: last,
        },
      },
    ],
  },
})
