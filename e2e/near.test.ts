import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startWorkers } from './start-workers.ts'

let workerd: Miniflare
beforeAll(async () => {
  workerd = await startWorkers('near.worker.ts')
})
afterAll(() => workerd?.dispose())

async function ask(worker: 'one' | 'two', path: string, body?: string): Promise<unknown> {
  const { fetch } = await workerd.getWorker(worker)
  const init = body === undefined ? {} : { method: 'POST', body }
  return (await fetch(`http://worker/${path}`, init)).json()
}

it('reads near in two Workers, each of which remembers what it wrote from request to request', async () => {
  await ask('one', 'aset/key', 'first')
  // The first near read also learns what was cleared.
  expect(await ask('two', 'aget/key')).toEqual({ gave: 'first', kvReads: 2, ownerCalls: 1 })
  await expect
    .poll(() => ask('one', 'copies'))
    .toMatchObject({
      gave: expect.arrayContaining([expect.stringMatching(/^default\/v1\/1-\w{14}\/:1:key$/)]),
    })
  // The one that wrote does not look where its write may not be yet; the other knows that there was no copy a moment ago.
  expect(await ask('one', 'aget/key')).toEqual({ gave: 'first', kvReads: 0, ownerCalls: 1 })
  expect(await ask('two', 'aget/key')).toEqual({ gave: 'first', kvReads: 0, ownerCalls: 1 })
  await ask('two', 'aset/key', 'second')
  expect(await ask('two', 'aget/key')).toEqual({ gave: 'second', kvReads: 0, ownerCalls: 1 })
  await ask('one', 'aclear')
  expect(await ask('one', 'aget/key')).toMatchObject({ gave: null })
})
