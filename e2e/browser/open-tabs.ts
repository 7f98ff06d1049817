import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright'
import { chromiumLaunchOptions } from '../chromium.ts'

const ORIGIN = 'http://localhost'

export interface Tabs extends AsyncDisposable {
  readonly tabs: Page[]
}

/** Tabs of one browser profile, each a page of its own with `entry` loaded, on one origin that needs no server. */
export async function openTabs(count: number, entry = 'tab.ts'): Promise<Tabs> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    format: 'iife',
    write: false,
  })
  const script = outputFiles[0]?.text ?? ''
  const browser: Browser = await chromium.launch(chromiumLaunchOptions)
  const context = await browser.newContext()
  await context.route(`${ORIGIN}/**`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>tab</title><script>${script}</script>`,
    }),
  )
  const tabs: Page[] = []
  for (let opened = 0; opened < count; opened += 1) {
    const tab = await context.newPage()
    await tab.goto(`${ORIGIN}/`)
    tabs.push(tab)
  }
  return { tabs, [Symbol.asyncDispose]: () => browser.close() }
}
