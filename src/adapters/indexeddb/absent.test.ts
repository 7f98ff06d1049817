import { expect, it, vi } from 'vitest'
import { createCache } from '../../index.ts'
import { indexedDBAdapter } from './index.ts'

it('says on a server that there is no IndexedDB, and leaves nothing to be done later', async () => {
  const whenIdle = vi.fn()
  const cache = createCache({ adapter: indexedDBAdapter({ name: 'app', whenIdle }) })
  const failure = { code: 'ADAPTER_FAILED', message: expect.stringContaining('There is no IndexedDB here') }
  await expect(cache.aget('key')).rejects.toMatchObject(failure)
  await expect(cache.aset('key', 1)).rejects.toMatchObject(failure)
  expect(whenIdle).not.toHaveBeenCalled()
})
