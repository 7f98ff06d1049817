import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorkers } from './start-workers.ts'

let workerd: Miniflare
let url: URL
beforeAll(async () => {
  workerd = await startWorkers('shared-cache.worker.ts')
  url = await workerd.ready
})
afterAll(() => workerd?.dispose())

async function ask(path: string, signal: AbortSignal | null = null): Promise<unknown> {
  const response = await fetch(new URL(path, url), { signal })
  return response.json()
}

/** Asks for something that hangs, waits until it does, and goes away. */
async function askAndLeave(path: string): Promise<void> {
  const before = Number(await ask('hanging'))
  const leaving = new AbortController()
  const asked = ask(path, leaving.signal)
  await expect.poll(async () => Number(await ask('hanging'))).toBeGreaterThan(before)
  leaving.abort()
  await expect(asked).rejects.toThrow()
}

describe.each(['kv', 'memory'])('a cache on %s at module scope', (place) => {
  it('loads anew what a request was loading that is gone', async () => {
    await askAndLeave(`${place}/load/left?hang`)
    expect(await ask(`${place}/load/left`)).toBe('loaded')
    expect(await ask(`${place}/load/left`)).toBe('loaded')
  })

  it('loads beside a request that is loading', async () => {
    const leaving = new AbortController()
    const before = Number(await ask('hanging'))
    const loading = ask(`${place}/load/beside?hang`, leaving.signal)
    await expect.poll(async () => Number(await ask('hanging'))).toBeGreaterThan(before)
    expect(await ask(`${place}/load/beside`)).toBe('loaded')
    leaving.abort()
    await expect(loading).rejects.toThrow()
  })
})

describe('an edge adapter at module scope', () => {
  it('waits for no write of a request that is gone', async () => {
    await askAndLeave('kv/large/gone?hang')
    await askAndLeave('kv/large/gone-too?hang')
    expect(await ask('kv/get/gone')).toBe(null)
    expect(await ask('kv/incr/number')).toBe(null)
    expect(await ask('kv/clear')).toBe('cleared')
    expect(await ask('kv/large/another')).toBe(200_000)
    expect(await ask('kv/load/key')).toBe('loaded')
  })

  it('keeps the order of what one request asks for, while others hang', async () => {
    const leaving = new AbortController()
    const before = Number(await ask('hanging'))
    const writing = ask('kv/large/slow?hang', leaving.signal)
    await expect.poll(async () => Number(await ask('hanging'))).toBeGreaterThan(before)
    expect(await Promise.all([1, 2, 3].map((n) => ask(`kv/large/n${n}`)))).toEqual([
      200_000, 200_000, 200_000,
    ])
    leaving.abort()
    await expect(writing).rejects.toThrow()
  })
})

it('refuses to store with a timeout at module scope, where there is no time', async () => {
  const refused = expect.stringMatching(/^TypeError: A timeout needs the time/)
  expect(await ask('stored')).toEqual({
    'with a timeout': refused,
    'with the default timeout': refused,
    'with no timeout': 'done',
    'that is dead': refused,
    found: 1,
  })
})
