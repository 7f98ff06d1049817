import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import { expect, it } from 'vitest'
import { chromiumLaunchOptions } from './chromium.ts'

async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`browser/${entry}`, import.meta.url))],
    bundle: true,
    format: 'iife',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

/** A page and its service worker, on a server of their own: Playwright cannot stand in for one here. */
async function serve(): Promise<{ url: string } & AsyncDisposable> {
  const [page, worker] = await Promise.all([bundled('tab.ts'), bundled('counting/service-worker.ts')])
  const server = createServer((request, response) => {
    const isWorker = request.url === '/service-worker.js'
    response.setHeader('content-type', isWorker ? 'text/javascript' : 'text/html')
    response.end(isWorker ? worker : `<!doctype html><title>tab</title><script>${page}</script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

it('loses no count of a service worker and two tabs counting at once', async () => {
  await using server = await serve()
  const browser = await chromium.launch(chromiumLaunchOptions)
  try {
    const context = await browser.newContext()
    const tabs = [await context.newPage(), await context.newPage()]
    for (const tab of tabs) await tab.goto(server.url)
    const inWorker = tabs[0]?.evaluate(async () => {
      await navigator.serviceWorker.register('/service-worker.js')
      const { active } = await navigator.serviceWorker.ready
      const answer = new Promise<number[]>((resolve) => {
        navigator.serviceWorker.onmessage = ({ data }) => resolve(data as number[])
      })
      active?.postMessage(300)
      return answer
    })
    const inTabs = tabs.map((tab) =>
      tab.evaluate(async () => {
        const counted: number[] = []
        // In many turns, so that the others come between.
        for (let turn = 0; turn < 30; turn += 1) {
          const counts = Array.from({ length: 10 }, () => cache.aincr('n', 1, { initial: 0 }))
          counted.push(...(await Promise.all(counts)))
        }
        return counted
      }),
    )
    const counted = (await Promise.all([inWorker, ...inTabs])).flat()
    expect(new Set(counted).size).toBe(900)
    expect(await tabs[1]?.evaluate(() => cache.aget('n'))).toBe(900)
  } finally {
    await browser.close()
  }
})
