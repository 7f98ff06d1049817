import 'fake-indexeddb/auto'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { indexedDBAdapter } from './index.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const run = promisify(execFile)

/** Runs a module in a Node of its own, where `cache` and `adapter` are at hand, and gives what it printed once it has ended. */
async function runInNode(body: string, options = ''): Promise<string> {
  const module = `
    import ${JSON.stringify(import.meta.resolve('fake-indexeddb/auto'))}
    import { createCache } from ${JSON.stringify(new URL('../../index.ts', import.meta.url).href)}
    import { announcements, indexedDBAdapter } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)}
    const changes = announcements()
    const adapter = indexedDBAdapter({ name: 'app', announcements: changes, ${options} })
    const cache = createCache({ adapter })
    ${body}
    // A channel needs a few turns of the event loop to be delivered and closed.
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
    const keeping = process.getActiveResourcesInfo().filter((kind) => ['Timeout', 'MessagePort'].includes(kind))
    if (keeping.length > 0) console.log('kept alive by', keeping)`
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', module])
  expect(stderr).toBe('')
  return stdout.trim()
}

describe('a process that does not close', () => {
  it.each([
    ['wrote and read', "await cache.aset('n', 1); console.log(await cache.aget('n'))", '1'],
    [
      'has a subscriber',
      "changes.subscribe(() => {}); console.log(await cache.aincr('n', 1, { initial: 0 }))",
      '1',
    ],
    [
      'heard of its changes',
      "changes.subscribe(({ kind }) => console.log(kind)); await cache.aset('n', 1)",
      'changed',
    ],
    ['swept', "await cache.aset('n', 1, 60); console.log(await adapter.sweep())", '0'],
    ['failed', "await cache.aincr('n').catch(({ code }) => console.log(code))", 'KEY_NOT_FOUND'],
    ['closed', "await cache.aset('n', 1); await cache.aclose(); console.log('closed')", 'closed'],
    [
      'swept when idle, which failed',
      `await cache.aset('n', 1)
       IDBDatabase.prototype.transaction = () => { throw new DOMException('broken', 'DataError') }
       for (const work of idle) work()`,
      'Error: The idle sweep failed: broken',
      'whenIdle: (work) => (globalThis.idle ??= []).push(work), onFault: (fault) => console.log(String(fault))',
    ],
  ])('ends at once by itself after it %s', async (_what, body, printed, options = '') => {
    expect(await runInNode(body, options)).toBe(printed)
  })
})

it('sweeps by the idle timer, five seconds after use, where there are no idle callbacks', async () => {
  // The database of these tests needs its own tasks.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  let now = 1_000
  const onFault = vi.fn()
  const adapter = indexedDBAdapter({ name: crypto.randomUUID(), onFault })
  const cache = createCache({ adapter, clock: () => now })
  await cache.asetMany({ a: 1, b: 2 }, 1)
  await cache.aset('c', 3, null)
  now += 10_000
  await cache.aget('c')
  const remove = vi.spyOn(IDBObjectStore.prototype, 'delete')
  vi.advanceTimersByTime(4_999)
  await adapter.ready()
  expect(remove).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  await vi.waitFor(() => expect(remove).toHaveBeenCalledWith(':1:b'))
  await cache.aclose()
  expect(await adapter.sweep()).toBe(0)
  expect(await cache.aget('c')).toBe(3)
  expect(onFault).not.toHaveBeenCalled()
  await cache.aclose()
})

it('does nothing five seconds after aclose', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const name = crypto.randomUUID()
  const cache = createCache({ adapter: indexedDBAdapter({ name }) })
  await cache.aset('n', 1)
  await cache.aclose()
  const open = vi.spyOn(indexedDB, 'open')
  vi.advanceTimersByTime(60_000)
  await Promise.resolve()
  expect(open).not.toHaveBeenCalled()
})

it('has nobody to ask for storage to be kept', async () => {
  expect(await indexedDBAdapter({ name: 'app' }).persist()).toBe(false)
  vi.stubGlobal('navigator', undefined)
  expect(await indexedDBAdapter({ name: 'app' }).persist()).toBe(false)
  vi.unstubAllGlobals()
})
