import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium, type Page } from 'playwright'
import { chromiumLaunchOptions } from '../../e2e/chromium.ts'

const ORIGIN = 'http://localhost'

/** A page with a script of ours, in a profile on the disk: a private one would keep its databases in memory. */
export async function openPage(entryPoint: URL): Promise<{ page: Page; version: string } & AsyncDisposable> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entryPoint)],
    bundle: true,
    format: 'iife',
    minify: true,
    write: false,
  })
  const script = outputFiles[0]?.text ?? ''
  const profile = await mkdtemp(join(tmpdir(), 'nearcache-bench-'))
  const context = await chromium.launchPersistentContext(profile, {
    ...chromiumLaunchOptions,
    args: [...(chromiumLaunchOptions.args ?? []), '--js-flags=--expose-gc'],
  })
  await context.route(`${ORIGIN}/**`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>bench</title>' }),
  )
  const page = await context.newPage()
  await page.goto(`${ORIGIN}/`)
  await page.addScriptTag({ content: script })
  return {
    page,
    version: context.browser()?.version() ?? (await page.evaluate(() => navigator.userAgent)),
    async [Symbol.asyncDispose]() {
      await context.close()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
