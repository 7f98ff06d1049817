import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorkers, WORKERS } from './start-workers.ts'

/** Where the Workers load from. Each request waits until a test answers it. */
const waiting = new Map<string, ServerResponse[]>()
/** Those who ask whether a load has begun. */
const watching = new Map<string, ServerResponse>()
let onClose: (key: string) => void = () => {}
const origin = createServer(({ url = '' }, response) => {
  const [, first = '', second] = url.split('/')
  if (second === undefined) {
    waiting.set(first, [...(waiting.get(first) ?? []), response])
    response.on('close', () => onClose(first))
  } else watching.set(second, response)
  const key = second ?? first
  if (loads(key) > 0) watching.get(key)?.end()
})

let workerd: Miniflare
let address: string
beforeAll(async () => {
  workerd = await startWorkers('loading.worker.ts')
  await new Promise<void>((listening) => origin.listen(0, '127.0.0.1', listening))
  address = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
})
afterAll(async () => {
  await workerd?.dispose()
  origin.closeAllConnections()
  origin.close()
})

/** The loads of a key that have begun, ended ones included. */
const loads = (key: string): number => waiting.get(key)?.length ?? 0

function answer(key: string, load: number, text: string): void {
  waiting.get(key)?.[load]?.end(text)
}

async function ask(worker: string, key: string, query = '', init: RequestInit = {}): Promise<unknown> {
  const { fetch } = await workerd.getWorker(worker)
  const response = await fetch(`http://${worker}/${key}?from=${address}${query}`, init as never)
  return response.json()
}

describe('a cold key', () => {
  it('that many requests to two Workers want is loaded once', async () => {
    const asked = WORKERS.flatMap((worker) => Array.from({ length: 20 }, () => ask(worker, 'cold')))
    await expect.poll(() => loads('cold')).toBe(1)
    answer('cold', 0, 'value')
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['value']))
    expect(loads('cold')).toBe(1)
  })

  it('whose request is gone is still loaded, for those who wait', async () => {
    expect(await ask('one', 'kept', '&leave')).toBe('left')
    const others = WORKERS.map((worker) => ask(worker, 'kept'))
    answer('kept', 0, 'value')
    expect(await Promise.all(others)).toEqual(['value', 'value'])
    expect(loads('kept')).toBe(1)
  })

  it('whose load dies with its request is loaded by one of those who wait', { timeout: 60_000 }, async () => {
    const died = new Promise<number>((resolve) => {
      onClose = (key) => key === 'lost' && resolve(performance.now())
    })
    const left = ask('one', 'lost', '&leave&alone')
    await expect.poll(() => loads('lost')).toBe(1)
    const others = WORKERS.flatMap((worker) => Array.from({ length: 5 }, () => ask(worker, 'lost')))
    expect(await left).toBe('left')
    const diedAt = await died
    await expect.poll(() => loads('lost'), { timeout: 40_000 }).toBe(2)
    console.info(`The next load began ${Math.round(performance.now() - diedAt)} ms after the first had died`)
    answer('lost', 1, 'value')
    expect(new Set(await Promise.all(others))).toEqual(new Set(['value']))
    expect(loads('lost')).toBe(2)
  })

  it('that another Worker deletes while it is loaded is not stored', async () => {
    const asked = ask('one', 'deleted')
    await expect.poll(() => loads('deleted')).toBe(1)
    expect(await ask('two', 'deleted', '', { method: 'DELETE' })).toBe(false)
    answer('deleted', 0, 'old')
    expect(await asked).toBe('old')
    const next = ask('two', 'deleted')
    await expect.poll(() => loads('deleted')).toBe(2)
    answer('deleted', 1, 'new')
    expect(await next).toBe('new')
    expect(await ask('one', 'deleted')).toBe('new')
  })
})
