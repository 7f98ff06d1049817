import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { CacheKVNamespace } from '../../adapters/kv/index.ts'
import { laggingKV } from './index.ts'

const text = { type: 'text' } as const

/** Calls that the double and Cloudflare's simulator must answer alike, including errors. */
const CALLS: readonly [string, (kv: CacheKVNamespace) => Promise<unknown>][] = [
  ['a key that is not there', (kv) => kv.getWithMetadata('none', text)],
  ['an empty text', async (kv) => [await kv.put('empty', ''), await kv.getWithMetadata('empty', text)]],
  [
    'text with metadata',
    async (kv) => [await kv.put('t', 'é', { metadata: { a: [1] } }), await kv.getWithMetadata('t', text)],
  ],
  [
    'bytes',
    async (kv) => [await kv.put('b', new Uint8Array([0, 255])), await kv.get('b', { type: 'arrayBuffer' })],
  ],
  ['many', (kv) => kv.getWithMetadata(['t', 'none', 't'], text)],
  ['deleting what is not there', (kv) => kv.delete('none')],
  ['an empty key', (kv) => kv.put('', 'x')],
  ['a dot', (kv) => kv.put('.', 'x')],
  ['two dots', (kv) => kv.getWithMetadata('..', text)],
  ['a key of 513 bytes', (kv) => kv.put('k'.repeat(513), 'x')],
  ['reading a key of 513 bytes', (kv) => kv.getWithMetadata('k'.repeat(513), text)],
  ['no keys', (kv) => kv.getWithMetadata([], text)],
  [
    '101 keys',
    (kv) =>
      kv.getWithMetadata(
        Array.from({ length: 101 }, (_, at) => `k${at}`),
        text,
      ),
  ],
  ['a cacheTtl of 29', (kv) => kv.getWithMetadata('t', { ...text, cacheTtl: 29 })],
  ['59 seconds', (kv) => kv.put('e', 'x', { expirationTtl: 59 })],
  ['60 seconds', (kv) => kv.put('e', 'x', { expirationTtl: 60 })],
  ['more seconds than 32 bits can say', (kv) => kv.put('beyond', 'x', { expirationTtl: 2 ** 31 })],
  ['metadata of 1,025 bytes', (kv) => kv.put('m', 'x', { metadata: 'x'.repeat(1_023) })],
  ['a value of 25 MiB and a byte', (kv) => kv.put('v', new Uint8Array(25 * 2 ** 20 + 1))],
]

async function answer(kv: CacheKVNamespace, call: (typeof CALLS)[number][1]): Promise<unknown> {
  try {
    return withoutStatus(await call(kv))
  } catch (error) {
    // The two have different times.
    return String(error).replace(/\d{10,}/g, '<time>')
  }
}

/** The simulator also returns a `cacheStatus`, which is always null. */
function withoutStatus(given: unknown): unknown {
  if (given instanceof Map) return new Map([...given].map(([key, one]) => [key, withoutStatus(one)]))
  if (Array.isArray(given)) return given.map(withoutStatus)
  if (typeof given !== 'object' || given === null || !('cacheStatus' in given)) return given
  const { cacheStatus: _, ...rest } = given
  return rest
}

describe('the double answers like the simulator', () => {
  const double = laggingKV({
    clock: Date.now,
    random: () => 0,
    visibility: 0,
    ownWrites: 1,
    overwrites: 'take',
  }).at('here')

  it.each(CALLS)('%s', async (_, call) => {
    expect(await answer(double, call)).toEqual(await answer(env.CACHE_KV as CacheKVNamespace, call))
  })
})
