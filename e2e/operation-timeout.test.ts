import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startWorkers } from './start-workers.ts'

let workerd: Miniflare

beforeAll(async () => {
  workerd = await startWorkers('module-scope.worker.ts')
})

afterAll(() => workerd?.dispose())

it('bounds a call that is never answered, and gets in no call’s way at module scope', async () => {
  const worker = await workerd.getWorker('one')
  const told = await (await worker.fetch('http://worker/')).json()
  expect(told).toEqual({
    answered: 'answered',
    // The adapter's own failure, not that of a timer.
    failing: expect.stringMatching(/^CacheError: aget failed in the .*global scope/),
    hanging: expect.stringMatching(/^CacheError: aget failed in the .*no answer within 0.1 s$/),
  })
})
