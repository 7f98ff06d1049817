import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type BrowserContext, chromium, type Page } from 'playwright'
import { chromiumLaunchOptions } from '../chromium.ts'

const ORIGIN = 'http://localhost'

export interface Profile extends AsyncDisposable {
  readonly context: BrowserContext
  readonly tabs: Page[]
  /** Another tab, of the usual origin or of one of its own. */
  openTab(origin?: string): Promise<Page>
}

export interface TabOptions {
  /** The script of each tab, beside this file. */
  readonly script?: string
  /** Where the browser keeps the origin's data. On disk and in memory Chromium may use different databases. */
  readonly storage?: 'memory' | 'disk'
}

/** Tabs of one browser profile, each a page of its own with a script loaded, on one origin that needs no server. */
export async function openTabs(
  count: number,
  { script = 'tab.ts', storage = 'memory' }: TabOptions = {},
): Promise<Profile> {
  const bundle = await bundled(script)
  const { context, dispose } = await (storage === 'memory' ? inMemory() : onDisk())
  await context.route(/^http:\/\/([\w-]+\.)?localhost\//, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>tab</title><script>${bundle}</script>`,
    }),
  )
  const openTab = async (origin = ORIGIN) => {
    const tab = await context.newPage()
    await tab.goto(`${origin}/`)
    return tab
  }
  const tabs: Page[] = []
  for (let opened = 0; opened < count; opened += 1) tabs.push(await openTab())
  return { context, tabs, openTab, [Symbol.asyncDispose]: dispose }
}

/** A script of this folder, with all that it imports. */
export async function bundled(script: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(script, import.meta.url))],
    bundle: true,
    format: 'iife',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

interface Opened {
  readonly context: BrowserContext
  readonly dispose: () => Promise<void>
}

async function inMemory(): Promise<Opened> {
  const browser = await chromium.launch(chromiumLaunchOptions)
  return { context: await browser.newContext(), dispose: () => browser.close() }
}

async function onDisk(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'nearcache-profile-'))
  const context = await chromium.launchPersistentContext(folder, chromiumLaunchOptions)
  const dispose = async () => {
    await context.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { context, dispose }
}
