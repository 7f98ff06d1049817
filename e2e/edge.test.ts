import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startWorkers, WORKERS } from './start-workers.ts'

let workerd: Miniflare

beforeAll(async () => {
  workerd = await startWorkers('counting.worker.ts')
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
