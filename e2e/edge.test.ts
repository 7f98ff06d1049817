import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, it } from 'vitest'

/** Two Workers, as two deployments of two apps would be, on the Durable Objects of the first. */
const WORKERS = ['one', 'two']
let workerd: Miniflare

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('workerd/counting.worker.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    write: false,
    external: ['cloudflare:workers'],
  })
  const script = outputFiles[0]?.text ?? ''
  const options = convertV4MiniflareOptions({
    workers: WORKERS.map((name) => ({
      name,
      modules: true,
      script,
      compatibilityDate: '2026-08-01',
      durableObjects: { CACHE_SHARDS: { className: 'CacheShard', scriptName: 'one', useSQLite: true } },
    })),
  })
  workerd = new Miniflare(options)
  await workerd.ready
})

afterAll(() => workerd?.dispose())

/** `count` requests at once, half to each Worker. */
async function askAll(path: string, count: number, body?: unknown): Promise<unknown[]> {
  const workers = await Promise.all(WORKERS.map((name) => workerd.getWorker(name)))
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      const worker = workers[index % workers.length]
      const response = await worker?.fetch(`http://worker/${path}`, init)
      return response?.json()
    }),
  )
}

it('loses no increment of a thousand parallel requests to two Workers', async () => {
  await askAll('aset/n', 1, 0)
  const counts = await askAll('aincr/n', 1_000)
  expect(new Set(counts).size).toBe(1_000)
  expect(await askAll('aget/n', 2)).toEqual([1_000, 1_000])
})

it('admits exactly one of a hundred adders in parallel requests to two Workers', async () => {
  const added = await askAll('aadd/lock', 100)
  expect(added.filter((won) => won === true)).toHaveLength(1)
})
