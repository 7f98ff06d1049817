import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { chromiumLaunchOptions } from './chromium.ts'
import { type DevServer, startDevServer } from './dev-server.ts'

export interface Demo {
  readonly url: string
  readonly browser: Browser
  /** The page opened and its list shown: in a browser profile of its own, or in the one given. */
  visit(context?: BrowserContext): Promise<Page>
}

/** Serves the demo, and starts a browser for it, while the tests of a file run. */
export function serveDemo(): Demo {
  let server: DevServer
  let browser: Browser

  beforeAll(async () => {
    server = await startDevServer({ args: ['--var=ORIGIN_DELAY_MS:20'] })
    browser = await chromium.launch(chromiumLaunchOptions)
  })

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  // A page left open goes on loading flags while the next test runs.
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
  })

  return {
    get url() {
      return server.url
    },
    get browser() {
      return browser
    },
    async visit(context) {
      const page = await (context ?? (await browser.newContext())).newPage()
      await page.goto(server.url)
      await page.getByRole('button', { name: /^Greece/ }).waitFor()
      return page
    },
  }
}

export async function open(page: Page, country: RegExp): Promise<void> {
  await page.getByRole('list').getByRole('button', { name: country }).first().click()
}

/** Where the newest answer to a path came from, once there is one. */
export async function sourceOf(page: Page, path: string): Promise<string> {
  const newest = page.locator('#log li').filter({ has: page.getByText(path, { exact: true }) })
  return (await newest.first().locator('.badge').textContent()) ?? ''
}
