import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page } from 'playwright'

export const ORIGIN = 'http://localhost'

export interface Profile extends AsyncDisposable {
  readonly context: BrowserContext
  readonly tabs: readonly [Page, Page]
  /** What the pages reported: errors that nobody caught. */
  readonly errors: readonly string[]
}

/** A fresh profile with two tabs on one origin, which needs no server, and `lab-page.ts` in each. */
export async function openProfile(browser: Browser): Promise<Profile> {
  const script = await pageScript()
  const context = await browser.newContext()
  await context.route(`${ORIGIN}/**`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>lab</title><script>${script}</script>`,
    }),
  )
  const errors: string[] = []
  context.on('weberror', (error) => errors.push(String(error.error())))
  const open = async () => {
    const tab = await context.newPage()
    await tab.goto(ORIGIN)
    return tab
  }
  return { context, tabs: [await open(), await open()], errors, [Symbol.asyncDispose]: () => context.close() }
}

/** Clears the origin's storage as the browser's settings do: open connections are closed by force. */
export async function clearStorage(tab: Page): Promise<void> {
  const session = await tab.context().newCDPSession(tab)
  await session.send('Storage.clearDataForOrigin', { origin: ORIGIN, storageTypes: 'indexeddb' })
  await session.detach()
}

let built: Promise<string> | undefined

function pageScript(): Promise<string> {
  built ??= build({
    entryPoints: [fileURLToPath(new URL('lab-page.ts', import.meta.url))],
    bundle: true,
    format: 'iife',
    write: false,
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? '')
  return built
}
